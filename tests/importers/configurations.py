"""Sixty configurations from a seed, across the four libraries, as people write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.importers import originals
from tests.importers.originals import METHODS, PATHS

if TYPE_CHECKING:
    from random import Random

    from tests.importers.originals import Original

__all__ = ["configuration"]

ORIGINS = (
    "https://app.example.com",
    "https://admin.example.com",
    "https://App.Example.com",
    "https://app.example.com/",
    "https://app.example.com:8443",
    "https://app.example.com:443",
    "http://app.example.com",
    "http://localhost:3000",
    "http://127.0.0.1:8080",
    "https://*.example.com",
    "app.example.com",
    "null",
    "file://",
)
EXPRESSIONS = (
    r"https://.*\.example\.com",
    r"https://.*example\.com",
    r"^https://.*\.example\.com$",
    r"^https://app\.example\.com$",
    r"https://app.example.com",
    r"https?://localhost(:\d+)?$",
    r"^http://localhost:\d+",
    r"https://(app|admin)\.example\.com(:[0-9]+)?",
    r"^https://\w+\.example\.com",
    r"https://pr-[0-9]+\.vercel\.app",
    r"https://[a-z0-9-]+\.vercel\.app$",
    r"^(https://)?app\.example\.com$",
    r"https://app\.example\.com.*",
    r"([a-z]+)+\.example\.com",
)
NAMES = ("Content-Type", "X-Key", "authorization", "X-Requested-With", "x-trace-id", "Accept")
ODD_NAMES = ("Cookie", "Access-Control-Allow-Origin", "no token", "Range")
SHOWN = ("X-Total-Count", "x-secret", "ETag", "Set-Cookie")


def configuration(number: int, rng: Random) -> Original:
    """Return one of the four libraries' applications, set up at random."""
    make = (_starlette, _flask, _django, _aiohttp)[number % 4]
    while True:
        try:
            return make(rng)
        except ValueError:  # the library itself refuses this one
            continue


def _some(rng: Random, values: tuple[Any, ...], most: int) -> list[Any]:
    return rng.sample(values, rng.randint(0, min(most, len(values))))


def _origins(rng: Random) -> list[str]:
    return ["*"] if rng.random() < 0.2 else _some(rng, ORIGINS, 4)


def _names(rng: Random) -> list[str]:
    return ["*"] if rng.random() < 0.3 else _some(rng, NAMES, 3) + _some(rng, ODD_NAMES, 1)


def _methods(rng: Random) -> list[str]:
    usual = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "put", "PURGE", "TRACE")
    return ["*"] if rng.random() < 0.25 else _some(rng, usual, 5)


def _maybe(rng: Random, settings: dict[str, Any], chance: float = 0.6) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if rng.random() < chance}


def _starlette(rng: Random) -> Original:
    settings: dict[str, Any] = {
        "allow_origins": _origins(rng),
        "allow_origin_regex": rng.choice(EXPRESSIONS),
        "allow_methods": _methods(rng),
        "allow_headers": _names(rng),
        "allow_credentials": True,
        "expose_headers": ["*"] if rng.random() < 0.2 else _some(rng, SHOWN, 3),
        "max_age": rng.choice([0, 5, 600, 86_400, 200_000, -1]),
    }
    if rng.random() < 0.15:
        settings["allow_origins"] = "https://app.example.com,https://admin.example.com"
    if rng.random() < 0.1:
        settings["allow_methods"] = rng.choice(["GET, PUT", "*"])
    if rng.random() < 0.1:
        settings["allow_headers"] = rng.choice(["X-Key", "*"])
        settings["expose_headers"] = rng.choice(["X-Secret", "*"])
    return originals.starlette(**_maybe(rng, settings))


def _of_flask(rng: Random) -> dict[str, Any]:
    origins: Any = _origins(rng) + _some(rng, EXPRESSIONS, 1)
    if rng.random() < 0.2:
        origins = re.compile(rng.choice(EXPRESSIONS))
    if rng.random() < 0.2:
        origins = rng.choice(ORIGINS)
    settings = _maybe(
        rng,
        {
            "origins": origins,
            "methods": rng.choice([_methods(rng), "GET, PUT", "*"]),
            "allow_headers": rng.choice([_names(rng), r"X-.*", [r"X-.*", "Content-Type"]]),
            "expose_headers": rng.choice([_some(rng, SHOWN, 3), "X-Total-Count, X-Secret", "*"]),
            "supports_credentials": True,
            "max_age": rng.choice([0, "600", 600, timedelta(hours=1), 200_000]),
            "vary_header": False,
            "always_send": rng.choice([True, False]),
            "send_wildcard": True,
        },
        0.45,
    )
    if settings.get("supports_credentials"):
        settings.pop("send_wildcard", None)
    return settings


def _flask(rng: Random) -> Original:
    extension: dict[str, Any] | None = _of_flask(rng)
    patterns = (
        "*",
        r"/*",
        r"/api/*",
        r"/api/.*",
        r"^/api/v\d+/.*$",
        "/items",
        r"/(items|public)/?.*",
        r"/public/.*",
    )
    assert extension is not None
    if rng.random() < 0.6:
        extension["resources"] = {one: _of_flask(rng) for one in rng.sample(patterns, 2)}
        extension.pop("supports_credentials", None)
        for one in extension["resources"].values():
            one.pop("send_wildcard", None)
    elif rng.random() < 0.5:
        extension["resources"] = rng.choice(patterns)
    decorated = {path: _of_flask(rng) for path in PATHS if rng.random() < 0.2}
    if decorated and rng.random() < 0.5:
        extension = None
    config = _maybe(rng, {"CORS_METHODS": ["GET", "PUT"], "CORS_MAX_AGE": 60}, 0.2)
    blueprint = _of_flask(rng) if rng.random() < 0.2 else None
    return originals.flask(extension, decorated, config, blueprint)


def _django(rng: Random) -> Original:
    patterns = (r"^/api/.*$", r"^/api/v[12]/.*", r"^/(api|public)/", r"/items", r"^/(?!public).*$")
    return originals.django(
        **_maybe(
            rng,
            {
                "CORS_ALLOWED_ORIGINS": [one for one in _origins(rng) if one != "*"],
                "CORS_ALLOW_ALL_ORIGINS": rng.random() < 0.5,
                "CORS_ALLOWED_ORIGIN_REGEXES": [
                    *_some(rng, EXPRESSIONS, 2),
                    re.compile(rng.choice(EXPRESSIONS), rng.choice([re.NOFLAG, re.IGNORECASE])),
                ],
                "CORS_ALLOW_METHODS": _methods(rng),
                "CORS_ALLOW_HEADERS": rng.choice([_names(rng), "*"]),
                "CORS_EXPOSE_HEADERS": tuple(_some(rng, SHOWN, 3)),
                "CORS_ALLOW_CREDENTIALS": True,
                "CORS_PREFLIGHT_MAX_AGE": rng.choice([0, 600, 200_000]),
                "CORS_URLS_REGEX": rng.choice(patterns),
            },
            0.5,
        )
    )


def _of_aiohttp(rng: Random, *, methods: bool) -> dict[str, Any]:
    origins = rng.sample(["*", *ORIGINS], rng.randint(0, 3))
    settings = {
        "allow_credentials": True,
        "allow_headers": rng.choice(["*", _names(rng)]),
        "expose_headers": rng.choice(["*", _some(rng, SHOWN, 3)]),
        "max_age": rng.choice([0, 600, 200_000]),
    }
    if methods:
        settings["allow_methods"] = rng.choice(["*", _methods(rng)])
    if rng.random() < 0.6:
        return dict.fromkeys(origins, _maybe(rng, settings, 0.5))
    return {origin: _maybe(rng, settings, 0.5) for origin in origins}


def _aiohttp(rng: Random) -> Original:
    defaults = _of_aiohttp(rng, methods=True)
    resources = {
        path: _of_aiohttp(rng, methods=True) if rng.random() < 0.5 else None
        for path in rng.sample(PATHS, 3)
    }
    routes = {
        (path, method): _of_aiohttp(rng, methods=False) if rng.random() < 0.5 else {}
        for path in rng.sample(PATHS, 3)
        for method in rng.sample(METHODS, 2)
    }
    return originals.aiohttp_app(defaults, resources, routes)
