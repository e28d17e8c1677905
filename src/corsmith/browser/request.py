"""What a script asks for: the request as the standard makes it, before anything is sent.

What lives here: ``FetchRequest`` and the steps of the Request constructor, of
XMLHttpRequest and of the elements that load. What does not: sending (``fetch``).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from corsmith.browser.engines import Engine
from corsmith.headers import (
    FORBIDDEN_METHODS,
    SAFELISTED_METHODS,
    is_forbidden_request_header,
    is_token,
    normalize_method,
)
from corsmith.safelists import LONGEST_VALUE, is_safelisted_request_header

__all__ = ["Body", "FetchRequest", "InvalidRequestError", "Prepared", "prepare", "unsafe_names"]

Pairs = tuple[tuple[str, str], ...]

_METHOD_OVERRIDES: Final = frozenset(
    {"x-http-method", "x-http-method-override", "x-method-override"}
)
# No engine ever forbade what Private Network Access would have reserved, and it is gone.
_ALLOWED_AFTER_ALL: Final = frozenset({"access-control-request-private-network"})
_NO_CORS_SAFELISTED: Final = frozenset(
    {"accept", "accept-language", "content-language", "content-type"}
)
_PART: Final = re.compile(r'(?:"(?:\\.|[^"\\])*(?:"|\Z)|[^,"])+')
_VALUE: Final = re.compile(r"[^\x00\r\n\u0100-\U0010ffff]*\Z")
_HIGH: Final = re.compile(r"[\x80-\xff]")
# Chromium's rules, seen by sending values of each kind
_HINTS: Final = {
    "save-data": re.compile(r"on\Z", re.IGNORECASE),
    "ect": re.compile(r"(?:4g|3g|2g|slow-2g)\Z"),
    **dict.fromkeys(("rtt", "viewport-width", "width"), re.compile(r"[0-9]+\Z")),
    **dict.fromkeys(("device-memory", "downlink", "dpr"), re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")),
}
_CLIENT_HINTS: Final = frozenset(_HINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of a request, as far as CORS can see it.

    ``kind``: ``text`` a string, ``blob`` (its type may be empty), ``form`` URLSearchParams,
    ``multipart`` FormData, ``bytes`` a buffer, ``stream`` a ReadableStream. ``half`` says
    that a stream has ``duplex: "half"``, without which the constructor throws.
    """

    kind: Literal["text", "blob", "form", "multipart", "bytes", "stream"]
    type: str = ""
    half: bool = True

    @property
    def content_type(self) -> str | None:
        """The type that a browser adds (Fetch, #concept-bodyinit-extract)."""
        return {
            "text": "text/plain;charset=UTF-8",
            "blob": self.type.lower() or None,
            "form": "application/x-www-form-urlencoded;charset=UTF-8",
            "multipart": "multipart/form-data; boundary=----boundary",
            "bytes": None,
            "stream": None,
        }[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What a page asks its browser for.

    ``page`` is the origin of the page, ``"null"`` for an opaque one. ``api``: ``fetch``,
    ``xhr``, ``eventsource``, ``img``, ``script``, ``module``, ``stylesheet``, ``beacon``.
    ``crossorigin`` is the attribute of an element, ``None`` where it is absent; ``page_url``
    the address that a Referer may hold.
    """

    page: str
    url: str
    method: str = "GET"
    headers: Pairs = ()
    credentials: Literal["omit", "same-origin", "include"] = "same-origin"
    mode: Literal["cors", "no-cors", "same-origin"] = "cors"
    redirect: Literal["follow", "error", "manual"] = "follow"
    body: Body | None = None
    api: str = "fetch"
    crossorigin: str | None = None
    upload_listener: bool = False
    cache: str = "default"
    referrer_policy: str = "strict-origin-when-cross-origin"
    page_url: str | None = None


class InvalidRequestError(Exception):
    """A request that a browser does not even begin: the constructor throws."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the stable code beside the message."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request ready to be fetched: what is left of what the script gave."""

    method: str
    headers: Pairs
    mode: str
    credentials: str
    redirect: str
    body: Body | None
    force_preflight: bool = False
    first_headers: Pairs = ()
    is_element: bool = False


def prepare(request: FetchRequest, engine: Engine) -> Prepared:
    """Return the request as the standard makes it, or raise ``InvalidRequestError``."""
    if request.api in _ELEMENTS:
        return _prepare_element(request)
    if request.api == "beacon":
        return _prepare_beacon(request)
    if request.api == "eventsource":
        return _prepared(
            request, method="GET", headers=(("Accept", "text/event-stream"),), body=None
        )
    return _prepare_script(request, engine)


def _prepare_script(request: FetchRequest, engine: Engine) -> Prepared:
    """Fetch, #dom-request; XMLHttpRequest, #the-send()-method."""
    method = _method(request)
    headers, body = _headers(request, engine), request.body
    if body is not None and method in {"GET", "HEAD"}:
        if request.api != "xhr":
            raise InvalidRequestError("body-not-allowed", f"a {method} request has no body")
        body = None  # XMLHttpRequest, send, step 3
    force = False
    if body is not None and body.kind == "stream":
        body, force = _stream(body, request, engine)
    if body is not None and not _has(headers, "content-type"):
        headers += _type_of(body, request, engine)
    if request.upload_listener and not (engine.upload_listener_needs_body and body is None):
        force = True  # XMLHttpRequest, send, step 8: the use-CORS-preflight flag
    return _prepared(request, method=method, headers=headers, body=body, force=force)


def _type_of(body: Body, request: FetchRequest, engine: Engine) -> Pairs:
    """Return the Content-Type that a body brings (Fetch, #dom-request, step 38.4)."""
    if body.content_type is None:
        return ()
    safe = is_safelisted_request_header("content-type", body.content_type)
    if request.mode == "no-cors" and not (safe or engine.no_cors_keeps_type_of_body):
        return ()
    return (("Content-Type", body.content_type),)


def _prepared(
    request: FetchRequest,
    *,
    method: str,
    headers: Pairs,
    body: Body | None,
    mode: str | None = None,
    credentials: str | None = None,
    force: bool = False,
) -> Prepared:
    return Prepared(
        method=method,
        headers=headers,
        mode=mode or request.mode,
        credentials=credentials or request.credentials,
        redirect=request.redirect,
        body=body,
        force_preflight=force,
        first_headers=headers,
        is_element=request.api in _ELEMENTS,
    )


_ELEMENTS: Final = frozenset({"img", "script", "module", "stylesheet"})


def _prepare_element(request: FetchRequest) -> Prepared:
    """HTML, #create-a-potential-cors-request; a module script is always a CORS request."""
    attribute = request.crossorigin
    if attribute is None and request.api != "module":
        return _prepared(
            request, method="GET", headers=(), body=None, mode="no-cors", credentials="include"
        )
    credentials = "include" if attribute == "use-credentials" else "same-origin"
    return _prepared(
        request, method="GET", headers=(), body=None, mode="cors", credentials=credentials
    )


def _prepare_beacon(request: FetchRequest) -> Prepared:
    """Beacon, #sec-processing-model: CORS only where the type is not safelisted."""
    content_type = request.body.content_type if request.body else None
    headers = (("Content-Type", content_type),) if content_type else ()
    safe = all(is_safelisted_request_header(name, value) for name, value in headers)
    mode = "no-cors" if safe else "cors"
    return _prepared(
        request, method="POST", headers=headers, body=request.body, mode=mode, credentials="include"
    )


def _method(request: FetchRequest) -> str:
    # Fetch, #dom-request, step 25, and XMLHttpRequest, open, steps 3 and 4
    if not is_token(request.method):
        raise InvalidRequestError("method-not-a-token", f"{request.method!r} is no method")
    if request.method.upper() in FORBIDDEN_METHODS:
        raise InvalidRequestError("method-forbidden", f"{request.method} is forbidden")
    method = normalize_method(request.method)
    if request.mode == "no-cors" and method not in SAFELISTED_METHODS:
        # Fetch, #dom-request, step 32
        raise InvalidRequestError("method-not-safelisted", f"no-cors does not send {method}")
    return method


def _headers(request: FetchRequest, engine: Engine) -> Pairs:
    kept: list[tuple[str, str]] = []
    for name, raw in request.headers:
        value = raw.strip("\t\n\r ")  # Fetch, #concept-header-value-normalize
        if not is_token(name):
            raise InvalidRequestError("header-not-a-token", f"{name!r} is no header name")
        if _VALUE.match(value) is None:
            raise InvalidRequestError("header-value-invalid", f"{name} has an invalid value")
        lower = name.lower()
        forbidden = is_forbidden_request_header(name) and lower not in _ALLOWED_AFTER_ALL
        if forbidden or lower in engine.dropped_headers:
            continue
        if lower in _METHOD_OVERRIDES and _overrides(value, engine):
            continue
        if request.mode == "no-cors" and not _keeps_no_cors(kept, name, value):
            continue
        _add(kept, name, value, combine=request.api == "xhr")
    return tuple(kept)


def _overrides(value: str, engine: Engine) -> bool:
    """Fetch, #forbidden-request-header, step 3; quoted text is not split (step 3.1)."""
    split = value.split(",") if engine.quoted_overrides_are_split else _PART.findall(value)
    return any(part.strip("\t ").upper() in FORBIDDEN_METHODS for part in split)


def _keeps_no_cors(kept: Iterable[tuple[str, str]], name: str, value: str) -> bool:
    """Fetch, #concept-headers-append, step 3: judged with what is there already."""
    if name.lower() not in _NO_CORS_SAFELISTED:
        return False
    present = [old for other, old in kept if other.lower() == name.lower()]
    return is_safelisted_request_header(name, ", ".join([*present, value]))


def _add(kept: list[tuple[str, str]], name: str, value: str, *, combine: bool) -> None:
    if combine:
        for index, (other, present) in enumerate(kept):
            if other.lower() == name.lower():
                kept[index] = (other, f"{present}, {value}")
                return
    kept.append((name, value))


def _has(headers: Pairs, name: str) -> bool:
    return any(other.lower() == name for other, _ in headers)


def _stream(body: Body, request: FetchRequest, engine: Engine) -> tuple[Body, bool]:
    """Fetch, #dom-request, steps 36 and 37: a stream forces a preflight."""
    if engine.stream == "text":
        return Body(kind="text"), False
    if engine.stream == "reject":
        return body, False  # refused when it is sent
    if not body.half or request.mode == "no-cors":
        raise InvalidRequestError("stream-not-half-duplex", "a stream needs duplex: half")
    return body, True


def unsafe_names(headers: Pairs, engine: Engine) -> tuple[str, ...]:
    """Return what a preflight asks for (Fetch, #cors-unsafe-request-header-names)."""
    lines = _measured(headers) if engine.equal_names_are_measured_together else headers
    unsafe: list[str] = []
    safe: list[str] = []
    total = 0
    for name, value in lines:
        lower = name.lower()
        if _is_safelisted(lower, value, engine):
            safe.append(lower)
            total += len(value)
        else:
            unsafe.append(lower)
    if engine.total_limit is not None and total > engine.total_limit:
        unsafe += safe
    return tuple(sorted(unsafe if engine.repeated_names_are_asked_twice else set(unsafe)))


def _measured(headers: Pairs) -> Pairs:
    joined: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    return tuple(joined.items())


def _is_safelisted(name: str, value: str, engine: Engine) -> bool:
    if name in _CLIENT_HINTS:
        return engine.client_hints_are_safelisted and _is_hint(name, value)
    if engine.high_bytes_are_unsafe and name in {"accept", "content-type"} and _HIGH.search(value):
        return False
    if name == "range":
        return _is_range(value, engine)
    return is_safelisted_request_header(name, value)


def _is_hint(name: str, value: str) -> bool:
    if len(value) > LONGEST_VALUE:
        return False
    return _HINTS[name].match(value) is not None


def _is_range(value: str, engine: Engine) -> bool:
    if engine.lenient_range:
        value = value.lower().replace("+", "")
    if not is_safelisted_request_header("range", value):
        return False
    numbers = [digits.lstrip("0") for digits in re.findall("[0-9]+", value)]
    largest = "" if engine.largest_range is None else str(engine.largest_range)
    return not largest or all((len(n), n) <= (len(largest), largest) for n in numbers)
