"""The settings of django-cors-headers: their names, old and new, and what holds without them.

What lives here: what that library (4.x, ``corsheaders/conf.py``) reads from Django's settings.
What does not: what becomes of it. Two read it, and each for a reason of its own: the Django
adapter puts the settings in force, and refuses what is dangerous or cannot work; the importer
tells what the library itself makes of them, its holes among it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = ["DEFAULTS", "OLD_NAMES", "name_in_use", "value_of"]

DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "CORS_ALLOWED_ORIGINS": (),
        "CORS_ALLOW_ALL_ORIGINS": False,
        "CORS_ALLOWED_ORIGIN_REGEXES": (),
        "CORS_ALLOW_METHODS": ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"),
        "CORS_ALLOW_HEADERS": (
            "accept",
            "authorization",
            "content-type",
            "user-agent",
            "x-csrftoken",
            "x-requested-with",
        ),
        "CORS_EXPOSE_HEADERS": (),
        "CORS_ALLOW_CREDENTIALS": False,
        "CORS_ALLOW_PRIVATE_NETWORK": False,
        "CORS_PREFLIGHT_MAX_AGE": 86_400,
        "CORS_URLS_REGEX": r"^.*$",
    }
)
"""Every setting, and its value where there is none."""

OLD_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CORS_ALLOWED_ORIGINS": "CORS_ORIGIN_WHITELIST",
        "CORS_ALLOW_ALL_ORIGINS": "CORS_ORIGIN_ALLOW_ALL",
        "CORS_ALLOWED_ORIGIN_REGEXES": "CORS_ORIGIN_REGEX_WHITELIST",
    }
)
"""Names before django-cors-headers 3.5, which it still reads where the new one is absent."""


def name_in_use(settings: object, name: str) -> str:
    """Return the name that a setting has among these, the old one where only that is there."""
    old = OLD_NAMES.get(name, name)
    return old if hasattr(settings, old) and not hasattr(settings, name) else name


def value_of(settings: object, name: str) -> Any:  # noqa: ANN401  whatever stands there
    """Return what holds for a setting, by the name that it has now."""
    return getattr(settings, name_in_use(settings, name), DEFAULTS[name])
