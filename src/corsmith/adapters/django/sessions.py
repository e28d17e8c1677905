"""What a page with credentials needs of Django beside CORS: CSRF protection and cookies.

What lives here: where ``CSRF_TRUSTED_ORIGINS`` and the cookies' settings contradict a policy.
What does not: how that is shown (``checks``).

CORS says who may read, CSRF protection who may do, and ``SameSite`` whether a cookie goes along:
three lists that have to agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from corsmith.diagnostics import Diagnostic, Severity, diagnose, quote
from corsmith.groups import ORIGIN_GROUPS
from corsmith.pattern import OriginPattern, PatternSet, read_pattern
from corsmith.suffixes import find_registrable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corsmith.policy import Policy

__all__ = ["check_cookies", "check_csrf"]

_CSRF: Final = "django.middleware.csrf.CsrfViewMiddleware"
_SESSION: Final = "django.contrib.sessions.middleware.SessionMiddleware"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that Django's protection lets through (RFC 9110, section 9.2.1)."""

_COOKIES: Final = {"SESSION": _SESSION, "CSRF": _CSRF}
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
"""What Django takes for ``ALLOWED_HOSTS`` where that is empty and ``DEBUG`` is set."""


def check_csrf(settings: Any, policies: Iterable[Policy]) -> Iterator[Diagnostic]:  # noqa: ANN401  Django has no types
    """Yield each origin that may send what changes something, and is refused for it."""
    if _CSRF not in settings.MIDDLEWARE:
        return
    trusted = tuple(settings.CSRF_TRUSTED_ORIGINS)
    told = set[str]()
    for policy in policies:
        if not policy.credentials or _SAFE.issuperset(policy.methods):
            continue
        for text in policy.origins:
            if text in told or _is_trusted(text, trusted):
                continue
            told.add(text)
            message = f"{quote(text)} may send cookies, and Django refuses what it sends with POST."
            fix = f"Add it: CSRF_TRUSTED_ORIGINS = [{quote(_example(text))}]."
            yield diagnose("csrf-origin-missing", "CSRF_TRUSTED_ORIGINS", text, message, fix)


def _patterns(text: str) -> tuple[OriginPattern, ...]:
    """Return what an entry of a valid policy means; nothing for ``null``."""
    found = (read_pattern(each) for each in ORIGIN_GROUPS.get(text, (text,)))
    return tuple(pattern for pattern in found if pattern is not None)


def _is_trusted(text: str, trusted: tuple[str, ...]) -> bool:
    """Return whether ``CSRF_TRUSTED_ORIGINS`` has an entry for an entry of a policy."""
    patterns = _patterns(text)
    if any(pattern.any_port for pattern in patterns):
        # Django has no word for any port: one of them will do.
        return any(map(PatternSet(patterns).matches, trusted))
    return all(any(_covers(entry, pattern) for entry in trusted) for pattern in patterns)


def _covers(entry: str, pattern: OriginPattern) -> bool:
    """Return whether an entry of ``CSRF_TRUSTED_ORIGINS`` means all that a pattern does."""
    scheme, _, rest = entry.partition("://")
    port = "" if pattern.port is None else f":{pattern.port}"
    if scheme != pattern.scheme:
        return False
    if rest.startswith("*"):
        # Django takes the name itself for one below it.
        return f".{pattern.host}{port}".endswith(rest.removeprefix("*"))
    return pattern.is_exact and rest == f"{pattern.host}{port}"


def _example(text: str) -> str:
    """Return an entry for ``CSRF_TRUSTED_ORIGINS`` that means what an entry of a policy does."""
    pattern = _patterns(text)[0]
    star = "" if pattern.parent is None else "*."
    port = "" if pattern.port is None else f":{pattern.port}"
    return f"{pattern.scheme}://{star}{pattern.host}{':3000' if pattern.any_port else port}"


def check_cookies(settings: Any, policies: Iterable[Policy]) -> Iterator[Diagnostic]:  # noqa: ANN401  Django has no types
    """Yield each cookie that a page of another site may send, and never will."""
    found = [
        pair
        for policy in policies
        if policy.credentials
        for text in policy.origins
        if (pair := _crossing(text, settings)) is not None
    ]
    if not found:
        return
    origin, is_known = min(found, key=lambda pair: not pair[1])
    for prefix, layer in _COOKIES.items():
        same_site = getattr(settings, f"{prefix}_COOKIE_SAMESITE")
        is_secure = getattr(settings, f"{prefix}_COOKIE_SECURE")
        by_itself = prefix == "SESSION" or not settings.CSRF_USE_SESSIONS
        if layer not in settings.MIDDLEWARE or not by_itself or (same_site == "None" and is_secure):
            continue
        name = getattr(settings, f"{prefix}_COOKIE_NAME")
        where = "is another site" if is_known else "may be another site"
        message = f"{quote(origin)} {where}, and the cookie {name} is not sent from there."
        fix = (
            f'Write {prefix}_COOKIE_SAMESITE = "None" and {prefix}_COOKIE_SECURE = True; '
            "some browsers refuse third-party cookies even so."
        )
        severity = None if is_known else Severity.INFO
        field = f"{prefix}_COOKIE_SAMESITE"
        yield diagnose("cookie-not-sent", field, origin, message, fix, severity=severity)


def _crossing(text: str, settings: Any) -> tuple[str, bool] | None:  # noqa: ANN401  Django has no types
    """Return an entry of a policy that is another site than ours, and whether that is sure.

    ``SameSite`` looks at registrable domains: ``api.app.example`` and ``app.example`` are one.
    """
    hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS]
    if not hosts and settings.DEBUG:
        hosts = list(_LOCAL)
    sites = {_site(host) for host in hosts if host != "*"}
    patterns = _patterns(text)
    if not patterns or any(_site(pattern.host) in sites for pattern in patterns):
        return None
    is_known = bool(sites) and "*" not in hosts
    if not is_known and all(pattern.is_loopback for pattern in patterns):
        return None
    return text, is_known


def _site(host: str) -> str:
    return find_registrable(host) or host
