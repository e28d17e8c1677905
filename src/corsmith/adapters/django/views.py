"""The marks of a project's views: functions, classes, and those of DRF and Django Ninja.

What lives here: the table of marks, made once of the URL patterns, and the look-up in it. What
does not: what a mark is (``corsmith.marks``).

Facts that shape the code:

* a class has one view for all of its methods: a mark may stand at one of them, at ``dispatch``,
  in ``as_view(…)`` or at the class, and the nearest to the method counts;
* a viewset of DRF says in ``actions`` which of its methods serves which HTTP method, and
  ``@api_view`` and Django Ninja keep the author's function in a closure;
* the middleware of a project has not run yet, so the language of a path is not in force, and a
  path that ``APPEND_SLASH`` will redirect is one that nothing serves.
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.urls import Resolver404, get_resolver, resolve
from django.utils import translation

from corsmith.errors import PolicyError
from corsmith.marks import UNMARKED, mark_of
from corsmith.refusals import Refusals, nobody

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corsmith.diagnostics import Diagnostic
    from corsmith.marks import Mark

__all__ = ["Views"]

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

# Django has no types, so a view can be anything that is called.
View = Any


class Views:
    """The marks of the views that the project's URL patterns lead to.

    ``problems`` are those of marks that are no policy: such a view allows nobody.
    """

    def __init__(self) -> None:
        """Look at every view; raises whatever importing the URL patterns raises."""
        self.problems: list[tuple[str, tuple[Diagnostic, ...]]] = []
        # By the id of the view, which need not be hashable; the views stay while these are here.
        self._views = [*_views(get_resolver().url_patterns)]
        self._marks: dict[int, dict[str, Mark]] = {}
        for view in self._views:
            if id(view) not in self._marks and (marks := self._read(view)):
                self._marks[id(view)] = marks

    @property
    def is_marked(self) -> bool:
        """Whether any view has a mark."""
        return bool(self._marks)

    def find(self, method: str, path: str) -> Mark:
        """Return the mark of the view that a method and a decoded path go to."""
        view = _view_of(path)
        marks = self._marks.get(id(view))
        return UNMARKED if marks is None else marks.get(method, marks[""])

    def _read(self, view: View) -> dict[str, Mark]:
        """Return the mark of each method, and as "" that of the others; empty without any."""
        general = self._mark(view, *_wholes(view))
        marks = {
            method: mark
            for method, handlers in _handlers(view)
            if (mark := self._mark(view, *handlers)) is not UNMARKED
        }
        if "GET" in marks:
            marks.setdefault("HEAD", marks["GET"])
        if general is UNMARKED and not marks:
            return {}
        return {"": general, **marks}

    def _mark(self, view: View, *endpoints: object) -> Mark:
        try:
            return mark_of(*endpoints)
        except PolicyError as error:
            self.problems.append((_name(view), error.problems))
            Refusals().note_failure(None, error)
            return nobody()


def _views(patterns: Iterable[Any]) -> Iterator[View]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _views(pattern.url_patterns)
        else:
            yield pattern.callback


def _name(view: View) -> str:
    owner = _class_of(view) or view
    return f"{owner.__module__}.{getattr(owner, '__qualname__', type(owner).__qualname__)}"


def _class_of(view: View) -> View:
    """Return the class of a view; DRF calls it otherwise than Django."""
    return getattr(view, "view_class", None) or getattr(view, "cls", None)


def _wholes(view: View) -> Iterator[object]:
    """Yield what may be marked for all methods of a view, the nearest first."""
    for values in ("view_initkwargs", "initkwargs"):
        if "cors_policy" in getattr(view, values, {}):
            yield _Given(getattr(view, values)["cors_policy"])
    yield view
    if (owner := _class_of(view)) is not None:
        yield owner


class _Given:
    """A mark that was given to ``as_view``."""

    def __init__(self, mark: object) -> None:
        self.cors_policy = mark


def _handlers(view: View) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what serves each method of a view, where the view itself does not."""
    owner = _class_of(view)
    if owner is not None:
        actions = getattr(view, "actions", None)
        for method in _METHODS:
            lower = method.lower()
            name = lower if actions is None else actions.get(lower)
            if name is not None and (handler := getattr(owner, name, None)) is not None:
                yield method, (handler, _enclosed(handler, "func"))
    for operation in getattr(_enclosed(view, "self"), "operations", ()):
        for method in operation.methods:
            yield method, (operation.view_func,)


def _enclosed(function: View, name: str) -> Any:  # noqa: ANN401  whatever a closure holds
    """Return what a function made by a decorator holds under a name, if it holds that."""
    try:
        return inspect.getclosurevars(function).nonlocals.get(name)
    except (TypeError, ValueError):  # not written in Python, or not complete yet
        return None


def _view_of(path: str) -> View | None:
    """Return the view that a path leads to, also by a redirect to the path with a slash."""
    found = _resolve(path)
    if found is None and settings.APPEND_SLASH and not path.endswith("/"):
        found = _resolve(f"{path}/")
    return found


def _resolve(path: str) -> View | None:
    language = None
    if settings.USE_I18N:
        language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
    with translation.override(language) if language else nullcontext():
        try:
            return resolve(path, settings.ROOT_URLCONF).func
        except Resolver404:
            return None
