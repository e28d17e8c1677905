"""Which policy is in force now: loaded from a file, swapped, chosen by path or by call.

What lives here: ``load`` and ``load_env``, what an adapter is given (``admit``) and asks
once a request (``choose``), and the ``Watcher`` of a policy file. What does not: how a
policy is read (``document``) and what it answers (``tables``).
"""

import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from corsmith.diagnostics import diagnose, quote
from corsmith.document import read_document, read_environment
from corsmith.errors import CorsmithError, PolicyError, UsageError
from corsmith.policy import Policy
from corsmith.refusals import nobody, note_warnings
from corsmith.routes import Routes

__all__ = [
    "AsyncChooser",
    "Choice",
    "Chooser",
    "Source",
    "Watcher",
    "admit",
    "check_enforce",
    "choose",
    "failed",
    "load",
    "load_env",
    "path_of_target",
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
        with open(path, "rb") as file:  # noqa: PTH123  pathlib loads urllib and socket
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


def admit(
    policy: Source | None, fields: Mapping[str, object], *, asynchronous: bool = False
) -> Source:
    """Return what an adapter shall ask, checked: a policy, routes or a function.

    It is either given, or made from the fields of a policy. ``asynchronous`` says which
    kind of function the host can call: ASGI an ``async def``, WSGI and ``http.server`` a
    ``def``. Raises ``PolicyError``.

    An adapter keeps the result in one attribute, reads it once a request and replaces it
    at once: a request that has begun keeps what it read.
    """
    if policy is None:
        policy = Policy.from_mapping(fields)
    elif fields:
        names = ", ".join(fields)
        message = f"a policy is given, and its fields beside it: {names}."
        raise PolicyError([diagnose("unknown-field", None, names, message, "Give one of the two.")])
    if isinstance(policy, (Policy, Routes)):
        note_warnings(policy.warnings)
        return policy
    _check_function(policy, asynchronous=asynchronous)
    nobody()  # made now: where a function raises, there may be no file left to open
    return policy


def _check_function(source: object, *, asynchronous: bool) -> None:
    """Raise ``PolicyError`` for what is no function, or not one that the host can call."""
    if not callable(source) or isinstance(source, type):
        message = f"{quote(source)} is no policy."
        fix = (
            'Give a Policy, Routes, a function, or fields such as origins=["https://app.example"].'
        )
        if isinstance(source, (str, os.PathLike)):
            fix = f"A policy file is read with load({quote(os.fspath(source))})."
    elif _is_async(source) is not asynchronous:
        here, there = ("async def", "def") if asynchronous else ("def", "async def")
        message = f"the policy function is written with {there}; here it is called as {here}."
        fix = f"Write {here}."
    elif not _takes_four(source):
        message = "the policy function is given four arguments, and does not take four."
        fix = f"Write {'async ' * asynchronous}def choose(origin, scheme, host, path)."
    else:
        return
    raise PolicyError([diagnose("wrong-type", "policy", quote(source), message, fix)])


def _is_async(function: Callable[..., object]) -> bool:
    if inspect.iscoroutinefunction(function):
        return True
    return inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  its own is asked for


def _takes_four(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, "http", None, "/")
    except TypeError:
        return False
    except ValueError:  # written in C, and does not tell
        return True
    return True


def check_enforce(enforce: object) -> bool:
    """Return ``enforce``; raises ``PolicyError`` for anything but a bool.

    ``enforce="false"`` from an environment would otherwise enforce.
    """
    if not isinstance(enforce, bool):
        message = f"{quote(enforce)} is neither True nor False."
        raise PolicyError([diagnose("wrong-type", "enforce", quote(enforce), message)])
    return enforce


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is in force for one request: a policy, or ``None`` where nothing is touched.

    ``varies``: a function chose it, by the Origin among others, so every answer says
    ``Vary: Origin``. ``ambiguous``: the path has readings with different policies, so it
    has none, and keeps no CORS header of the application either.
    """

    policy: Policy | None
    varies: bool = False
    ambiguous: bool = False


def failed() -> Choice:
    """Return what a policy function that raised stands for: nobody is allowed."""
    return Choice(policy=nobody(), varies=True)


def choose(
    source: object, path: str, raw_path: str | None = None, *, varies: bool = False
) -> Choice:
    """Return what a policy or routes, or what a function returned, means for a path.

    ``path`` is the decoded one that the application routes on, ``raw_path`` the one
    received, where the host has it. Raises ``TypeError`` for what is no choice.
    """
    if isinstance(source, Routes):
        policy = source.policy_for(path, raw_path)
        ambiguous = policy is None and source.is_ambiguous(path, raw_path)
        return Choice(policy=policy, varies=varies, ambiguous=ambiguous)
    if source is not None and not isinstance(source, Policy):
        message = f"a policy function returned {type(source).__name__}, not Policy, Routes or None"
        raise TypeError(message)
    return Choice(policy=source, varies=varies)


def path_of_target(target: str) -> str:
    """Return the path of a request target, in origin or absolute form (RFC 9112, 3.2).

    >>> path_of_target("/items?page=2"), path_of_target("http://api.example/items")
    ('/items', '/items')
    """
    path = target.split("?", 1)[0].split("#", 1)[0]
    if not path.startswith("/") and "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return path


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

        Make it before the file is loaded: an edit after this moment is seen.
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
            self._on_policy(load(self._path))
        except CorsmithError as error:
            self._on_problem(error)


def _signature(path: str) -> tuple[int, int, int] | None:
    """Return what changes when a file is edited or replaced; ``None``: not there."""
    try:
        status = os.stat(path)  # noqa: PTH116  as in `load`
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
