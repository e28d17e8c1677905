"""A recording of a browser's network panel (HAR 1.2), judged as the browser judged it.

What lives here: ``read_recording``, which finds the requests across origins that failed, by
putting each recorded answer to the browser half once more. What does not: a file (it is given
text), and how the finding is written.

Chromium, Firefox and Safari each leave out something else: a blocked answer often has status
0 and no headers, and a preflight may be missing. What is missing is not guessed: an actual
request that was sent had its preflight allowed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from corsmith.address import read_address
from corsmith.browser import (
    CHROMIUM,
    FIREFOX,
    WEBKIT,
    Engine,
    Failure,
    Profile,
    Received,
    Sent,
    fetch,
)
from corsmith.browser.verdict import Verdict
from corsmith.errors import UsageError
from corsmith.headers import is_token
from corsmith.pasted.clues import find_clues, straighten
from corsmith.pasted.plan import allow, to_fetch_request
from corsmith.pasted.request import BodyKind, PastedRequest, from_wire, origin_of
from corsmith.pasted.text import Sighting, sight

__all__ = ["Recorded", "Recording", "read_recording"]

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request that failed, with what its answer tells; ``status`` is ``None`` without one."""

    request: PastedRequest
    status: int | None
    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a recording holds: how many requests, how many across origins, which of them failed."""

    requests: int
    crossing: int
    failed: tuple[Recorded, ...]


_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the recording."""

    method: str
    url: str
    headers: Pairs
    status: int
    answer: Pairs
    error: str
    body: str | None
    page: str | None
    kind: str

    @property
    def redirect(self) -> str | None:
        """Where the answer leads; the entry of that address belongs to this one."""
        there = next((value for name, value in self.answer if name.lower() == "location"), "")
        if not there or self.status not in _REDIRECTS:
            return None
        return there if "://" in there else f"{origin_of(self.url)}/{there.lstrip('/')}"

    @property
    def is_preflight(self) -> bool:
        names = {name.lower() for name, _ in self.headers}
        return self.method == "OPTIONS" and (
            "access-control-request-method" in names or self.kind == "preflight"
        )


def read_recording(text: str) -> Recording:
    """Return what failed in a recording; raise ``UsageError`` for a text that is none."""
    log = _log(text)
    entries = list(_entries(log))
    engine = _engine(log)
    redirected = {entry.redirect for entry in entries if entry.redirect is not None}
    crossing = [
        (entry, request)
        for entry in entries
        if not entry.is_preflight and entry.url not in redirected
        for request in [_request(entry)]
        if request is not None
    ]
    failed = (_judge(entry, request, entries, engine) for entry, request in crossing)
    return Recording(
        requests=len(entries),
        crossing=len(crossing),
        failed=tuple(found for found in failed if found is not None),
    )


# ── the file ─────────────────────────────────────────────────────────────────


def _log(text: str) -> Mapping[str, Any]:  # JSON has no better type
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(
            f"this is no HAR: it is not JSON{where}\n"
            "  save one in the Network tab: right click, Save all as HAR"
        ) from error
    log = document.get("log") if isinstance(document, dict) else None
    if not isinstance(log, dict) or not isinstance(log.get("entries"), list):
        raise UsageError(
            "this is no HAR: it has no log.entries\n"
            "  save one in the Network tab: right click, Save all as HAR"
        )
    return log


def _entries(log: Mapping[str, Any]) -> Iterator[_Entry]:
    pages = {
        str(page.get("id")): origin_of(str(page.get("title", "")))
        for page in _listed(log.get("pages"))
    }
    for entry in _listed(log["entries"]):
        request, response = _object(entry, "request"), _object(entry, "response")
        method, url = request.get("method"), request.get("url")
        if not isinstance(method, str) or not isinstance(url, str):
            continue
        status = response.get("status")
        posted = _object(request, "postData")
        text = posted.get("text")
        error = response.get("_error") or entry.get("_error") or response.get("statusText") or ""
        yield _Entry(
            method=method,
            url=url,
            headers=_pairs(request),
            status=status if isinstance(status, int) and status in _STATUSES else 0,
            answer=_pairs(response),
            error=str(error),
            body=text if isinstance(text, str) else None,
            page=pages.get(str(entry.get("pageref"))),
            kind=str(entry.get("_resourceType", "")),
        )


_STATUSES: Final = range(100, 1000)  # Chromium writes 0, and Firefox -1, where none came


def _listed(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _pairs(message: Mapping[str, Any]) -> Pairs:
    found = ((line.get("name"), line.get("value")) for line in _listed(message.get("headers")))
    return tuple(
        # Firefox joins lines of one name with a line feed.
        (name, part)
        for name, value in found
        if isinstance(name, str) and isinstance(value, str) and is_token(name)
        for part in value.split("\n")
    )


def _engine(log: Mapping[str, Any]) -> Engine:
    words = f"{_object(log, 'creator').get('name', '')} {_object(log, 'browser').get('name', '')}"
    if "firefox" in words.lower():
        return FIREFOX
    return WEBKIT if {"webkit", "safari"} & set(words.lower().split()) else CHROMIUM


# ── the request ──────────────────────────────────────────────────────────────

_LOADS: Final = frozenset({"document", "websocket", "ping", "preflight", "manifest"})


def _request(entry: _Entry) -> PastedRequest | None:
    """Return a request of a page to another origin; ``None`` for every other."""
    if entry.kind in _LOADS or not entry.url.lower().startswith(("http://", "https://")):
        return None
    try:
        request = from_wire(
            entry.url, entry.method, entry.headers, body=entry.body, body_kind=_kind(entry)
        )
    except UsageError:
        return None
    page = request.page or entry.page
    names = {name.lower() for name, _ in entry.headers}
    asks = request.mode == "cors" and ("origin" in names or "sec-fetch-mode" in names or entry.kind)
    failed = entry.error.startswith("net::")
    if page is None or page == origin_of(request.url) or not (asks or failed):
        return None
    return replace(request, page=page)


def _kind(entry: _Entry) -> BodyKind | None:
    return None if entry.body is None else "bytes"


# ── the verdict ──────────────────────────────────────────────────────────────


def _judge(
    entry: _Entry, request: PastedRequest, entries: Sequence[_Entry], engine: Engine
) -> Recorded | None:
    """Return why a request failed by its recorded answers; ``None`` where it did not."""
    verdict = _replay(entry, request, entries, engine)
    code = verdict.code
    if code is None and not entry.error.startswith("net::"):
        return None
    if code is None or code == "request-closed":
        code = _code_of_error(entry.error)
    values = {
        "url": request.url,
        "host": read_address(request.url).netloc,
        "page": request.page or "",
        "method": request.method,
        **{name: value for name, value in verdict.values if name != "origin"},
    }
    if entry.status and not code.startswith("preflight-"):
        values["status"] = str(entry.status)
    return Recorded(
        request=request,
        status=entry.status or None,
        sighting=sight(code, values, engine.name),
    )


def _replay(
    entry: _Entry, request: PastedRequest, entries: Sequence[_Entry], engine: Engine
) -> Verdict:
    asking = fetch(to_fetch_request(request), Profile(engine=engine))
    answer: Received | Failure | None = None
    try:
        sent = next(asking)
        while True:
            answer = _recorded(sent, entry, entries, request)
            sent = asking.send(answer)
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict


def _recorded(
    sent: Sent, entry: _Entry, entries: Sequence[_Entry], request: PastedRequest
) -> Received | Failure:
    if sent.kind == "preflight":
        preflights = [one for one in entries if one.is_preflight and one.url == sent.url]
        if preflights and preflights[0].status:
            return _received(preflights[0])
        return allow(to_fetch_request(request))
    if sent.hop == 0:
        return _received(entry) if entry.status else Failure.CLOSED
    others = [one for one in entries if one.url == sent.url and not one.is_preflight]
    return _received(others[0]) if others and others[0].status else Failure.CLOSED


def _received(entry: _Entry) -> Received:
    return Received(status=entry.status, headers=entry.answer)


def _code_of_error(error: str) -> str:
    """Return the code of a network panel's error; ``net::ERR_FAILED`` alone is a refusal."""
    found = [code for code, _ in find_clues(straighten(error)) if code != "network-error"]
    return found[0] if found else "reason-not-told"
