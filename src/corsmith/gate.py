"""Which policy is in force now: loaded from a file, swapped, chosen by path or by call.

What lives here: ``load`` and ``load_env``, the ``Gate`` that an adapter asks once a
request, and the ``Watcher`` of a policy file. What does not: how a policy is read
(``document``) and what it answers (``tables``).
"""

import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from corsmith.diagnostics import diagnose, quote
from corsmith.document import read_document, read_environment
from corsmith.errors import CorsmithError, PolicyError, UsageError
from corsmith.policy import Policy
from corsmith.refusals import note_warnings
from corsmith.routes import Routes

__all__ = [
    "NOBODY",
    "AsyncChooser",
    "Chooser",
    "Gate",
    "Source",
    "Watcher",
    "check_choice",
    "load",
    "load_env",
]

Chooser: TypeAlias = Callable[[str | None, str, str | None, str], Policy | Routes | None]
"""Chooses by what a preflight and its request share: origin, scheme, host and path."""

AsyncChooser: TypeAlias = Callable[
    [str | None, str, str | None, str], Awaitable[Policy | Routes | None]
]

Source: TypeAlias = Policy | Routes | Chooser | AsyncChooser

_LARGEST_DOCUMENT: Final = 1_048_576
"""The largest policy file, in bytes: 10,000 origins are about 400 KB."""


def load(path: str | os.PathLike[str]) -> Policy | Routes:
    """Return the policy or the routes of a TOML file.

    Raises ``UsageError`` where the file cannot be read, ``PolicyError`` with every
    problem where it does not hold a policy.
    """
    shown = os.fspath(path)
    try:
        with open(path, "rb") as file:  # no pathlib: `import corsmith.gate` stays light
            content = file.read(_LARGEST_DOCUMENT + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no file {shown}") from None
    except IsADirectoryError:
        raise UsageError(f"{shown} is a folder; a policy is a TOML file") from None
    except PermissionError:
        raise UsageError(f"{shown} may not be read by this user") from None
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST_DOCUMENT:
        raise UsageError(f"{shown} is over {_LARGEST_DOCUMENT} bytes; a policy file is small")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "the text is not UTF-8, which TOML is."
        raise PolicyError([diagnose("document-not-toml", None, None, message)]) from None
    return read_document(text)


def load_env(environ: Mapping[str, str] | None = None, prefix: str = "CORS_") -> Policy:
    """Return the policy of environment variables such as ``CORS_ORIGINS``.

    ``environ`` is ``os.environ`` unless given. Lists are separated by commas. Raises
    ``PolicyError``.

    >>> load_env({"CORS_ORIGINS": "https://app.example", "CORS_MAX_AGE": "600"}).max_age
    600
    """
    return read_environment(os.environ if environ is None else environ, prefix)


class Gate:
    """The policy in force, and who may replace it: read once a request, swapped at once."""

    __slots__ = ("_asynchronous", "_source")

    def __init__(
        self,
        policy: Source | None,
        fields: Mapping[str, object] | None = None,
        *,
        asynchronous: bool = False,
    ) -> None:
        """Take a policy, routes or a function; or the fields of a policy.

        ``asynchronous`` says which kind of function the host can call: ASGI an
        ``async def``, WSGI and ``http.server`` a ``def``. Raises ``PolicyError``.
        """
        self._asynchronous = asynchronous
        if policy is None:
            policy = Policy.from_mapping(fields or {})
        elif fields:
            names = ", ".join(fields)
            message = f"a policy is given, and its fields beside it: {names}."
            fix = "Give one of the two."
            raise PolicyError([diagnose("unknown-field", None, names, message, fix)])
        self._source = self._checked(policy)

    @property
    def source(self) -> Source:
        """The policy, the routes or the function in force."""
        return self._source

    @source.setter
    def source(self, new: Source) -> None:
        # One reference is replaced: a request that has begun keeps the one it read.
        self._source = self._checked(new)

    def _checked(self, source: Source) -> Source:
        if isinstance(source, (Policy, Routes)):
            note_warnings(source.warnings)
            return source
        if not callable(source):
            message = f"{quote(source)} is no policy."
            fix = 'Give a Policy, Routes, a function, or fields such as origins=["https://app.example"].'
            raise PolicyError([diagnose("wrong-type", "policy", quote(source), message, fix)])
        if _is_async(source) is not self._asynchronous:
            here, there = ("async def", "def") if self._asynchronous else ("def", "async def")
            message = f"the policy function is written with {there}; here it is called as {here}."
            fix = f"Write {here}."
            raise PolicyError([diagnose("wrong-type", "policy", quote(source), message, fix)])
        return source


NOBODY: Final = Policy(origins=["https://nobody.invalid"])
"""What a policy function that failed stands for: an origin that no page can have.

RFC 2606, section 2: no name below ``invalid`` ever exists.
"""


def check_choice(choice: object) -> None:
    """Raise ``TypeError`` where a policy function returned what is no choice."""
    if choice is not None and not isinstance(choice, (Policy, Routes)):
        message = f"a policy function returned {type(choice).__name__}, not Policy, Routes or None"
        raise TypeError(message)


def _is_async(function: Callable[..., object]) -> bool:
    if inspect.iscoroutinefunction(function):
        return True
    return inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


class Watcher:
    """A thread that reads a policy file again when it changes.

    A change counts when two looks in a row see the same file, so that a file caught
    half-written is read once it is whole.
    """

    def __init__(
        self,
        path: str,
        on_policy: Callable[[Policy | Routes], None],
        on_problem: Callable[[CorsmithError], None],
        interval: float = 0.1,
    ) -> None:
        """Watch ``path`` every ``interval`` seconds once started.

        ``on_policy`` gets each good edit, ``on_problem`` what is wrong with a bad one:
        the policy in force then stays. Both are called from the watching thread.
        """
        self._path = path
        self._on_policy = on_policy
        self._on_problem = on_problem
        self._interval = interval
        self._stopped = threading.Event()
        self._loaded = self._seen = _signature(path)
        self._thread = threading.Thread(target=self._run, name="corsmith-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self.look()

    def look(self) -> None:
        """Look once: load the file if it changed and has come to rest."""
        now = _signature(self._path)
        settled = now == self._seen
        self._seen = now
        if not settled or now == self._loaded:
            return
        self._loaded = now
        try:
            policy = load(self._path)
        except CorsmithError as error:
            self._on_problem(error)
        else:
            self._on_policy(policy)


def _signature(path: str) -> tuple[int, int, int] | None:
    """Return what changes when a file is edited or replaced; ``None``: not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
