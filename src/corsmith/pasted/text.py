"""Whatever a person pastes: what it is, what the browser meant, and what could be asked.

What lives here: ``read_pasted``, which finds console lines, a curl command, a piece of
program or a URL in a text. What does not: their languages (``browser.console``, ``clues``,
``curl``, ``snippet``), the causes (``ranking``, ``causes``), and sending.

What is to be shown is masked here, once; ``PastedRequest`` keeps what would be sent.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from corsmith.address import read_address
from corsmith.browser.console import Recognised, recognise
from corsmith.errors import UsageError
from corsmith.headers import SAFELISTED_METHODS, is_token
from corsmith.pasted.causes import CAUSES, fill
from corsmith.pasted.clues import find_clues, find_status, straighten
from corsmith.pasted.commandline import split_command
from corsmith.pasted.curl import read_curl
from corsmith.pasted.mask import mask_text, mask_url
from corsmith.pasted.ranking import rank
from corsmith.pasted.request import PastedRequest, from_wire, origin_of
from corsmith.pasted.snippet import read_snippet

__all__ = ["Kind", "Likely", "Pasted", "Sighting", "read_pasted", "sight"]


class Kind(StrEnum):
    """What a text was taken for."""

    CONSOLE = "console"
    CURL = "curl"
    PROGRAM = "program"
    URL = "url"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A cause with its blanks filled: two sentences, and the first question or remedy."""

    name: str
    head: str
    more: str
    ask: str
    is_cors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A sentence that was recognised: its code, who wrote it, and its causes, best first."""

    code: str
    engine: str | None
    causes: tuple[Likely, ...]

    @property
    def is_cors(self) -> bool:
        """Whether the likeliest cause is CORS."""
        return self.causes[0].is_cors

    @property
    def is_vague(self) -> bool:
        """Whether any other sentence beside it says more."""
        return self.code in _VAGUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """What was found in a text; ``sightings`` begin with the one that says most."""

    kind: Kind
    sightings: tuple[Sighting, ...] = ()
    request: PastedRequest | None = None
    notes: tuple[str, ...] = ()


_CURL: Final = re.compile(r"(?m)^[ \t]*(?:[$>%#][ \t]+)?(?=(?:\S*/)?curl(?:\.exe)?[ \t])")
_ONE_URL: Final = re.compile(
    r"\s*[<\"'`(]?(?P<url>https?://[^\s\"'`<>]+?)[>\"'`),.;]*\s*\Z", re.IGNORECASE
)
_ANY_URL: Final = re.compile(
    r"\b(?:https?)://[^\s\"'`<>\u2018\u2019\u201c\u201d]+[^\s\"'`<>\u2018\u2019\u201c\u201d.,;:)\]]"
)
_REQUEST_LINE: Final = re.compile(
    r"\b(?:XHR )?(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?P<url>https?://[^\s\"'<>]+)"
)
# These say the least: any other sentence beside them says more.
_VAGUE: Final = frozenset(
    {"network-error", "reason-not-told", "header-forbidden", "opaque-response"}
)
_WITH_CREDENTIALS: Final = frozenset(
    {"wildcard-with-credentials", "allow-credentials-missing", "allow-credentials-not-true"}
)
_LONGEST: Final = 60
"""What stands in a blank is cut there: a line has 80 columns."""


_MOST_WORDS: Final = 400
"""How much of what is wrong is told: it quotes the text, of any length and with any secret."""


def read_pasted(text: str) -> Pasted:
    """Return what a text is; nothing in it is ever run or sent.

    Raises ``UsageError`` for a curl command or a program whose request cannot be read.

    >>> read_pasted("net::ERR_BLOCKED_BY_CLIENT").sightings[0].causes[0].name
    'ad-blocker'
    """
    try:
        return _read(text)
    except UsageError as error:
        told = mask_text(str(error))
        told = told if len(told) <= _MOST_WORDS else f"{told[:_MOST_WORDS]}…"
        raise UsageError(told) from error


def _read(text: str) -> Pasted:
    begin = _CURL.search(text)
    if begin is not None:
        request = read_curl(split_command(text[begin.end() :]))
        before = text[: begin.start()]
        sightings = tuple(_sightings(before)) if before.strip() else ()
        return Pasted(kind=Kind.CURL, sightings=sightings, request=request)
    url = _ONE_URL.match(text)
    if url is not None:
        return Pasted(kind=Kind.URL, request=from_wire(url["url"], "GET", ()))
    sightings = tuple(_sightings(text))
    if not sightings or all(sighting.is_vague for sighting in sightings):
        program = read_snippet(text)
        if program is not None:
            return Pasted(kind=Kind.PROGRAM, sightings=sightings, request=program)
    if not sightings:
        shell = (_POWERSHELL,) if "Invoke-WebRequest" in text else ()
        return Pasted(kind=Kind.NOTHING, request=_bare_request(text), notes=shell)
    asked, notes = _request_of(sightings[0].code, _values(text))
    advice = "no-cors" in text and "opaque response" in text
    return Pasted(
        kind=Kind.CONSOLE,
        sightings=sightings,
        request=asked,
        notes=(*notes, *((_NO_CORS,) if advice else ())),
    )


_POWERSHELL: Final = "PowerShell is not read here: choose “Copy as cURL” in the same menu."
_NO_CORS: Final = "Leave the advice about no-cors alone: that mode never gives the page the body."


def sight(code: str, values: Mapping[str, str], engine: str | None = None) -> Sighting:
    """Return a code with its causes in words; ``values`` fill the blanks."""
    shown = {name: _shown(name, value) for name, value in values.items()}
    causes = tuple(
        Likely(
            name=name,
            head=fill(CAUSES[name].head, shown),
            more=fill(CAUSES[name].more, shown),
            ask=fill(CAUSES[name].ask, shown),
            is_cors=CAUSES[name].is_cors,
        )
        for name in rank(code, values)
    )
    return Sighting(code=code, engine=engine, causes=causes)


def _shown(name: str, value: str) -> str:
    if name == "value" and not value:
        return "an empty value"
    text = mask_url(value) if name in {"first", "url"} else mask_text(value)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _sightings(text: str) -> Iterator[Sighting]:
    """Yield what a text tells, each code once; what says little only where nothing says more."""
    values = _values(text)
    found = _recognised(text)
    codes = {code.removeprefix("preflight-") for code, _, _ in found}
    for code, given in find_clues(straighten(text)):
        if code.removeprefix("preflight-") not in codes and code not in codes:
            found.append((code, None, given))
    found = [row for row in found if row[0] not in _VAGUE] or found
    for code, engine, given in found:
        yield sight(code, _complete({**values, **given}, engine), engine)


def _recognised(text: str) -> list[tuple[str, str | None, dict[str, str]]]:
    rows: dict[str, tuple[str, str | None, dict[str, str]]] = {}
    for found in recognise(text):
        code = _TOLD_AS.get(found.code, found.code)
        rows.setdefault(code, (code, _engine(found), dict(_named(found))))
    return list(rows.values())


# A code that is told has a page, and a name of two words.
_TOLD_AS: Final = {"csrf": "csrf-check", "unexplained": "reason-not-told"}


def _engine(found: Recognised) -> str | None:
    return found.engine if found.engine in {"chromium", "firefox", "webkit"} else None


def _named(found: Recognised) -> Iterator[tuple[str, str]]:
    for name, value in found.values.items():
        if name == "origin":
            yield "page", _page(value)
        elif not (name == "status" and not value.isdecimal()):
            yield name, value


def _page(text: str) -> str:
    return text if text == "null" else origin_of(text) or text


def _values(text: str) -> dict[str, str]:
    """Return what the whole text tells, whichever sentence it stands in."""
    values: dict[str, str] = {}
    straight = straighten(text)
    for found in recognise(text):
        for name, value in _named(found):
            values.setdefault(name, value)
    for _, given in find_clues(straight):
        for name, value in given.items():
            values.setdefault(name, _page(value) if name == "page" else value)
    status = find_status(straight)
    if status is not None:
        values["status"] = status
    line = _REQUEST_LINE.search(straight)
    if line is not None:
        values.setdefault("method", line["method"])
        values.setdefault("url", line["url"])
    if "url" not in values:
        others = (match[0] for match in _ANY_URL.finditer(straight))
        pages = {values.get("page"), values.get("value")}
        url = next((url for url in others if _page(url) not in pages), None)
        if url is not None and values.get("page") is not None:
            values["url"] = url
    return values


def _complete(values: dict[str, str], engine: str | None) -> dict[str, str]:
    """Return values with what follows from them."""
    if "page" in values:
        values["page"] = _page(values["page"])
    if "url" in values:
        try:
            values.setdefault("host", read_address(values["url"]).netloc)
        except UsageError:
            values.setdefault("host", "")
        if engine is not None:
            values["answered"] = engine
    return values


# ── what could be asked ──────────────────────────────────────────────────────


def _request_of(
    code: str, values: Mapping[str, str]
) -> tuple[PastedRequest | None, tuple[str, ...]]:
    """Return the request that a console line is about, and what had to be guessed."""
    try:
        address = read_address(values.get("url", ""))
    except UsageError:
        return None, ()
    page = values.get("page")
    method = values.get("method", "GET")
    method = method if is_token(method) else "GET"
    headers: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    header = values.get("header", "")
    if is_token(header):
        headers = ((header, _STAND_INS.get(header.lower(), "1")),)
    elif code.startswith("preflight-") and method in SAFELISTED_METHODS:
        headers = (("Content-Type", "application/json"),)
        notes = (_GUESSED,)
    include = code.removeprefix("preflight-") in _WITH_CREDENTIALS
    request = PastedRequest(
        url=address.url,
        method=method,
        headers=headers,
        credentials="include" if include else "same-origin",
        page=page if page == "null" else origin_of(page or ""),
    )
    if page is not None and request.page is None and "://" in page:
        request = replace(request, page=page)  # an app's or an extension's origin
    return request, notes


_GUESSED: Final = (
    "The line does not say what the page sends: Content-Type: application/json stands for it."
)
_STAND_INS: Final = {
    "accept": 'application/vnd.api+json;q="0.9"',
    "content-type": "application/json",
    "range": "bytes=-1",
}


def _bare_request(text: str) -> PastedRequest | None:
    """Return a request for the only address in a text that is otherwise not understood."""
    found = {match[0] for match in _ANY_URL.finditer(text)}
    if len(found) != 1:
        return None
    try:
        return PastedRequest(url=read_address(found.pop()).url)
    except UsageError:
        return None
