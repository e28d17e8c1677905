# ruff: noqa: RUF001  the engines write curly quotes
"""The engines' console: what a person will see there, and what a pasted line says.

What lives here: ``say``, which fills the sentences in, and ``recognise``, which reads them
back out of whatever was pasted around them. What does not: the sentences (``sentences``),
and what they mean for a server.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from corsmith.browser.request import FetchRequest
from corsmith.browser.sentences import (
    CHROMIUM,
    CHROMIUM_ALONE,
    CHROMIUM_BEGIN,
    CHROMIUM_NET,
    CHROMIUM_PREFLIGHT,
    CHROMIUM_REDIRECTED,
    CHROMIUM_XHR,
    FIREFOX,
    FIREFOX_BEGIN,
    FIREFOX_QUOTES,
    FIREFOX_SILENT,
    FIREFOX_STATUS,
    LIKE,
    OLDER,
    SUBJECTS,
    WEBKIT,
    WEBKIT_END,
    WEBKIT_ENDS,
    WEBKIT_REDIRECT,
    WEBKIT_SUBJECTS,
)
from corsmith.browser.verdict import Failure, Outcome, Verdict

__all__ = ["Recognised", "recognise", "say"]

_PREFLIGHT: Final = "preflight-"
_REQUEST: Final = "request-"
_CREDENTIALS: Final = frozenset({"wildcard-with-credentials", "allow-credentials-not-true"})
# The preflight's codes that have a sentence of their own, which needs no prefix.
_WHOLE: Final = frozenset({"preflight-status", "preflight-redirect"})


def say(verdict: Verdict, request: FetchRequest, engine: str) -> tuple[str, ...]:
    """Return what the console of ``engine`` shows for a verdict of that engine.

    Nothing where nothing was blocked, and for ``"standard"``, which has no console.
    """
    if verdict.outcome is not Outcome.NETWORK_ERROR or verdict.code is None:
        return ()
    speak = {"chromium": _say_chromium, "firefox": _say_firefox, "webkit": _say_webkit}.get(engine)
    if speak is None:
        return ()
    address = f"{request.page}/" if request.page_url is None else request.page_url
    values = {"url": request.url, "origin": request.page, **dict(verdict.values)}
    values |= {"page": request.page, "address": address}
    return tuple(speak(verdict.code, values, request.api))


def _sentence(engine: str, code: str, sentences: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the code whose sentence an engine uses for another code, and the sentence."""
    has_own = code in sentences or code in LIKE[engine]
    base = code if has_own else code.removeprefix(_PREFLIGHT)
    base = LIKE[engine].get(base, base)
    return base, sentences.get(base)


def _say_chromium(code: str, values: Mapping[str, str], api: str) -> Iterator[str]:
    if code in CHROMIUM_ALONE:
        yield CHROMIUM_ALONE[code].format_map({**values, "origin": values["page"]})
        return
    base, sentence = _sentence("chromium", code, CHROMIUM)
    if sentence is None:
        short = code if code in CHROMIUM_NET else "request-" + code.removeprefix(_PREFLIGHT)
        yield f"Failed to load resource: {CHROMIUM_NET.get(short, CHROMIUM_NET['network-error'])}"
        return
    redirected = CHROMIUM_REDIRECTED.format_map(values) if "first" in values else ""
    begin = CHROMIUM_BEGIN.format(
        subject=SUBJECTS[api],
        url=values["url"],
        redirected=redirected,
        origin=values["page"],  # also where the request named null
    )
    if base == "redirect-to-userinfo":
        values = {**values, "value": ""}  # never shown
    prefix = CHROMIUM_PREFLIGHT if code.startswith(_PREFLIGHT) else ""
    end = CHROMIUM_XHR if api == "xhr" and base in _CREDENTIALS else ""
    yield begin + prefix + sentence.format_map(values) + end
    yield f"Failed to load resource: {CHROMIUM_NET['network-error']}"


def _say_firefox(code: str, values: Mapping[str, str], api: str) -> Iterator[str]:
    if code in FIREFOX_SILENT:
        return
    if code == "mode-same-origin":
        page, url = values["address"], values["url"]
        yield f"Security Error: Content at {page} may not load data from {url}."
        return
    base, sentence = _sentence("firefox", code, FIREFOX)
    status = values.get("status") if base in {"allow-origin-missing", "preflight-status"} else None
    if sentence is None:
        sentence, status = FIREFOX["network-error"], "(null)"
    values = {**values, "value": values.get("element", values.get("value", ""))}
    if base in FIREFOX_QUOTES:
        values["url"] = f"‘{values['url']}’"
    end = "" if status is None else FIREFOX_STATUS.format(status=status)
    yield FIREFOX_BEGIN.format_map(values) + sentence.format_map(values) + ")." + end
    if api in {"script", "module"}:
        what = "<script>" if api == "script" else "Module"
        yield f"{what} source URI is not allowed in this document: “{values['url']}”."


def _say_webkit(code: str, values: Mapping[str, str], api: str) -> Iterator[str]:
    if code == "mode-same-origin":
        yield f"{WEBKIT_SUBJECTS[api]} {values['url']}."
        return
    if code.removeprefix(_PREFLIGHT).removeprefix(_REQUEST) in set(Failure):
        yield "Failed to load resource"
        return
    _, sentence = _sentence("webkit", code, WEBKIT)
    if sentence is not None:
        begin = WEBKIT_REDIRECT.format_map(values) if "target" in values else ""
        yield begin + sentence.format_map(values)
    end = WEBKIT_END.format(subject=WEBKIT_SUBJECTS[api], url=values["url"])
    end = WEBKIT_ENDS.get(api, end)
    if end:
        yield end


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """One sentence found in a text: who wrote it, its code, and what stood in its blanks.

    ``engine`` is ``"chromium"``, ``"firefox"``, ``"webkit"``, ``"script"`` (an error that a
    page's own code got) or ``"server"``. ``code`` is ``"unexplained"`` where the sentence
    says that something was blocked, with a reason that is not known here. The names in
    ``values`` are those of ``sentences``, with ``subject``, ``first`` and ``reason``.
    """

    engine: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    found: Recognised


def recognise(text: str) -> tuple[Recognised, ...]:
    """Return every console sentence in a text, in the order in which they stand.

    Lines may be wrapped, quotes straight or curly, and anything may stand around them.
    """
    hits: list[_Hit] = []
    for find in (_whole_chromium, _whole_firefox, _whole_webkit, _alone):
        hits += [hit for hit in find(text) if not any(_meet(hit, other) for other in hits)]
    return tuple(hit.found for hit in sorted(hits, key=lambda hit: hit.start))


def _meet(one: _Hit, other: _Hit) -> bool:
    return one.start < other.end and other.start < one.end


_QUOTES: Final = {"'": "['‘’]", "‘": "['‘]", "’": "['’]", '"': '["“”]', "“": '["“]', "”": '["”]'}
_BLANKS: Final = {
    "url": r"\S{1,8192}?",
    "first": r"\S{1,8192}?",
    "target": r"\S{1,8192}?",
    "origin": r"\S{1,1024}?",
    "header": r"\S{1,256}?",
    "method": r"\S{1,64}?",
    "status": r"(?:[0-9]{1,3}|\(null\))",
    "subject": r"[A-Za-z ]{1,40}?",
    "value": r"[^\n]{0,1024}?",
}
_PIECE: Final = re.compile(r"\{(?P<blank>[a-z]+)\}|(?P<space>\s+)|(?P<other>.)", re.DOTALL)


def _pattern(sentence: str) -> str:
    """Return the expression that reads a sentence back, however it was wrapped or quoted."""
    parts: list[str] = []
    for piece in _PIECE.finditer(sentence):
        if piece["blank"]:
            blank = _BLANKS[piece["blank"]]
            at_end = piece.end() == len(sentence)
            parts.append(f"(?P<{piece['blank']}>{_greedy(blank) if at_end else blank})")
        elif piece["space"]:
            parts.append(r"\s+")
        else:
            parts.append(_QUOTES.get(piece["other"], re.escape(piece["other"])))
    return "".join(parts)


def _greedy(blank: str) -> str:
    """What ends a sentence reaches as far as it can: nothing after it says where to stop."""
    return blank.removesuffix("?")


@cache
def _reasons(engine: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    tables = {"chromium": CHROMIUM, "firefox": FIREFOX, "webkit": WEBKIT}
    rows = [(code, sentence) for code, sentence in tables[engine].items()]
    rows += [(code, sentence) for name, code, sentence in OLDER if name == engine]
    # What follows the sentence's first full stop is advice, which came and went.
    return tuple((code, re.compile(_pattern(_core(sentence)))) for code, sentence in rows)


def _core(sentence: str) -> str:
    return sentence.partition(" Have the server")[0].removesuffix(".")


_CHROMIUM_OPENING: Final = re.compile(
    "(?:"
    + _pattern("Access to {subject} at '{url}'")
    + r"(?:\s+\(redirected\s+from\s+['‘’](?P<first>\S{1,8192}?)['‘’]\))?"
    + r"\s+from\s+origin\s+['‘’](?P<origin>\S{1,1024}?)['‘’]"
    + r"\s+has\s+been\s+blocked\s+by\s+CORS\s+policy:\s*"
    + r"|(?:XMLHttpRequest|Fetch\s+API)\s+cannot\s+load\s+(?P<old>\S{1,8192}?)\.\s+(?=\S)"
    + r"|Failed\s+to\s+load\s+(?P<older>[a-z][a-z0-9+.-]*://\S{1,8192}?):\s+(?=\S)"
    + ")"
    + f"(?P<preflight>{_pattern(CHROMIUM_PREFLIGHT.strip())}\\s*)?"
)
_OLD_END: Final = re.compile(
    r"[^\n]{0,300}?Origin\s+['‘’](?P<origin>\S{1,1024}?)['‘’]\s+is\s+therefore\s+not\s+allowed"
    r"\s+access\.?(?:\s+The\s+response\s+had\s+HTTP\s+status\s+code\s+(?P<status>[0-9]{3}))?"
)
_REST: Final = re.compile(r"[^\n]{0,400}")


def _whole_chromium(text: str) -> Iterator[_Hit]:
    for opening in _CHROMIUM_OPENING.finditer(text):
        given = _given(opening)
        url = given.pop("old", None) or given.pop("older", None)
        if url is not None:
            given["url"] = url
        is_preflight = given.pop("preflight", None) is not None
        hit = _reason("chromium", text, opening, given, preflight=is_preflight)
        if hit is None and url is None:
            rest = _REST.match(text, opening.end())
            reason = rest[0].strip() if rest else ""
            found = Recognised(
                engine="chromium", code="unexplained", values={**given, "reason": reason}
            )
            hit = _Hit(opening.start(), opening.end() + len(reason), found)
        if hit is not None:
            yield hit


def _reason(
    engine: str,
    text: str,
    opening: re.Match[str],
    given: Mapping[str, str],
    *,
    preflight: bool = False,
) -> _Hit | None:
    """Return the sentence that begins where an opening ends."""
    for code, pattern in _reasons(engine):
        match = pattern.match(text, opening.end())
        if match is None:
            continue
        values = {**given, **_given(match)}
        end = match.end()
        if (old := _OLD_END.match(text, end)) is not None:
            values |= _given(old)
            end = old.end()
        full = f"{_PREFLIGHT}{code}" if preflight and code not in _WHOLE else code
        return _Hit(
            opening.start(),
            end,
            Recognised(engine=engine, code=_finer(full, values), values=values),
        )
    return None


def _finer(code: str, values: Mapping[str, str]) -> str:
    """Return the code of a value that one sentence does not tell from another."""
    value = values.get("value", "")
    if code.endswith("allow-origin-mismatch") and "," in value:
        return code.replace("mismatch", "list")
    if code.endswith("allow-credentials-not-true") and "value" in values and not value:
        return code.replace("not-true", "missing")
    return code


def _given(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value is not None}


_FIREFOX_OPENING: Final = re.compile(
    r"Cross-Origin\s+Request\s+(?:Blocked|Warning):\s+The\s+Same\s+Origin\s+Policy\s+"
    r"(?:will\s+)?disallows?\s+reading\s+the\s+remote\s+resource\s+at\s+['‘’]?(?P<url>\S{1,8192}?)['‘’]?"
    r"(?:\s+soon)?\.\s+\(Reason:\s+"
)
_FIREFOX_REST: Final = re.compile(
    r"[^\n]{0,1024}?\)\.(?:\s+Status\s+code:\s+(?P<status>[0-9]{1,3}|\(null\)))?"
)


def _whole_firefox(text: str) -> Iterator[_Hit]:
    for opening in _FIREFOX_OPENING.finditer(text):
        hit = _reason("firefox", text, opening, _given(opening))
        begin = opening.end() if hit is None else hit.end
        rest = _FIREFOX_REST.match(text, begin)
        end = begin if rest is None else rest.end()
        status = {} if rest is None else _given(rest)
        if hit is None:
            reason = text[opening.end() : end].strip()
            values = {**_given(opening), **status, "reason": reason}
            yield _Hit(
                opening.start(),
                end,
                Recognised(engine="firefox", code="unexplained", values=values),
            )
            continue
        values = {**hit.found.values, **status}
        yield _Hit(hit.start, end, Recognised(engine="firefox", code=hit.found.code, values=values))


_WEBKIT_OPENING: Final = re.compile(f"(?:{_pattern(WEBKIT_REDIRECT.strip())}\\s*)?")
_WEBKIT_CLOSING: Final = re.compile(
    "(?P<subject>"
    + "|".join(_pattern(words) for words in sorted(set(WEBKIT_SUBJECTS.values())))
    + r")\s+(?P<url>\S{1,8192})\s+due\s+to\s+access\s+control\s+checks"
)
# What goes on so is Chromium's sentence, which begins in the same words.
_WEBKIT_NOT: Final = r"(?!\s+in\s+preflight)"
_NEAR: Final = 400
"""How far the second of WebKit's two lines is from the first: a source and a line number."""


def _whole_webkit(text: str) -> Iterator[_Hit]:
    closings = list(_WEBKIT_CLOSING.finditer(text))
    firsts = sorted(_webkit_reasons(text), key=lambda hit: (hit.start, -hit.end))
    for number, first in enumerate(firsts):
        if number and first.start < firsts[number - 1].end:
            continue
        closing = next((c for c in closings if first.end <= c.start() < first.end + _NEAR), None)
        if closing is None:
            yield first
            continue
        closings.remove(closing)
        values = {**_given(closing), **first.found.values}
        found = Recognised(engine="webkit", code=first.found.code, values=values)
        yield _Hit(first.start, closing.end(), found)
    for closing in closings:
        found = Recognised(engine="webkit", code="unexplained", values=_given(closing))
        yield _Hit(closing.start(), closing.end(), found)


def _webkit_reasons(text: str) -> Iterator[_Hit]:
    for code, pattern in _reasons("webkit"):
        for match in re.finditer(_WEBKIT_OPENING.pattern + pattern.pattern + _WEBKIT_NOT, text):
            values = _given(match)
            found = Recognised(engine="webkit", code=code, values=values)
            yield _Hit(match.start(), match.end(), found)


@cache
def _alone_patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rows = [("chromium", code, sentence) for code, sentence in CHROMIUM_ALONE.items()]
    rows += [("chromium", code, sentence) for code, sentence in CHROMIUM.items()]
    rows += [("chromium", code, sentence) for code, sentence in CHROMIUM_NET.items()]
    # "CORS disabled" alone are words that also stand elsewhere.
    rows += [("firefox", code, text) for code, text in FIREFOX.items() if code != "cors-disabled"]
    rows += [row for row in OLDER if row[0] != "webkit"]
    rows += [row for row in OLDER if row[0] == "webkit"]
    # The longest first: a short sentence may be the beginning of another.
    rows.sort(key=lambda row: -len(row[2]))
    return tuple((engine, code, re.compile(_pattern(_core(text)))) for engine, code, text in rows)


_NET_LINE: Final = re.compile(r"(?P<method>[A-Z]{3,10})\s+(?P<url>[a-z]+://\S{1,8192})\s+\Z")


def _alone(text: str) -> Iterator[_Hit]:
    """Yield sentences that stand without the words that usually go before them."""
    taken: list[_Hit] = []
    for engine, code, pattern in _alone_patterns():
        for match in pattern.finditer(text):
            values = _given(match)
            begin = match.start()
            if match[0].startswith("net::"):
                line = _NET_LINE.search(text, text.rfind("\n", 0, begin) + 1, begin)
                if line is not None:
                    values |= _given(line)
            found = Recognised(engine=engine, code=_finer(code, values), values=values)
            hit = _Hit(begin, match.end(), found)
            if not any(_meet(hit, other) for other in taken):
                taken.append(hit)
                yield hit
