"""Everything that an application's server logs about CORS, and how rarely.

What lives here: the logger ``corsmith`` and the limits that keep a stranger from
filling a disk with it. What does not: the decisions (``tables``, ``decision``).

A refusal is one WARNING line: the origin, the reason code, the nearest allowed origin
and what differs. At most one for each origin and reason a minute, ten a second in all,
and 256 remembered; beyond that nothing is written, and nothing is computed either.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from corsmith.diagnostics import Diagnostic, quote
from corsmith.policy import Policy
from corsmith.tables import Fault

__all__ = ["Refusals", "hushed", "nobody", "note_replaced_headers", "note_warnings"]

LOGGER: Final = logging.getLogger("corsmith")

_NOBODY: Final[list[Policy]] = []

_REPEAT_SECONDS: Final = 60.0
"""How long the same origin refused for the same reason is not written again."""

_LINES_A_SECOND: Final = 10
"""The most lines a second: a page that retries in a loop must not drown a log."""

_REMEMBERED: Final = 256
"""The most pairs of origin and reason remembered; clients choose them, so there is a bound."""

_LONGEST_KEY: Final = 512
"""The longest origin that is remembered; a serialized one has at most 350 bytes."""

_Value: TypeAlias = str | bytes | None
"""What a host gives: text or bytes; ``None`` stands for several Origin lines."""


class Refusals:
    """The refusals of one adapter, written to the log within their limits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing remembered; ``clock`` gives seconds that never go back."""
        self._clock = clock
        # An origin alone says why it is refused as one: it is malformed, or not allowed.
        # So it is a key by itself, and a repeated refusal costs one look-up.
        self._written: dict[object, float] = {}
        self._second = float("-inf")
        self._lines = 0
        self._lock = threading.Lock()

    def note_origin(self, policy: Policy, origin: _Value) -> None:
        """Write that ``policy`` refused ``origin``."""
        written = self._written.get(origin)
        if written is not None and self._clock() - written < _REPEAT_SECONDS:
            return
        if not _is_nobody(policy) and self._may_write(_cut(origin)):
            text = _text(origin)
            code = policy.answers.refusal(text)
            shown = "several Origin headers" if text is None else quote(text)
            words = "" if text is None else _nearest_words(policy, text[:_LONGEST_KEY])
            LOGGER.warning("refused %s: %s%s", shown, code, words)

    def note_fault(self, origin: _Value, fault: Fault) -> None:
        """Write what a browser will refuse in the answer to a preflight."""
        if self._may_write((_cut(origin), fault.code)):
            shown = quote(_text(origin) or "")
            LOGGER.warning("refused %s: %s: %s", shown, fault.code, quote(fault.value))

    def note_failure(self, origin: _Value, error: Exception) -> None:
        """Write that the function which chooses a policy raised, so the request is refused."""
        if self._may_write((_cut(origin), "policy-failed")):
            shown = quote(_text(origin) or "")
            LOGGER.error("refused %s: policy-failed", shown, exc_info=error)

    def note_path(self, path: str) -> None:
        """Write that a path was left without CORS headers because it is ambiguous."""
        if self._may_write((_cut(path), "path-ambiguous")):
            LOGGER.warning("no CORS headers for %s: path-ambiguous", quote(path))

    def _may_write(self, key: object) -> bool:
        now = self._clock()
        with self._lock:
            written = self._written.get(key)
            if written is not None and now - written < _REPEAT_SECONDS:
                return False
            if now - self._second >= 1.0:
                self._second, self._lines = now, 0
            if self._lines >= _LINES_A_SECOND:
                return False
            if len(self._written) >= _REMEMBERED and not self._forget(now):
                return False
            self._lines += 1
            self._written[key] = now
            return True

    def _forget(self, now: float) -> bool:
        """Forget what is older than a minute, and return whether that made room."""
        kept = {key: at for key, at in self._written.items() if now - at < _REPEAT_SECONDS}
        self._written = kept
        return len(kept) < _REMEMBERED


def nobody() -> Policy:
    """Return the policy in place of one that could not be chosen, always the same.

    Nothing matches its expression. Whom it refuses is not written: the failure was. It is made
    when it is first asked for, since to judge an expression loads modules of its own.
    """
    if not _NOBODY:
        _NOBODY.append(Policy(origin_regex="(?!)"))
    return _NOBODY[0]


def _is_nobody(policy: Policy) -> bool:
    return bool(_NOBODY) and policy is _NOBODY[0]


def _cut(value: _Value) -> _Value:
    return value if value is None else value[:_LONGEST_KEY]


def _text(value: _Value) -> str | None:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _nearest_words(policy: Policy, origin: str) -> str:
    from corsmith.nearest import nearest  # only for a line that is written

    found = nearest(origin, policy.origins)
    return "" if found is None else f"; nearest allowed {found.origin} ({found.difference})"


_said: set[tuple[str, str | None]] = set()


def note_warnings(warnings: Iterable[Diagnostic]) -> None:
    """Write each warning of a policy, once in the life of the process."""
    for warning in warnings:
        key = (warning.code, warning.value)
        if key not in _said:
            _said.add(key)
            LOGGER.warning("%s", warning)


def note_replaced_headers(names: Iterable[str]) -> None:
    """Write, once, that the application's own CORS headers were replaced."""
    key = ("replaced", None)
    if key not in _said:
        _said.add(key)
        shown = ", ".join(sorted(set(names)))
        LOGGER.warning("the application's own %s replaced: the policy decides alone", shown)


@contextmanager
def hushed() -> Iterator[None]:
    """Let nobody log: for what we ask on purpose, of which no log shall tell.

    It is for a process of ours that has an application in it, never for a server.
    """
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)
