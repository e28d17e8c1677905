"""What is in force in this process: the policy of the settings, or one put in its place.

What lives here: ``active``, which reads the settings when they are needed, looks for marked
views at the first request, and forgets both when a test changes a setting. What does not: the
middleware, and what the settings mean (``settings``).

Django's settings are those of a process, so this is too.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core.signals import setting_changed

from corsmith.adapters.django.settings import is_async, read_settings
from corsmith.adapters.django.views import Views
from corsmith.adapters.native import Layer
from corsmith.gate import admit
from corsmith.marks import UNMARKED
from corsmith.policy import Policy
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.adapters.django.reading import Reading
    from corsmith.gate import Source
    from corsmith.marks import Mark, Marks

__all__ = ["Active", "Force", "Pairs", "active", "fit"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class Force:
    """One policy in force, its layers for both kinds of middleware, and the marks around it.

    ``find`` has the answers that are ready where one policy holds for every request, by the
    Origin alone; it gives ``None`` where a layer has to be asked.
    """

    __slots__ = ("_layers", "find", "marks", "reading", "views")

    def __init__(self, reading: Reading | None, views: Views | None) -> None:
        """Hold what the settings mean; ``views`` is ``None`` as long as nobody has looked."""
        self.reading = reading
        self.views = views
        self._layers: dict[bool, Layer] = {}
        urls = None if reading is None else reading.urls
        is_marked = views is not None and views.is_marked
        self.marks: Marks | None = self._find if is_marked or urls is not None else None
        is_usual = reading is not None and views is not None and self.marks is None
        source = reading.source if reading is not None and is_usual else None
        self.find: Callable[[str | None], Pairs | None] = _find_nothing
        if isinstance(source, Policy):
            self.find = source.answers.find

    def layer(self, *, asynchronous: bool) -> Layer:
        """Return the layer for a middleware of one kind."""
        layer = self._layers.get(asynchronous)
        if layer is None:
            reading = cast("Reading", self.reading)  # who asks has had it read
            source = fit(reading.in_force, asynchronous=asynchronous)
            layer = Layer(
                source, enforce=reading.enforce, marks=self.marks, asynchronous=asynchronous
            )
            self._layers[asynchronous] = layer
        return layer

    def _find(self, method: str, path: str) -> Mark:
        """Return the mark of a view; a path that CORS_URLS_REGEX leaves out is exempt."""
        mark = UNMARKED if self.views is None else self.views.find(method, path)
        urls = None if self.reading is None else self.reading.urls
        if mark is UNMARKED and urls is not None and urls.match(path) is None:
            return None
        return mark


def _find_nothing(_: str | None) -> None:
    """Have no answer ready: more than the Origin has to be asked."""


_UNREAD: Final = Force(None, None)


class Active:
    """What every ``CORSMiddleware`` of this process asks.

    Assign ``policy``, and the next request meets it, until ``reload`` goes back to the
    settings.
    """

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.force = _UNREAD
        self._lock = threading.Lock()

    @property
    def policy(self) -> Source:
        """The policy in force; raises ``PolicyError`` where the settings have none."""
        return self.reading.in_force

    @policy.setter
    def policy(self, new: Source) -> None:
        source = admit(new, {}, asynchronous=is_async(new))
        with self._lock:
            reading = self.reading
            self.force = Force(replace(reading, source=source, problems=()), self.force.views)

    def reload(self) -> None:
        """Read the settings again when the next request comes."""
        with self._lock:
            self.force = _UNREAD

    @property
    def reading(self) -> Reading:
        """What the settings mean, as far as no other policy took the place of theirs."""
        return self.force.reading or read_settings(settings)

    def prepare(self) -> Force:
        """Return what is in force, with the settings read and the views looked at."""
        before = self.force
        if before.views is not None:
            return before
        reading = self.reading
        try:
            views = Views()
        except Exception:  # noqa: BLE001  Django tells it, where it is turned into an answer
            return Force(reading, None)
        after = Force(reading, views)
        with self._lock:
            # Another policy may have come meanwhile; the next request looks again then.
            if self.force is before:
                self.force = after
        return after


active: Final = Active()


def fit(source: Source, *, asynchronous: bool) -> Source:
    """Return a policy as a middleware of one kind can ask it, as Django does with views."""
    if isinstance(source, (Policy, Routes)) or is_async(source) is asynchronous:
        return source
    adapt: Any = sync_to_async if asynchronous else async_to_sync
    adapted: Source = adapt(source)
    return adapted


def _forget(*, setting: str, **_: object) -> None:
    """Begin anew when ``override_settings`` changes what was read."""
    if setting.startswith("CORS_") or setting == "ROOT_URLCONF":
        active.reload()


setting_changed.connect(_forget, dispatch_uid="corsmith")
