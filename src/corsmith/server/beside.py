"""A server beside a program, a notebook or a test: ``with background("./data") as url:``.

What lives here: what may be given, a server in a process of its own, and its end. What does
not: the server of an application that is there as an object (``embedded``).

Whatever has a name is served by ``corsmith serve`` in another process: what this one computes
does not hold it up, and it ends with this one, however that ended. An application that is an
object has no name to be found by, so it is served by a thread here.
"""

import atexit
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Final, NoReturn, Protocol, TextIO

from corsmith.errors import AppError, UsageError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.gateway.added import read_added
from corsmith.server.keywords import in_keywords, words_of

__all__ = ["Background", "background"]

_START_SECONDS: Final = 60.0
"""How long a server may take to be ready: an application may load a model first."""

_END_SECONDS: Final = 10.0
"""How long it may take to end beyond what it gives requests in flight."""

_USUAL_GRACE: Final = 5.0
"""What it gives them, unless ``grace`` says otherwise."""

_WRONG: Final = 2
"""The exit status of a wrong command line or an invalid policy."""

_NAME: Final = "corsmith: "

_WAITS: Final = "; the next edit is tried"
_ENDED: Final = "; then start again"
"""What is to be done about an application when its server has ended in place of waiting."""

_MOST_LINES: Final = 200
"""The lines of a server that did not start that are kept for the error."""

_URL: Final = re.compile(r"^corsmith serves .* on (https?://\S+?)(?:,.*)?$")
_LAST_LINE: Final = re.compile(r"^  stop +Ctrl-C$")

_ADDED: Final = "add_header"
"""The keyword whose values are secrets: they are in no word of a command line."""

_VARIABLE: Final = "CORSMITH_ADDED_{}"
"""The variable that the other process finds such a value in."""


class _Running(Protocol):
    """A server that was started; ``stop`` ends it."""

    url: str

    def stop(self) -> None:
        """End it."""


class Background:
    """A server that runs from ``start`` to ``stop``, or while its ``with`` block does."""

    def __init__(self, start: Callable[[], _Running]) -> None:
        """Take what starts it; nothing is started yet."""
        self._make = start
        self._running: _Running | None = None
        self._owner = os.getpid()

    def start(self) -> str:
        """Start it, and return its URL once it answers; again, its URL.

        Raises ``UsageError`` or ``PolicyError`` where something is wrong with what was given,
        ``AppError`` where the application does not start.
        """
        if self._running is None:
            try:
                self._running = self._make()
            except AppError as error:
                told = AppError(in_keywords(error.problem), trace=error.trace)
                raise told from error.__cause__
            except UsageError as error:
                raise UsageError(in_keywords(str(error))) from None
            atexit.register(self.stop)
        return self._running.url

    def stop(self) -> None:
        """End it, after the requests in flight; again does nothing."""
        running, self._running = self._running, None
        # A process that was forked from this one has no server of its own to end.
        if running is not None and os.getpid() == self._owner:
            atexit.unregister(self.stop)
            running.stop()

    @property
    def url(self) -> str | None:
        """Where it answers; ``None`` while it is not running."""
        return None if self._running is None else self._running.url

    def __repr__(self) -> str:
        where = "not running" if self.url is None else self.url
        return f"<{type(self).__name__}: {where}>"

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


def background(
    target: object = None,
    /,
    *,
    policy: str | os.PathLike[str] | Policy | Routes | Mapping[str, object] | None = None,
    origins: Iterable[str] | None = None,
    methods: Iterable[str] | None = None,
    headers: Iterable[str] | None = None,
    expose: Iterable[str] | None = None,
    credentials: bool | None = None,
    max_age: int | None = None,
    origin_regex: str | None = None,
    port: int = 0,
    quiet: bool = True,
    no_try: bool = True,
    **flags: object,
) -> Background:
    """Return a server of ``target``, to be used in a ``with`` statement, which gives its URL.

    ``target`` is whatever ``corsmith serve`` takes, as text or a path: nothing, a folder, a
    file, a URL, ``main:app``; or an ASGI or WSGI application itself. The keywords are the
    flags of ``corsmith serve``, with ``_`` for ``-``: ``viewer="pmtiles"``, ``tls=True``;
    ``policy`` may also be a ``Policy``, or a mapping of its fields. The port is a free one
    unless it is given.

    >>> import tempfile, urllib.request
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with background(folder, origins=["https://app.example"]) as url:
    ...         urllib.request.urlopen(url).status
    200

    Raises as ``Background.start``, which the ``with`` statement calls.
    """
    given = {
        "origins": origins,
        "methods": methods,
        "headers": headers,
        "expose": expose,
        "credentials": credentials,
        "max_age": max_age,
        "origin_regex": origin_regex,
        "port": port,
        "quiet": quiet,
        "no_try": no_try,
        **flags,
    }
    return Background(_starter(target, _policy_of(policy), given))


def _policy_of(value: object) -> str | os.PathLike[str] | Policy | Routes | None:
    """Return what may be given for a policy; ``UsageError`` or ``PolicyError`` for what is none."""
    if isinstance(value, Mapping):
        return Policy.from_mapping(value)
    if value is None or isinstance(value, (str, os.PathLike, Policy, Routes)):
        return value
    raise UsageError(
        f"{type(value).__name__} is no policy\n"
        "  give a file, a Policy, Routes, or the fields themselves: origins=[…]"
    )


def _starter(
    target: object,
    policy: str | os.PathLike[str] | Policy | Routes | None,
    given: Mapping[str, object],
) -> Callable[[], _Running]:
    """Return what starts a server; ``UsageError`` for what is no target."""
    if target is None or isinstance(target, (str, os.PathLike)):
        lines = _added_lines(given.get(_ADDED))
        said = {name: value for name, value in given.items() if name != _ADDED}
        words = [*_target_words(target), *_policy_words(policy, said)]
        grace = float(str(given.get("grace", _USUAL_GRACE)))

        def start() -> _Process:
            # Now, and not when it was described: a variable may have been set since.
            flags, secrets = _hidden(lines)
            return _Process([*words, *flags], grace, secrets)

        return start
    if not callable(target):
        raise UsageError(
            f"{type(target).__name__} is nothing that can be served\n"
            "  give a folder, a file, a URL, main:app, or an ASGI or WSGI application"
        )
    try:
        from corsmith.server.embedded import Embedded
    except ModuleNotFoundError as error:
        raise UsageError(
            f"background needs {error.name}, which is not installed\n"
            "  pip install 'corsmith[serve]'"
        ) from None
    return lambda: Embedded.of(target, policy, given)


# ── the command line ───────────────────────────────────────────────────────────


def _target_words(target: str | os.PathLike[str] | None) -> list[str]:
    if target is None:
        return []
    # A path that begins with a hyphen is no flag; `-` alone is standard input, and told so.
    word = os.fspath(target)
    return [f".{os.sep}{word}" if word.startswith("-") and len(word) > 1 else word]


def _policy_words(
    policy: str | os.PathLike[str] | Policy | Routes | None, given: Mapping[str, object]
) -> Iterator[str]:
    """Return the words for a policy, and for the keywords, which replace its fields."""
    if isinstance(policy, Routes):
        raise UsageError(
            "Routes have no flags on a command line\n"
            '  write them into a file as [[routes]], and give its path: policy="cors.toml"'
        )
    if isinstance(policy, Policy):
        said = {name: value for name, value in given.items() if value is not None}
        return words_of({**policy.to_mapping(), **said})
    return words_of({"policy": policy, **given})


def _added_lines(value: object) -> list[str]:
    if value is None or value is False:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable):
        return [str(one) for one in value]
    # Not shown: it may be the secret.
    raise UsageError(f"{_ADDED} is no list\n  write {_ADDED}=['Authorization: $TOKEN']")


def _hidden(lines: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the flags of headers to add, and the variables that their values are in.

    Every user of a machine may read the command lines of its processes (proc(5)), but the
    environment of none but their own.
    """
    flags: list[str] = []
    secrets: dict[str, str] = {}
    for number, (name, value) in enumerate(read_added(lines, os.environ).items()):
        variable = _VARIABLE.format(number)
        flags.append(f"--add-header={name.decode()}: ${{{variable}}}")
        secrets[variable] = value.decode("utf-8", "surrogateescape")
    return flags, secrets


# ── a process of its own ───────────────────────────────────────────────────────


class _Process:
    """``corsmith serve`` in another process; raises where it does not start."""

    def __init__(self, words: Iterable[str], grace: float, secrets: Mapping[str, str]) -> None:
        self.url = ""
        self._patience = grace + _END_SECONDS
        self._ready = threading.Event()
        self._told: deque[str] = deque(maxlen=_MOST_LINES)
        self._process = subprocess.Popen(  # noqa: S603  this Python and this package
            [sys.executable, "-m", "corsmith.server.follower", "serve", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **secrets},
            # Ctrl-C in a terminal is for this program, which ends the other one.
            start_new_session=True,
        )
        self._readers = [
            self._read(self._process.stderr, self._hear, self._ready.set),
            self._read(self._process.stdout, _print, _nothing),
        ]
        try:
            self._ready.wait(_START_SECONDS)
        except BaseException:
            self.stop()
            raise
        if not self.url:
            self._fail()

    def _read(
        self, stream: IO[bytes] | None, take: Callable[[str], None], end: Callable[[], None]
    ) -> threading.Thread:
        """Take what the server writes, line by line: it must never wait for a reader."""

        def run() -> None:
            for line in stream or ():
                take(line.decode("utf-8", "replace").rstrip("\n"))
            end()

        thread = threading.Thread(target=run, name="corsmith-background", daemon=True)
        thread.start()
        return thread

    def _hear(self, line: str) -> None:
        """Take a line of the banner, or what the server tells later whoever runs it."""
        if self._ready.is_set():
            _print(line, sys.stderr)
            return
        self._told.append(line)
        if found := _URL.match(line):
            self.url = found[1]
        if self.url and _LAST_LINE.match(line):
            self._ready.set()

    def _fail(self) -> NoReturn:
        """Raise what the server told before it ended, or that it is not ready."""
        # Its last stream was closed, so it has ended or is about to.
        status = self._process.wait() if self._ready.is_set() else None
        self.stop()
        lines = list(self._told)
        if status is None:
            problem = f"the server was not ready after {_START_SECONDS:g} seconds"
            raise AppError(problem, trace="\n".join(lines) or None)
        starts = [at for at, line in enumerate(lines) if line.startswith(_NAME)]
        first = starts[-1] if starts else 0
        problem = "\n".join(lines[first:]).removeprefix(_NAME).replace(_WAITS, _ENDED)
        if status == _WRONG:
            raise UsageError(problem)
        raise AppError(
            problem or f"the server ended with exit status {status}",
            trace="\n".join(lines[:first]) or None,
        )

    def stop(self) -> None:
        """End it as asked; one that does not, at once."""
        with self._process:  # which closes its streams
            self._process.terminate()
            try:
                self._process.wait(self._patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
            except BaseException:
                self._process.kill()
                raise
            finally:
                self._process.wait()
                for reader in self._readers:
                    reader.join()


def _print(line: str, stream: TextIO | None = None) -> None:
    """Write a line to what is standard output now: a notebook and a test replace it."""
    (sys.stdout if stream is None else stream).write(f"{line}\n")


def _nothing() -> None:
    """Wait for the other stream: it has the last word."""
