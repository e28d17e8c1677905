"""Where ``CORSMiddleware`` stands in ``MIDDLEWARE``, and what stands beside it.

What lives here: which layers may answer before it, and which are CORS layers themselves. What
does not: how that is shown (``checks``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from corsmith.diagnostics import Diagnostic, Severity, diagnose
from corsmith.prose import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["check_placement"]

_OURS: Final = frozenset(
    {
        "corsmith.adapters.django.CORSMiddleware",
        "corsmith.adapters.django.middleware.CORSMiddleware",
    }
)
_FIRST: Final = 'Put "corsmith.adapters.django.CORSMiddleware" first in MIDDLEWARE.'
_OTHER: Final = "corsheaders"

_SILENT: Final = frozenset(
    {
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
    }
)
"""What never answers in place of what is below it, and keeps the headers of that."""

_SECURITY: Final = "django.middleware.security.SecurityMiddleware"
"""It answers only where ``SECURE_SSL_REDIRECT`` is set."""


def check_placement(settings: Any) -> Iterator[Diagnostic]:  # noqa: ANN401  Django has no types
    """Yield what is wrong with the order of the layers."""
    layers: Sequence[str] = settings.MIDDLEWARE
    places = [place for place, layer in enumerate(layers) if layer in _OURS]
    if not places:
        message = "CORSMiddleware is not there, so corsmith adds no header by these settings."
        fix = f"{_FIRST} If wsgi.py or asgi.py has install(…), silence this check."
        severity = Severity.WARNING
        yield diagnose("app-without-cors", "MIDDLEWARE", None, message, fix, severity=severity)
    others = [layer for layer in layers if layer not in _OURS and _is_cors(layer)]
    for layer in [*others, *(layers[place] for place in places[1:])]:
        message = f"{layer} adds CORS headers too, and one of the two layers decides nothing."
        yield diagnose("two-layers", "MIDDLEWARE", layer, message, "Remove that line.")
    if _OTHER in settings.INSTALLED_APPS:
        message = f'"{_OTHER}" is still installed, and checks settings that it does not serve.'
        yield diagnose("two-layers", "INSTALLED_APPS", _OTHER, message, "Remove that line.")
    before = layers[: places[0]] if places else ()
    above = [layer for layer in before if _answers(layer, settings)]
    if above:
        names = join_words([layer.rpartition(".")[2] for layer in above])
        verb = "stand" if above[1:] else "stands"
        message = f"{names} {verb} above CORSMiddleware and can answer first, without its headers."
        yield diagnose("middleware-order", "MIDDLEWARE", above[0], message, _FIRST)


def _is_cors(layer: str) -> bool:
    return "cors" in layer.rpartition(".")[2].lower()


def _answers(layer: str, settings: Any) -> bool:  # noqa: ANN401  Django has no types
    """Return whether a layer may answer by itself; what is not known may."""
    if layer == _SECURITY:
        return bool(settings.SECURE_SSL_REDIRECT)
    return layer not in _SILENT and not _is_cors(layer)
