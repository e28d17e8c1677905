"""Holds the facts of the browser half against those of a real browser, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.browser_cases import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.browser_cases import Case, Facts

# What a script reads of an answer only through fetch(), and through fetch() and XMLHttpRequest.
ONLY_FETCH = ("response_type", "redirected")
# Where a script may not set these, the browser has values of its own.
ITS_OWN = frozenset(
    {
        "accept-charset", "accept-encoding", "connection", "content-length", "cookie", "host",
        "sec-fetch-mode", "user-agent", "upgrade-insecure-requests", "priority", "te", "dnt",
        "cache-control", "pragma",
    }
)  # fmt: skip
HEADERS = frozenset(
    {"access-control-request-method", "access-control-request-headers", "origin", "if-none-match"}
)


def disagreements(case: Case, model: list[Facts], real: list[Facts]) -> Iterator[str]:
    """Yield each fact that the browser half has otherwise than a browser."""
    for number, (step, said, seen) in enumerate(zip(steps_of(case), model, real, strict=True)):
        for text in _of_step(case, step["request"], said, seen):
            yield f"step {number}: {text}"


def _of_step(case: Case, request: Case, said: Facts, seen: Facts) -> Iterator[str]:
    api = request.get("api", "fetch")
    keys = ["outcome"]
    if api == "fetch":
        keys += ["status", *ONLY_FETCH]
    elif api == "xhr":
        keys += ["status"]
    for key in keys:
        if said[key] != seen[key]:
            yield f"{key}: {said[key]!r}, but in the browser {seen[key]!r}"
    if api in {"fetch", "xhr"} and _readable(said) != _readable(seen):
        yield f"readable: {_readable(said)!r}, but in the browser {_readable(seen)!r}"
    yield from _of_requests(case, request, said["requests"], seen["requests"])


def _of_requests(case: Case, request: Case, said: list[Facts], seen: list[Facts]) -> Iterator[str]:
    model, real = ([one["what"] for one in facts] for facts in (said, seen))
    if model != real:
        yield f"trace: {model!r}, but in the browser {real!r}"
        return
    for one, other in zip(said, seen, strict=True):
        names = _names(case, request, one)
        for key in ("method", "cookie"):
            if one[key] != other[key]:
                yield f"{one['what']}: {key} {one[key]!r}, but in the browser {other[key]!r}"
        for name in sorted(names):
            a, b = one["headers"].get(name), other["headers"].get(name)
            if _is_told_twice(request, name) or _is_added(a, name):
                continue
            if a != b and not (name == "range" and a and b):  # the network layer writes it anew
                yield f"{one['what']}: {name} {a!r}, but in the browser {b!r}"


def _is_told_twice(request: Case, name: str) -> bool:
    """Whether a script set a header twice, or a byte above 0x7F: networks write these apart."""
    values = [value for key, value in request.get("headers", []) if key.lower() == name]
    return len(values) > 1 or not all(value.isascii() for value in values)


def _is_added(said: str | None, name: str) -> bool:
    """Whether a header that a script could not set has the browser's own value."""
    return said is None and name in {"accept", "accept-language"}


def _readable(facts: Facts) -> dict[str, str] | None:
    held = facts["readable"]
    return (
        None if held is None else {name: v for name, v in held.items() if name != "content-length"}
    )


def _names(case: Case, request: Case, sent: Facts) -> set[str]:
    """Return the request headers that are compared: what the browser adds by itself is not."""
    names = set(HEADERS)
    # An engine has no Referer for an srcdoc document, and a request does not tell what it is in.
    if case.get("context", "window") in {"window", "worker"}:
        names.add("referer")
    if sent["what"].endswith("actual"):
        names |= {name.lower() for name, _ in request.get("headers", [])} - ITS_OWN
        if (request.get("body") or {}).keys() & {"type", "text", "form", "bytes"}:
            names.add("content-type")
    return names
