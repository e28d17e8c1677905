"""What was pasted, as text for people and as JSON for programs.

What lives here: words, columns, and the command line to type next. What does not: what was
found (``corsmith.pasted.text``).

No secret of the pasted text is written: the values of headers, cookies and the body are left
out, and a URL is masked.
"""

import json
import shlex
from collections.abc import Iterable, Iterator
from typing import Final

from corsmith.cli.columns import encodable, wrapped
from corsmith.diagnostics import CODES
from corsmith.pasted.mask import MASK, is_secret_header, mask_url
from corsmith.pasted.recording import Recorded, Recording
from corsmith.pasted.request import PastedRequest
from corsmith.pasted.text import Kind, Likely, Pasted, Sighting

__all__ = ["as_json", "as_text", "recording_as_json", "recording_as_text"]

_ENGINES: Final = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKit"}
_READ_AS: Final = {
    Kind.CURL: "a curl command",
    Kind.PROGRAM: "a piece of program",
    Kind.URL: "a URL",
}
# Values that decide about a preflight, and that are no secret.
_SHOWN: Final = frozenset({"accept", "content-language", "content-type", "range"})

# What a curl command says about the connection, and the option that says it here.
_HEEDED: Final = {"-k": "-k", "--insecure": "-k", "-L": "-L", "--location": "-L"}

_FACTS: Final = (
    (
        "the red line of the browser's console, whole: it begins “Access to …”, “Cross-Origin "
        "Request Blocked” or “Origin … is not allowed”"
    ),
    "the request: Network tab, right click on it, Copy, Copy as cURL",
    "the status of the request and of its OPTIONS in the Network tab, and the page's address",
)


def as_text(pasted: Pasted) -> str:
    """Return what was found as text, without a final line feed."""
    return encodable("\n".join(_lines(pasted)))


def _lines(pasted: Pasted) -> Iterator[str]:
    if pasted.kind is Kind.NOTHING:
        yield "unknown: nothing in this text says what went wrong"
        yield ""
        yield "  These three would help; paste any of them:"
        for number, fact in enumerate(_FACTS, start=1):
            yield from wrapped(fact, " " * 5, f"  {number}. ")
    elif pasted.sightings:
        yield from _heading(pasted.sightings[0])
        yield ""
        yield from _request_rows(pasted.request, pasted.sightings[0])
        yield from _causes(pasted.sightings[0].causes)
    else:
        yield f"unknown: {_READ_AS[pasted.kind]}, and nothing was sent yet"
        yield ""
        yield from _request_rows(pasted.request, None)
    yield from _notes(pasted)
    yield from _more(pasted)


def _heading(sighting: Sighting) -> Iterator[str]:
    """Yield the answer: the likeliest cause in one sentence."""
    word = "likely" if sighting.is_cors else "not CORS"
    yield from wrapped(f"{word}: {sighting.causes[0].head}", " " * (len(word) + 2), "")


def _causes(causes: Iterable[Likely]) -> Iterator[str]:
    """Yield each cause in two sentences, and its first question."""
    for number, cause in enumerate(causes, start=1):
        yield ""
        yield from wrapped(f"{cause.head} {cause.more}", " " * 5, f"  {number}. ")
        yield from wrapped(cause.ask, " " * 8, "     -> ")


def _engine(engine: str | None) -> str | None:
    """Return how an engine is called, or ``None``."""
    return None if engine is None else _ENGINES[engine]


def _request_rows(request: PastedRequest | None, sighting: Sighting | None) -> Iterator[str]:
    if sighting is not None:
        who = _engine(sighting.engine)
        yield f"  {'reads as':<11}{sighting.code}{'' if who is None else f', in {who}'}"
    if request is None:
        return
    yield from wrapped(f"{request.method} {mask_url(request.url)}", " " * 13, f"  {'asks':<11}")
    if request.page is not None:
        yield f"  {'from':<11}{request.page}"
    names = [name for name, _ in request.headers]
    if names:
        yield from wrapped(f"{', '.join(names)}", " " * 13, f"  {'with':<11}")
    if request.credentials == "include":
        yield f"  {'':<11}credentials"
    if request.body_length is not None:
        yield f"  {'':<11}a body of {request.body_length} bytes"


def _notes(pasted: Pasted) -> Iterator[str]:
    request = pasted.request
    notes = _told(pasted)
    ignored = [] if request is None else _ignored(request)
    if ignored:
        notes.append(f"Ignored, as it changes nothing here: {', '.join(ignored)}.")
    if request is not None and request.is_same_origin:
        notes.append("Page and address are of one origin: CORS has no part in this request.")
    others = [one.code for one in pasted.sightings[1:]]
    if others:
        notes.append(f"Also read: {', '.join(others)}; paste that line alone for its causes.")
    for index, note in enumerate(notes):
        if not index:
            yield ""
        yield from wrapped(note, " " * 13, f"  {'note':<11}")


def _told(pasted: Pasted) -> list[str]:
    request = pasted.request
    told = [*pasted.notes, *(() if request is None else request.notes)]
    if request is not None and request.authority is not None:
        told.append(f"The authority in the file {request.authority} is not read.")
    return told


def _ignored(request: PastedRequest) -> list[str]:
    return [word for word in request.ignored if word not in _HEEDED]


def _more(pasted: Pasted) -> Iterator[str]:
    code = pasted.sightings[0].code if pasted.sightings else ""
    pages = (code, code.removeprefix("preflight-"))
    page = next((name for name in pages if name in CODES), None)
    if pasted.request is None and page is None:
        return
    yield ""
    if pasted.request is not None:
        command = _command(pasted.request)
        yield f"  {'next':<11}{command}"
        if MASK in command:
            yield f"  {'':<11}with what is secret in place of {MASK}"
    if page is not None:
        yield f"  {'about':<11}docs/codes/{page}.md"


def _command(request: PastedRequest) -> str:
    """Return the command line that asks the same, with secrets masked."""
    words = ["corsmith", "check", mask_url(request.url)]
    if request.page is not None:
        words += ["--from", request.page]
    default = "GET" if request.body is None else "POST"
    if request.method != default:
        words += ["-X", request.method]
    for name, value in request.headers:
        shown = name.lower() in _SHOWN and not is_secret_header(name) and value.isprintable()
        words += ["-H", f"{name}: {value}" if shown else name]
    if request.credentials == "include":
        words.append("--cookies")
    if request.body is not None:
        words += ["-d", "BODY"]
    if request.authority is not None:
        words += ["--cacert", request.authority]
    words += [_HEEDED[word] for word in request.ignored if word in _HEEDED]
    return shlex.join(words)


def as_json(pasted: Pasted) -> str:
    """Return what was found as JSON, whose schema is docs/reference/check-paste.schema.json."""
    request = pasted.request
    document: dict[str, object] = {
        "format": 1,
        "kind": pasted.kind,
        "recognised": [_sighting(sighting) for sighting in pasted.sightings],
        "request": None if request is None else _request(request),
        "notes": _told(pasted),
        "ignored": [] if request is None else _ignored(request),
        "next": None if request is None else _command(request),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _sighting(sighting: Sighting) -> dict[str, object]:
    return {
        "code": sighting.code,
        "engine": sighting.engine,
        "cors": sighting.is_cors,
        "causes": [
            {"says": f"{cause.head} {cause.more}", "ask": cause.ask, "cors": cause.is_cors}
            for cause in sighting.causes
        ],
    }


def _request(request: PastedRequest) -> dict[str, object]:
    return {
        "url": mask_url(request.url),
        "method": request.method,
        "from": request.page,
        "headers": [name for name, _ in request.headers],
        "credentials": request.credentials,
        "body": request.body_kind,
        "body_bytes": request.body_length,
    }


# ── a recording ──────────────────────────────────────────────────────────────

_MOST_ROWS: Final = 40
"""How many failed requests are listed; the rest is counted."""


def recording_as_text(recording: Recording) -> str:
    """Return what a recording holds as text, without a final line feed."""
    return encodable("\n".join(_recording(recording)))


def _recording(recording: Recording) -> Iterator[str]:
    failed = recording.failed
    seen = f"{recording.requests} recorded, {recording.crossing} to another origin"
    if not failed:
        yield f"yes: no request to another origin failed ({seen})"
        return
    if len(failed) == 1:
        yield from _lines(_as_pasted(failed[0]))
        return
    yield f"no: {len(failed)} requests to another origin failed ({seen})"
    yield ""
    for one in failed[:_MOST_ROWS]:
        status = "-" if one.status is None else str(one.status)
        address = mask_url(one.request.url)
        yield f"  {status:>3}  {one.request.method:<7} {one.sighting.code}"
        yield f"       {address if len(address) <= _LONGEST else address[:_LONGEST] + '…'}"
    if len(failed) > _MOST_ROWS:
        yield f"  … and {len(failed) - _MOST_ROWS} more"
    for code in dict.fromkeys(one.sighting.code for one in failed):
        first = next(one for one in failed if one.sighting.code == code)
        yield ""
        yield f"  {code}"
        yield from wrapped(first.sighting.causes[0].head, " " * 4)
        yield from wrapped(first.sighting.causes[0].ask, " " * 7, "    -> ")
        yield f"    {_command(first.request)}"


_LONGEST: Final = 70


def _as_pasted(one: Recorded) -> Pasted:
    return Pasted(kind=Kind.CONSOLE, sightings=(one.sighting,), request=one.request)


def recording_as_json(recording: Recording) -> str:
    """Return a recording as JSON, whose schema is docs/reference/check-har.schema.json."""
    document = {
        "format": 1,
        "requests": recording.requests,
        "crossing": recording.crossing,
        "failed": [
            {
                "request": _request(one.request),
                "status": one.status,
                "recognised": _sighting(one.sighting),
                "next": _command(one.request),
            }
            for one in recording.failed
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
