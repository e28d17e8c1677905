"""The system checks: what ``manage.py check`` and ``runserver`` tell about CORS.

What lives here: what is looked at, and Django's messages, whose ids are ``corsmith.`` and a code
of ours. What does not: how the settings are read (``settings``), where the layers stand
(``placement``), and what cookies need (``sessions``).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as Suspicion

from corsmith.adapters.django.placement import check_placement
from corsmith.adapters.django.sessions import check_cookies, check_csrf
from corsmith.adapters.django.settings import read_settings
from corsmith.adapters.django.views import Views
from corsmith.diagnostics import Diagnostic, Severity, diagnose
from corsmith.policy import Policy
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corsmith.adapters.django.reading import Reading

__all__ = ["check_project"]

_LEVELS: Final = {Severity.ERROR: Error, Severity.WARNING: Suspicion, Severity.INFO: Info}


def check_project(**_: object) -> list[CheckMessage]:
    """Return everything that is wrong or suspicious about CORS in this project."""
    reading = read_settings(settings)
    policies = _policies(reading)
    found = [
        *reading.problems,
        *reading.warnings,
        *check_placement(settings),
        *check_csrf(settings, policies),
        *check_cookies(settings, policies),
        *_check_views(),
        *_check_signal(),
    ]
    return [
        _LEVELS[item.severity](
            item.message, hint=item.fix, obj=item.field, id=f"corsmith.{item.code}"
        )
        for item in found
    ]


def _policies(reading: Reading) -> tuple[Policy, ...]:
    """Return the policies that the settings name; a function's are not known."""
    source = reading.source
    if isinstance(source, Routes):
        return tuple(source.policies())
    return (source,) if isinstance(source, Policy) else ()


def _check_views() -> Iterator[Diagnostic]:
    """Yield the problems of marks, with the name of the view."""
    try:
        views = Views()
    except Exception:  # noqa: BLE001  Django has checks of its own for URL patterns
        return
    for view, problems in views.problems:
        for item in problems:
            yield replace(item, field=f"{view} {item.field or ''}".rstrip())


def _check_signal() -> Iterator[Diagnostic]:
    """Yield a warning where the project waits for the signal of django-cors-headers."""
    signals = sys.modules.get("corsheaders.signals")
    if signals is not None and signals.check_request_enabled.has_listeners():
        message = "check_request_enabled has receivers, and nothing sends that signal."
        fix = 'Give a policy function: CORS_POLICY = "project.cors.choose".'
        yield diagnose("setting-not-read", "check_request_enabled", None, message, fix)
