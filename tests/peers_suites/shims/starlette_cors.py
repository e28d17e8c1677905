"""Starlette's ``CORSMiddleware``, as its tests know it, made of ``corsmith.adapters.starlette``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import starlette.middleware.cors

from corsmith import Policy
from corsmith.adapters.starlette import CORSMiddleware

from .words import IS_SAID, Preflight, is_preflight

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]

SAFELISTED = ("Accept", "Accept-Language", "Content-Language", "Content-Type")
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY")
VARY = (
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, "
    "Access-Control-Request-Private-Network"
)


class StarletteMiddleware(CORSMiddleware):
    """Our layer with the peer's keywords. ``allow_private_network`` has nothing to set."""

    def __init__(
        self,
        app: Any,
        allow_origins: Iterable[str] = (),
        allow_methods: Iterable[str] = ("GET",),
        allow_headers: Iterable[str] = (),
        allow_credentials: bool = False,
        allow_origin_regex: str | None = None,
        allow_private_network: bool = False,
        expose_headers: Iterable[str] = (),
        max_age: int = 600,
    ) -> None:
        is_any = "*" in allow_origins
        fields: dict[str, Any] = {
            "origins": [*allow_origins],
            "origin_regex": allow_origin_regex,
            "methods": METHODS if "*" in allow_methods else [*allow_methods],
            # The peer lists the safelisted names with the others, in this order.
            "headers": "*" if "*" in allow_headers else sorted({*SAFELISTED, *allow_headers}),
            "expose": [*expose_headers],
            "credentials": allow_credentials,
            "max_age": max_age,
            # A regex that lets any page in with cookies is only taken knowingly.
            "accept_risks": ["wide-regex", "insecure-origin"],
        }
        if is_any and allow_credentials:
            # The peer echoes any origin with cookies. Our `*` never does.
            fields |= {"origins": (), "origin_regex": ".*"}
        policy = Policy(**fields)

        async def choose(
            origin: str | None, scheme: str, host: str | None, path: str
        ) -> Policy | None:
            # The peer says `*` only to a request that names an origin, and `Vary` to all.
            return None if origin is None else policy

        super().__init__(app, choose if is_any and not allow_credentials else policy)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if IS_SAID and scope["type"] == "http":
            send = _in_their_words(scope, send)
        await super().__call__(scope, receive, send)


def _in_their_words(scope: Any, send: Send) -> Send:
    """Return a ``send`` that says our answer to a preflight as Starlette would."""
    request = _text(scope["headers"])
    if not is_preflight(scope["method"], request):
        return send
    body = b""

    async def say(message: Message) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            seen = Preflight(request=request, answer=_text(message["headers"]))
            body = _verdict(seen).encode()
            lines = seen.lines(
                access_control_allow_headers=_names(seen),
                vary=VARY if seen.answered("vary") == "Origin" else seen.answered("vary"),
                content_length=str(len(body)),
                content_type="text/plain; charset=utf-8",
            )
            status = message["status"] if body == b"OK" else 400
            headers = [(name.lower().encode(), value.encode()) for name, value in lines]
            message = {**message, "status": status, "headers": headers}
        elif message["type"] == "http.response.body":
            message = {**message, "body": body}
        await send(message)

    return say


def _names(seen: Preflight) -> str | None:
    listed = seen.answered("access-control-allow-headers")
    if seen.is_any_name_allowed or not listed:
        return ", ".join(seen.allowed_names()) or None
    return listed.replace(",", ", ")


def _verdict(seen: Preflight) -> str:
    # An origin that is refused is told nothing further: what else was wrong, no answer says.
    if not seen.is_origin_allowed:
        return "Disallowed CORS origin"
    wrong = []
    if not seen.is_method_allowed:
        wrong.append("method")
    if seen.refused_names():
        wrong.append("headers")
    return f"Disallowed CORS {', '.join(wrong)}" if wrong else "OK"


def _text(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


starlette.middleware.cors.CORSMiddleware = StarletteMiddleware  # type: ignore[misc, assignment]
