"""aiohttp-cors: the options of each resource of an application, by origin and method.

Read from where aiohttp-cors keeps them, which has no public name but for the defaults; a
release that keeps them elsewhere is said to be one, never misread.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from corsmith.diagnostics import Diagnostic, diagnose
from corsmith.errors import UsageError
from corsmith.headers import SAFELISTED_METHODS
from corsmith.importers.draft import (
    COMMON,
    Draft,
    Imported,
    Row,
    differs,
    inexpressible,
    safelisted,
)
from corsmith.importers.objects import class_names, mro_names
from corsmith.importers.paths import tabulate
from corsmith.prose import join_words, spell_header

__all__ = ["read_app"]

_TITLE: Final = "aiohttp-cors"
_KEPT: Final = attrgetter("_cors_impl._router_adapter._resource_config")
_OPTIONS: Final = "OPTIONS"
_ANY: Final = "*"

Options = Any
"""A ``ResourceOptions`` of aiohttp-cors, whose package has no types for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resource:
    """What a page may do at one path.

    ``routed`` are the methods that answer there, ``listed`` what a preflight may ask for;
    ``asks`` says whether an origin may, and ``chosen`` which options it has then.
    """

    routed: tuple[str, ...]
    listed: tuple[str, ...]
    origins: tuple[str, ...]
    asks: Callable[[str, str], bool]
    chosen: Callable[[str, str], Options | None]


def read_app(app: object) -> Imported | None:
    """Return the CORS of an aiohttp application; ``None`` if it has none by aiohttp-cors."""
    if "aiohttp.web_app.Application" not in class_names(app):
        return None
    resources = list(_applications(app))
    if not any(config is not None for _, config in resources):
        return None
    routes: dict[str, Draft | None] = {}
    for resource, config in resources:
        path = resource.canonical
        draft = None if config is None else _drafted(resource, config)
        routes[f"{path.rstrip('/')}/{{file}}" if _is_static(resource) else path] = draft
    found = tuple(
        f"{_TITLE} for {resource.canonical}" for resource, config in resources if config is not None
    )
    table = tabulate(routes, (), lambda _: None)
    said: list[Diagnostic] = []
    if table.mixed:
        message = (
            f"{', '.join(table.mixed)} cannot be told by the path alone from a resource with other "
            "CORS settings. It has none here."
        )
        said.append(inexpressible("paths", message, "Mark the handler: @cors(policy)."))
    if table.beyond:
        message = (
            "a row covers its path and what is below, a resource there its path alone, so these "
            f"differ if they exist: {join_words(table.beyond)}."
        )
        said.append(differs("paths", message))
    rows = tuple(Row(path=path, draft=draft) for path, draft in table.rows)
    return Imported(title=_TITLE, found=found, rows=rows, said=tuple(said))


# ── where the options are ────────────────────────────────────────────────────


def _applications(app: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every resource with its configuration, those of applications inside this one too."""
    cors = _config(app)
    kept: Mapping[Any, Any] = {}
    if cors is not None:
        try:
            kept = _KEPT(cors)
        except AttributeError:
            version = getattr(sys.modules.get("aiohttp_cors"), "__version__", "this version")
            message = f"aiohttp-cors {version} keeps its options where 0.7 and 0.8 do not\n"
            raise UsageError(f"{message}  pip install 'aiohttp-cors<0.9'") from None
    for resource in app.router.resources():
        inner = resource.get_info().get("app")
        if inner is not None:
            yield from _applications(inner)
        else:
            held = kept.get(resource)
            yield resource, None if held is None else (held, cors.defaults)


def _config(app: Any) -> Any:
    module = sys.modules.get("aiohttp_cors")
    key = getattr(module, "APP_CONFIG_KEY", "aiohttp_cors")
    return app.get(key)


def _is_static(resource: Any) -> bool:
    return "aiohttp.web_urldispatcher.StaticResource" in class_names(resource)


_VERBS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def _drafted(resource: Any, config: tuple[Any, Mapping[str, Options]]) -> Draft:
    held, defaults = config
    views = [view for route in resource if (view := _view(route)) is not None]
    if views:
        return _draft(_of_view(views[0], held.default_config, defaults))
    usual = {**defaults, **held.default_config}

    def asks(origin: str, method: str) -> bool:
        general = usual.get(origin, usual.get(_ANY))
        allowed = general is not None and general.is_method_allowed(method)
        return allowed or method in held.method_config

    def chosen(origin: str, method: str) -> Options | None:
        options = {**usual, **held.method_config.get(method, {})}
        return options.get(origin, options.get(_ANY))

    routed = tuple(dict.fromkeys(route.method for route in resource if route.method != _OPTIONS))
    every = (usual, *held.method_config.values())
    listed = [*held.method_config, *_allowed(usual.values())]
    return _draft(
        _Resource(
            routed=_VERBS if _ANY in routed else routed,
            listed=tuple(name for name in dict.fromkeys(listed) if name not in {_ANY, _OPTIONS}),
            origins=tuple(dict.fromkeys(origin for one in every for origin in one)),
            asks=asks,
            chosen=chosen,
        )
    )


def _allowed(options: Iterable[Options]) -> Iterator[str]:
    """Yield the methods that are allowed by a list, whether there is a route or not."""
    for one in options:
        listed = one.allow_methods
        yield from _VERBS if listed == _ANY else sorted(listed or ())


def _view(route: Any) -> Any:
    handler = route.handler
    return handler if "aiohttp_cors.mixin.CorsViewMixin" in mro_names(handler) else None


def _of_view(view: Any, held: Mapping[str, Options], defaults: Mapping[str, Options]) -> _Resource:
    """Return what a class of handlers says; what the resource was given is only for origins."""
    own = {
        name: getattr(handler, f"{name.lower()}_cors_config", None) or {}
        for name in _VERBS
        if (handler := getattr(view, name.lower(), None)) is not None
    }
    usual = {**defaults, **(view.cors_config or {})}

    def chosen(origin: str, method: str) -> Options | None:
        options = {**usual, **own[method]}
        return options.get(origin, options.get(_ANY))

    every = (usual, held, *own.values())
    return _Resource(
        routed=tuple(own),
        listed=tuple(own),
        origins=tuple(dict.fromkeys(origin for one in every for origin in one)),
        asks=lambda _origin, _method: True,
        chosen=chosen,
    )


# ── what they mean ───────────────────────────────────────────────────────────


def _draft(resource: _Resource) -> Draft:
    """Return one policy for all origins and methods of a resource: never more than any has."""
    usable = [name for name in resource.routed if name in SAFELISTED_METHODS]
    methods = list(dict.fromkeys([*usable, *resource.listed]))
    chosen = {
        origin: {name: resource.chosen(origin, name) for name in methods}
        for origin in resource.origins
    }
    kept = [origin for origin, found in chosen.items() if all(found.values())]
    listed = [name for name in resource.listed if all(resource.asks(one, name) for one in kept)]
    options = [one for origin in kept for one in chosen[origin].values() if one is not None]
    said: list[Diagnostic] = []
    if len(kept) < len(chosen) or len(listed) < len(resource.listed):
        said.append(_by_origin(chosen, kept, sorted({*resource.listed} - {*listed})))
    if not options:
        return Draft(said=tuple(said))
    said += _mixed(options)
    return Draft(
        origins=tuple(kept),
        methods=tuple(listed),
        headers=_headers(options, said),
        expose=_expose(options, said),
        credentials=all(one.allow_credentials for one in options),
        max_age=_age(options),
        sent=frozenset({"expose"}),
        said=(*said, *_differences(kept, listed, options)),
    )


def _by_origin(
    chosen: Mapping[str, Mapping[str, Options | None]], kept: Iterable[str], dropped: list[str]
) -> Diagnostic:
    left_out = [
        f"{origin} for {', '.join(name for name, one in found.items() if one) or 'no method'}"
        for origin, found in chosen.items()
        if origin not in kept
    ]
    if dropped:
        left_out.append(f"the methods {', '.join(dropped)}")
    message = (
        "a policy has the same methods for all its origins, and what only some have is left out: "
        f"{'; '.join(left_out)}."
    )
    return inexpressible("origins", message, "Mark each handler: @cors(policy).")


_FIELDS: Final = ("allow_credentials", "allow_headers", "expose_headers", "max_age")


def _mixed(options: Iterable[Options]) -> Iterator[Diagnostic]:
    found = list(options)
    differing = [name for name in _FIELDS if len({getattr(one, name) for one in found}) > 1]
    if differing:
        message = (
            f"{', '.join(differing)} differ by origin or method; a policy has one answer for all. "
            "Each has what all of them have."
        )
        fix = "In Python, give install() a function in place of the policy."
        yield inexpressible("options", message, fix)


def _headers(options: Iterable[Options], said: list[Diagnostic]) -> tuple[str, ...]:
    lists = [one.allow_headers for one in options if one.allow_headers != _ANY]
    if not lists:
        return ("*", "Authorization")
    names: frozenset[str] = frozenset.intersection(*lists)
    if _ANY in names:
        message = 'in a list of allow_headers "*" is a name, which no page sends. It is left out.'
        fix = 'Write headers = ["*", "Authorization"] if you mean any.'
        said.append(diagnose("never-matched", "headers", _ANY, message, fix))
    return tuple(spell_header(name.lower()) for name in sorted(names - {_ANY}))


def _expose(options: Iterable[Options], said: list[Diagnostic]) -> tuple[str, ...]:
    found = list(options)
    lists = [one.expose_headers for one in found if one.expose_headers != _ANY]
    if lists:
        return tuple(sorted(frozenset[str].intersection(*lists)))
    if not all(one.allow_credentials for one in found):
        return (_ANY,)
    message = "there every header of the answer is listed by name; a policy lists names. None is."
    said.append(inexpressible("expose", message, "Write the names that pages read."))
    return ()


def _age(options: Iterable[Options]) -> int | None:
    ages = [one.max_age for one in options]
    return None if None in ages else min(ages)


def _differences(
    origins: Iterable[str], methods: Iterable[str], options: Iterable[Options]
) -> Iterator[Diagnostic]:
    yield from COMMON
    yield differs(
        "preflight",
        "there only a resource that is set up answers one, and with 403 what is not allowed; "
        "here one is answered with 200 and the lists, and a browser refuses alike.",
    )
    yield from safelisted(methods, "with 403 where a preflight asks for them")
    yield differs(
        "Access-Control-Allow-Methods",
        "here it is the list, there the one method that was asked for, in any case.",
    )
    yield differs(
        "Access-Control-Allow-Headers",
        "here it is the list, or for any header *,Authorization, with credentials an echo of at "
        "most 64 names and 4096 bytes; there what was asked, in capitals.",
    )
    if _ANY in origins:
        yield differs(
            "Access-Control-Allow-Origin",
            "* and Access-Control-Expose-Headers are on every answer here; there it is the origin "
            "itself, where there is one.",
        )
    else:
        message = (
            "there Vary: Origin is never sent, so that a cache may give the answer of one page to "
            "another; here it is on every answer."
        )
        yield diagnose("vary-missing", "Vary", None, message)
    if any(one.expose_headers == _ANY for one in options):
        yield differs(
            "Access-Control-Expose-Headers", "there it names each header of the answer; here not."
        )
