"""aiohttp-cors, as its tests know it, made of ``corsmith.adapters.aiohttp``.

A route is marked by ``add`` of our layer; nothing is registered, so no route gets a name.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from corsmith import Policy, Routes
from corsmith.adapters import aiohttp as ours

from .words import IS_SAID, Preflight, is_preflight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOptions:
    """What the peer allows one origin."""

    allow_credentials: bool = False
    expose_headers: Any = ()
    allow_headers: Any = ()
    max_age: int | None = None
    allow_methods: Any = None


Config = dict[str, ResourceOptions]


class CorsViewMixin:
    """What the peer's views are told by; ours need nothing."""

    cors_config: Config | None = None


class CorsConfig:
    """The peer's object that routes are added to."""

    def __init__(self, app: web.Application, *, defaults: Mapping[str, Any] | None = None) -> None:
        # Only what is added has CORS there.
        self._layer = ours.setup(app, Routes({}))
        self._defaults = dict(defaults or {})
        self._resources: dict[object, Config] = {}
        if IS_SAID:
            _speak(app)

    def add(self, entity: Any, config: Config | None = None) -> Any:
        """Give a resource or a route the policy that the peer's options say."""
        if isinstance(entity, web.AbstractResource):
            self._resources[entity] = {**self._defaults, **(config or {})}
            # Its routes may come later, except for those of a folder.
            if isinstance(entity, web.StaticResource):
                self._layer.add(entity, _policy(self._resources[entity], ("GET", "HEAD")))
            return entity
        handler = entity.handler
        own = getattr(handler, "cors_config", None) if config is None else config
        options = {**self._resources.get(entity.resource, self._defaults), **(own or {})}
        methods = [entity.method]
        if isinstance(handler, type):
            methods = [method for method in METHODS if hasattr(handler, method.lower())]
        return self._layer.add(entity, _policy(options, methods))


def setup(app: web.Application, *, defaults: Mapping[str, Any] | None = None) -> CorsConfig:
    """Set up CORS, as the peer's function of that name."""
    return CorsConfig(app, defaults=defaults)


def _policy(config: Config, methods: Iterable[str]) -> Policy:
    """Return our policy of the peer's options, which have to be the same for every origin."""
    if len({*map(repr, config.values())}) != 1:
        raise NotImplementedError(config)
    options = next(iter(config.values()))
    is_any = "*" in config
    echoes = is_any and options.allow_credentials
    allowed = options.allow_methods
    return Policy(
        # The peer echoes any origin with cookies. Our `*` never does.
        origins=[] if echoes else ["*"] if is_any else [*config],
        origin_regex=".*" if echoes else None,
        methods=METHODS if allowed == "*" else [*(methods if allowed is None else allowed)],
        headers=options.allow_headers,
        # With credentials `*` is the name of a header, and matches no other.
        expose=() if options.expose_headers == "*" else options.expose_headers,
        credentials=options.allow_credentials,
        max_age=options.max_age,
        accept_risks=["wide-regex", "insecure-origin"],
    )


class _Said(web.UrlMappingMatchInfo):
    """What is found for a preflight: our answer in the peer's words."""

    def __init__(self, response: web.StreamResponse) -> None:
        async def respond(_: web.Request) -> web.StreamResponse:
            return response

        super().__init__({}, web.ResourceRoute("*", respond, web.PlainResource("/")))


class _Refusal(web.Response):
    """What the peer says to an OPTIONS that no route takes and that is no preflight either."""


def _speak(app: web.Application) -> None:
    """Say our answers to preflights as aiohttp-cors would."""
    resolve = app.router.resolve

    async def say(request: web.Request) -> Any:
        found = await resolve(request)
        if request.method != "OPTIONS":
            return found
        if not is_preflight(request.method, request.headers.items()):
            try:
                return _Said(await found.handler(request))
            except web.HTTPMethodNotAllowed:
                return _Said(_refusal(request))
        if found.http_exception is not None:
            return found  # not answered by us
        response = await found.handler(request)
        assert isinstance(response, web.Response)
        _in_their_words(request, response)
        return _Said(response)

    async def strip(_: web.Request, response: web.StreamResponse) -> None:
        # Ours are on whatever is answered, the application's 405 among it.
        if isinstance(response, _Refusal):
            for name in [*response.headers]:
                if name.lower().startswith("access-control"):
                    del response.headers[name]

    app.router.resolve = say  # type: ignore[method-assign]
    app.on_response_prepare.append(strip)


def _refusal(request: web.Request) -> web.Response:
    """Return what aiohttp-cors writes where the application answers 405 here."""
    wrong = "'Access-Control-Request-Method' header is not specified"
    if "Origin" not in request.headers:
        wrong = "origin header is not specified in the request"
    return _Refusal(status=403, text=f"CORS preflight request failed: {wrong}")


def _in_their_words(request: web.Request, response: web.Response) -> None:
    """Change a response to what aiohttp-cors writes for the same verdict."""
    seen = Preflight(request=tuple(request.headers.items()), answer=tuple(response.headers.items()))
    wrong = _verdict(seen)
    for name in [name for name in response.headers if name.lower().startswith("access-control")]:
        if wrong or name.lower() in {
            "access-control-allow-methods",
            "access-control-allow-headers",
        }:
            del response.headers[name]
    if wrong:
        response.headers.popall("Content-Length", None)
        response.set_status(403)
        response.text = f"CORS preflight request failed: {wrong}"
        return
    response.headers["Access-Control-Allow-Methods"] = seen.method
    if seen.names:
        response.headers["Access-Control-Allow-Headers"] = ",".join(seen.names).upper()


def _verdict(seen: Preflight) -> str | None:
    if not seen.is_origin_allowed:
        return f"origin '{seen.origin}' is not allowed"
    if not seen.is_method_allowed:
        return f"request method '{seen.method}' is not allowed for '{seen.origin}' origin"
    if refused := seen.refused_names():
        names = ", ".join(refused).upper()
        return f"headers are not allowed: {names}"
    return None


def _module(name: str, **names: Any) -> None:
    module = ModuleType(name)
    vars(module).update(names)
    sys.modules[name] = module


_module(
    "aiohttp_cors",
    CorsConfig=CorsConfig,
    CorsViewMixin=CorsViewMixin,
    ResourceOptions=ResourceOptions,
    setup=setup,
)
