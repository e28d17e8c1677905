"""flask-cors, as its tests know it, made of ``corsmith.adapters.flask``.

A path is a regular expression there, so what is given for resources is a policy function here.
"""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import flask

from corsmith import Policy, Routes
from corsmith.adapters.flask import CORS as EXTENSION
from corsmith.adapters.flask import cors, install
from corsmith.adapters.werkzeug import NOWHERE
from corsmith.origin import parse_origin

from .words import IS_SAID, Preflight, elements, is_preflight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HINTS = frozenset("*\\]?$^[]()")
"""What the peer takes for the sign of a regular expression."""

ALL_METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"]
NAMES = {
    "ACL_ORIGIN": "Access-Control-Allow-Origin",
    "ACL_METHODS": "Access-Control-Allow-Methods",
    "ACL_ALLOW_HEADERS": "Access-Control-Allow-Headers",
    "ACL_EXPOSE_HEADERS": "Access-Control-Expose-Headers",
    "ACL_CREDENTIALS": "Access-Control-Allow-Credentials",
    "ACL_MAX_AGE": "Access-Control-Max-Age",
    "ACL_RESPONSE_PRIVATE_NETWORK": "Access-Control-Allow-Private-Network",
    "ACL_REQUEST_METHOD": "Access-Control-Request-Method",
    "ACL_REQUEST_HEADERS": "Access-Control-Request-Headers",
    "ACL_REQUEST_HEADER_PRIVATE_NETWORK": "Access-Control-Request-Private-Network",
}


class Application(flask.Flask):
    """An application in which a mark alone is enough, and which says things as the peer does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        install(self, NOWHERE)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = tuple(_lines(environ)) if IS_SAID else ()

        def say(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            if IS_SAID:
                headers = _in_their_words(environ["REQUEST_METHOD"], request, headers)
            return start_response(status, headers, *exc_info)

        return super().__call__(environ, say)


class CORS:
    """The peer's extension."""

    def __init__(self, app: Any = None, **options: Any) -> None:
        self.options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Any, **options: Any) -> None:
        """Put the policies of the resources on an application or a blueprint."""
        source = _source(**{**self.options, **options})
        if isinstance(app, flask.Blueprint) and not isinstance(source, Policy):
            # The paths of its resources are those of the whole application.
            app.record(lambda state: EXTENSION().init_app(state.app, source))
        else:
            EXTENSION(app, source)


def cross_origin(**options: Any) -> Callable[[Any], Any]:
    """Return the peer's decorator: our mark."""
    return cors(_policy(**options))


def _source(resources: Any = None, **options: Any) -> Any:
    if resources is None:
        return _policy(**options)
    if isinstance(resources, (str, re.Pattern)):
        resources = [resources]
    if not isinstance(resources, (dict, list)):
        return Routes(resources)
    given = resources if isinstance(resources, dict) else {one: {} for one in resources}
    # As there: expressions after paths, the longest first.
    order = sorted(given, key=lambda one: (_is_regex(one), -len(_text(one))))
    table = [(one, {**options, **given[one]}) for one in order]
    ready = [(one, _policy(**own), _policy(**own, echoes=True)) for one, own in table]

    def choose(origin: str | None, scheme: str, host: str | None, path: str) -> Policy | None:
        for one, policy, echoing in ready:
            if _covers(one, path):
                # Any origin is echoed there, where there is one, unless `*` is asked for.
                return echoing if origin and parse_origin(origin) else policy
        return None

    return choose


def _covers(resource: Any, path: str) -> bool:
    return bool(re.match(resource, path)) if _is_regex(resource) else bool(resource == path)


def _text(pattern: Any) -> str:
    return str(pattern.pattern if isinstance(pattern, re.Pattern) else pattern)


def _is_regex(text: Any) -> bool:
    return isinstance(text, re.Pattern) or not HINTS.isdisjoint(text)


def _policy(
    origins: Any = "*",
    methods: Iterable[str] = tuple(ALL_METHODS),
    allow_headers: Any = "*",
    expose_headers: Any = (),
    supports_credentials: bool = False,
    max_age: Any = None,
    send_wildcard: bool = False,
    always_send: bool = True,
    automatic_options: bool = True,
    intercept_exceptions: bool = True,
    allow_private_network: bool = False,
    echoes: bool = False,
) -> Policy:
    """Return our policy of the peer's options; three of them have nothing to set.

    ``echoes``, which is no option of the peer's, names the origin where it does by itself.
    """
    listed = _list(origins)
    # The peer matches the beginning only. Ours match the whole, so what may follow is written.
    regexes = [f"(?:{_text(one)}).*" for one in listed if one != "*" and _is_regex(one)]
    is_echoed = supports_credentials or not (send_wildcard or (always_send and not echoes))
    if "*" in listed and is_echoed:
        # The peer echoes any origin. Our `*` is a `*`, and never goes with cookies.
        listed, regexes = [], [".*"]
    return Policy(
        origins=[one for one in listed if one == "*" or not _is_regex(one)],
        origin_regex="|".join(f"(?:{one})" for one in regexes) or None,
        methods=sorted(methods),
        # A policy lists names: no pattern of names can be said.
        headers=[one for one in _list(allow_headers) if one == "*" or not _is_regex(one)],
        expose=sorted(_list(expose_headers)),
        credentials=supports_credentials,
        max_age=max_age,
        accept_risks=["wide-regex", "insecure-origin"],
    )


def _list(value: Any) -> list[Any]:
    return [value] if isinstance(value, (str, re.Pattern)) else list(value)


def _lines(environ: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key.removeprefix("HTTP_").replace("_", "-").lower(), value


def _in_their_words(
    method: str, request: tuple[tuple[str, str], ...], headers: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return our header lines as flask-cors would write them."""
    seen = Preflight(request=request, answer=tuple(headers))
    if is_preflight(method, request):
        methods = elements(seen.answered("access-control-allow-methods"))
        headers = seen.lines(
            access_control_allow_methods=", ".join(methods) if seen.is_method_allowed else None,
            access_control_allow_headers=", ".join(sorted(seen.allowed_names())) or None,
        )
    return list(_separated(headers))


def _separated(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        if name.lower() == "vary":
            yield from ((name, word) for word in elements(value))
        elif name.lower() == "access-control-expose-headers":
            yield name, ", ".join(elements(value))
        else:
            yield name, value


def _module(name: str, **names: Any) -> None:
    module = ModuleType(name)
    vars(module).update(names)
    sys.modules[name] = module


flask.Flask = Application  # type: ignore[misc]
_module("flask_cors", CORS=CORS, cross_origin=cross_origin)
_module("flask_cors.core", ALL_METHODS=ALL_METHODS, **NAMES)
