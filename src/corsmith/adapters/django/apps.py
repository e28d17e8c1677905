"""corsmith as an application of a Django project: it brings the system checks.

What lives here: what Django looks for in an application. What does not: the checks.
"""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register

from corsmith.adapters.django.checks import check_project

__all__ = ["CorsmithConfig"]


class CorsmithConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """The application ``corsmith.adapters.django``."""

    name = "corsmith.adapters.django"
    label = "corsmith"
    verbose_name = "corsmith"

    def ready(self) -> None:
        """Let ``manage.py check`` and ``runserver`` tell what is wrong."""
        register(Tags.security)(check_project)
