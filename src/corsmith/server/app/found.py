"""What an application turns out to be, and whose policy is in force for it.

What lives here: the rows of the banner that say so. What does not: how an application is read
(``corsmith.application.anatomy``).

A policy of corsmith's own that an application brings with it is the one its author wrote, so it
stays unless the command line has another. The settings of any other library are replaced, as
they would be by ``install``: its answers are the ones that leave errors and preflights bare.
"""

import shlex
from dataclasses import dataclass
from typing import Final

from corsmith.application.anatomy import Anatomy, Settings, examine
from corsmith.installer import is_asgi
from corsmith.marks import UNMARKED
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["AS_IT_IS", "Found", "find"]

AS_IT_IS: Final = Routes({"/": None})
"""The policy in force around an application that judges each request by itself."""

_IMPORTED: Final = frozenset({"starlette", "flask-cors", "django-cors-headers"})
"""The libraries whose settings ``corsmith import`` reads out of what can be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The rows that say what was found, and the policy that stays in force, if one does."""

    notes: tuple[tuple[str, str], ...]
    policy: Policy | Routes | None = None


def find(app: object, target: str, *, keeps: bool) -> Found:
    """Return what an application turns out to be.

    ``keeps`` says that the command line has no policy, so that the application's may stay.
    """
    anatomy = _read(app)
    kind = f"{anatomy.title if anatomy.framework else _protocol(app)} app"
    settings = anatomy.settings
    if settings is None:
        return Found(notes=(("found", f"{kind} without CORS of its own"),))
    if settings.library == "corsmith":
        if not keeps:
            words = f"{kind} with a corsmith policy of its own: the command line's is in its place"
            return Found(notes=(("found", words),))
        words = f"{kind} with a corsmith policy of its own: it stays"
        return Found(notes=(("found", words),), policy=_own(anatomy, settings))
    name = settings.title.rpartition("'s ")[2]
    notes = [("found", f"{kind} with its own {name}: its headers are replaced")]
    if keeps and settings.library in _IMPORTED:
        command = f"corsmith import {shlex.quote(target)} > cors.toml"
        notes.append(("keep it", f"{command}, and serve with --policy cors.toml"))
    return Found(notes=tuple(notes))


def _read(app: object) -> Anatomy:
    try:
        return examine(app)
    except Exception:  # noqa: BLE001  whatever its URL patterns, properties or marks raise
        return Anatomy()  # it may serve well all the same


def _protocol(app: object) -> str:
    return "ASGI" if is_asgi(app) else "WSGI"


def _own(anatomy: Anatomy, settings: Settings) -> Policy | Routes:
    """Return the policy of an application's own layer, to stand around it too.

    Where a function or marks of endpoints decide, only that layer can.
    """
    source = settings.source
    has_marks = any(route.mark is not UNMARKED for route in anatomy.routes)
    if len(anatomy.cors) > 1 or has_marks or not isinstance(source, Policy | Routes):
        return AS_IT_IS
    return source
