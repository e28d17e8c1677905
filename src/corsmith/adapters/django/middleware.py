"""``CORSMiddleware`` for the setting ``MIDDLEWARE``: put it first.

What lives here: the translation of Django's requests and responses. What does not: which policy
is in force (``in_force``), and any judgement.

Facts that shape the code:

* Django has turned an exception into a response before it comes here, so an unhandled one is a
  500 like others, the page of ``DEBUG`` too; only a page for a 500 that fails itself is not;
* ``request.headers`` and ``response.items()`` cost more than the whole decision, so ``META``
  is asked, and a response only for the names of its headers;
* a response of Django has one line of each name, and only ``Set-Cookie`` several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpResponse
from django.utils.log import log_response

from corsmith.adapters.django.in_force import Pairs, active
from corsmith.adapters.native import Answer, Asked
from corsmith.gate import path_of_target
from corsmith.headers import OWNED_RESPONSE_HEADERS, merge_vary
from corsmith.refusals import note_replaced_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["CORSMiddleware"]

# Django has no types.
Request = Any
Response = Any

_TOUCHED: Final = OWNED_RESPONSE_HEADERS | {"vary"}
_UNTOUCHED: Final = frozenset(
    {
        "Allow",
        "Cache-Control",
        "Content-Language",
        "Content-Length",
        "Content-Type",
        "Cross-Origin-Opener-Policy",
        "Location",
        "Referrer-Policy",
        "X-Content-Type-Options",
        "X-Frame-Options",
    }
)
"""Names that need no closer look: one set look-up instead of a lower-casing."""

_NO_CONTENT: Final = 204
_TEXT: Final = "text/plain; charset=utf-8"
_FAILURE: Final = "Internal Server Error\n"


class CORSMiddleware:
    """Answers preflights, and marks every response, by the policy in the settings.

    ``CORS_POLICY`` is that policy; where it is absent, the settings of django-cors-headers
    count. Raises ``PolicyError`` when the server starts.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Request], Response | Awaitable[Response]]) -> None:
        """Check the settings; ``get_response`` is the rest of the project."""
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        active.policy  # noqa: B018  no server starts with a policy that is none

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer one request."""
        if self._is_async:
            return self._answer_async(request)
        pairs, owned = active.force.find(request.META.get("HTTP_ORIGIN")), OWNED_RESPONSE_HEADERS
        if pairs is None or request.method == "OPTIONS":
            treatment = active.prepare().layer(asynchronous=False).treat(_asked(request))
            if treatment.answer is not None:
                return _response(treatment.answer, request)
            pairs, owned = treatment.pairs, treatment.owned
        try:
            response = self.get_response(request)
        except Exception as error:  # noqa: BLE001  raising again would lose the answer
            response = _failure(request, error, pairs)
        _put(response, pairs, owned)
        return response

    async def _answer_async(self, request: Request) -> Response:
        """Do the same where the rest of the project is awaited."""
        pairs, owned = active.force.find(request.META.get("HTTP_ORIGIN")), OWNED_RESPONSE_HEADERS
        if pairs is None or request.method == "OPTIONS":
            layer = active.prepare().layer(asynchronous=True)
            treatment = await layer.treat_async(_asked(request))
            if treatment.answer is not None:
                return _response(treatment.answer, request)
            pairs, owned = treatment.pairs, treatment.owned
        try:
            response = await self.get_response(request)
        except Exception as error:  # noqa: BLE001  raising again would lose the answer
            response = _failure(request, error, pairs)
        _put(response, pairs, owned)
        return response


def _put(response: Response, pairs: Pairs, owned: frozenset[str]) -> None:
    """Put ``pairs`` on a response: a set replaced, ``Vary`` merged."""
    headers = response.headers
    for name in headers:
        if name not in _UNTOUCHED and name.lower() in _TOUCHED:
            _merge(headers, pairs, owned)
            return
    for name, value in pairs:
        headers[name] = value


def _merge(headers: Any, pairs: Pairs, owned: frozenset[str]) -> None:  # noqa: ANN401  Django
    replaced = [name for name in headers if name.lower() in owned]
    for name in replaced:
        del headers[name]
    if replaced:
        note_replaced_headers(name.lower() for name in replaced)
    for name, value in pairs:
        before = headers.get(name) if name == "Vary" else None
        headers[name] = value if before is None else merge_vary([before], value)


def _failure(request: Request, error: Exception, pairs: Pairs) -> Response:
    """Answer for a project that has no page for an exception: the server's has no header.

    Raises the exception again where the project wants that, or has no policy here.
    """
    if settings.DEBUG_PROPAGATE_EXCEPTIONS or not pairs:
        raise error
    response = HttpResponse(_FAILURE, status=500, content_type=_TEXT)
    log_response(
        "%s: %s",
        response.reason_phrase,
        request.path,
        response=response,
        request=request,
        exception=error,
    )
    return response


def _response(answer: Answer, request: Request) -> Response:
    """Return a whole answer as Django's."""
    response = HttpResponse(answer.body, status=answer.status)
    # wsgiref.validate wants a type on everything but a 204, which has none.
    del response.headers["Content-Type"]
    if answer.status != _NO_CONTENT:
        response.headers["Content-Type"] = _TEXT
    for name, value in answer.headers:
        response.headers[name] = value
    if request.method == "HEAD":
        response.content = b""
    return response


def _asked(request: Request) -> Asked:
    meta = request.META
    return Asked(
        # Not `request.method`, which is in upper case: methods compare byte for byte.
        method=meta["REQUEST_METHOD"],
        path=request.path_info,
        raw_path=_raw_path(request),
        origins=_lines(meta, "HTTP_ORIGIN"),
        methods=_lines(meta, "HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
        names=_lines(meta, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
        sites=_lines(meta, "HTTP_SEC_FETCH_SITE"),
        scheme=request.scheme,
        host=meta.get("HTTP_HOST"),
    )


def _lines(meta: dict[str, str], key: str) -> tuple[str, ...]:
    """Return a header as its lines: several were joined by a comma, and are no origin then."""
    value = meta.get(key)
    return () if value is None else (value,)


def _raw_path(request: Request) -> str | None:
    """Return the path as it was received, below where the project is mounted, if that is known.

    Over WSGI, gunicorn and mod_wsgi tell it; over ASGI it is ``raw_path``, an extension.
    """
    raw: str | None
    if (scope := getattr(request, "scope", None)) is not None:
        received: bytes | None = scope.get("raw_path")
        raw = None if received is None else received.decode("latin-1")
    else:
        raw = request.META.get("RAW_URI", request.META.get("REQUEST_URI"))
    if raw is None:
        return None
    mounted: str = request.META.get("SCRIPT_NAME", "")
    return path_of_target(raw).removeprefix(mounted)
