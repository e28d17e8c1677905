"""Edits of an application's code: which files are followed, and being told of a change.

What lives here: the watching. What does not: what is done about an edit (``processes``).
"""

import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import watchfiles

from corsmith.application.frames import shorten

__all__ = ["Edits", "folders_of"]


def folders_of(target: str, *, is_file: bool) -> tuple[str, ...]:
    """Return the folders whose Python files are followed: the current one, and the app's.

    Nothing is imported. A name that is not found is told by whoever imports it.
    """
    here = Path.cwd().resolve()
    if is_file:
        theirs = [Path(target).resolve().parent]
    else:
        name = target.partition(":")[0].partition(".")[0]
        theirs = [Path(folder).resolve() for folder in _folders_of_module(name)]
    return (str(here), *(str(one) for one in theirs if not one.is_relative_to(here)))


def _folders_of_module(name: str) -> list[str]:
    before = sys.path[:]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  text, as sys.path has it
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    finally:
        sys.path[:] = before
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [] if spec.origin is None else [os.path.dirname(spec.origin)]  # noqa: PTH120  as above


class Edits:
    """Calls ``on_edit`` with a changed file, once for what is changed together.

    Where the system does not let them be watched, ``on_problem`` is called with the reason.
    """

    def __init__(
        self,
        folders: tuple[str, ...],
        on_edit: Callable[[str], None],
        on_problem: Callable[[str], None],
    ) -> None:
        """Take the folders; nothing is watched yet."""
        self._folders = folders
        self._on_edit = on_edit
        self._on_problem = on_problem
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="corsmith-edits", daemon=True)

    def start(self) -> None:
        """Watch, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            self._follow()
        except (OSError, RuntimeError) as error:  # as watchfiles has its own
            self._on_problem(str(error))

    def _follow(self) -> None:
        changes = watchfiles.watch(
            *self._folders,
            # Not in .venv, node_modules, .git and their like.
            watch_filter=watchfiles.PythonFilter(),
            stop_event=self._ended,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for together in changes:
            files = sorted(file for _, file in together)
            for file in files:
                _forget(file)
            self._on_edit(shorten(files[0]))


def _forget(file: str) -> None:
    """Take away what Python has kept of a file.

    It goes by the second of an edit and the size of the file, so that a second edit within
    one second could be missed.
    """
    with suppress(OSError, NotImplementedError, ValueError):
        Path(importlib.util.cache_from_source(file)).unlink()
