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
from collections.abc import Callable, Iterable, Sequence
from typing import AnyStr, Final

from corsmith.diagnostics import Diagnostic, quote
from corsmith.nearest import nearest
from corsmith.policy import Policy
from corsmith.tables import Answers, Fault

__all__ = ["Refusals", "note_policy_failure", "note_replaced_headers", "note_warnings"]

LOGGER: Final = logging.getLogger("corsmith")

_REPEAT_SECONDS: Final = 60.0
"""How long the same origin refused for the same reason is not written again."""

_LINES_A_SECOND: Final = 10
"""The most lines a second: a page that retries in a loop must not drown a log."""

_REMEMBERED: Final = 256
"""The most (origin, reason) pairs remembered; clients choose them, so there is a bound."""

_LONGEST_KEY: Final = 512
"""The longest origin that is remembered; a serialized one has at most 350 bytes."""


class Refusals:
    """The refusals of one adapter, written to the log within their limits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing remembered; ``clock`` gives seconds that never go back."""
        self._clock = clock
        self._written: dict[tuple[str, str, str], float] = {}
        self._second = 0.0
        self._lines = 0
        self._lock = threading.Lock()

    def note_origin(self, policy: Policy, origin: str | None) -> None:
        """Write that ``policy`` refused ``origin``; ``None`` means several Origin lines."""
        code = policy.answers.refusal(origin)
        text = "several Origin headers" if origin is None else origin
        if self._may_write((code, text[:_LONGEST_KEY], "")):
            LOGGER.warning("refused %s: %s%s", quote(text), code, _nearest_words(policy, text))

    def note_preflight(  # the five parts of a preflight
        self,
        policy: Policy,
        answers: Answers[AnyStr],
        origin: AnyStr | None,
        method: AnyStr,
        headers: Sequence[AnyStr],
    ) -> None:
        """Write what a browser will refuse in this preflight's answer, if anything.

        ``answers`` are the policy's own, in the form that the host speaks.
        """
        if not answers.any_origin and (origin is None or answers.allow(origin) is None):
            self.note_origin(policy, None if origin is None else _text(origin))
            return
        fault = answers.fault(method, headers)
        if fault is not None:
            self._note_fault("" if origin is None else _text(origin), fault)

    def _note_fault(self, origin: str, fault: Fault) -> None:
        value = fault.value[:_LONGEST_KEY]
        if self._may_write((fault.code, origin[:_LONGEST_KEY], value)):
            LOGGER.warning("refused %s: %s: %s", quote(origin), fault.code, quote(value))

    def note_path(self, path: str) -> None:
        """Write that a path was left without CORS headers because it is ambiguous."""
        if self._may_write(("path-ambiguous", path[:_LONGEST_KEY], "")):
            LOGGER.warning("no CORS headers for %s: path-ambiguous", quote(path))

    def _may_write(self, key: tuple[str, str, str]) -> bool:
        now = self._clock()
        last = self._written.get(key)
        if last is not None and now - last < _REPEAT_SECONDS:
            return False
        with self._lock:
            if now - self._second >= 1.0:
                self._second, self._lines = now, 0
            if self._lines >= _LINES_A_SECOND:
                return False
            if len(self._written) >= _REMEMBERED:
                self._forget(now)
            if len(self._written) >= _REMEMBERED:
                return False
            self._lines += 1
            self._written[key] = now
            return True

    def _forget(self, now: float) -> None:
        kept = {key: at for key, at in self._written.items() if now - at < _REPEAT_SECONDS}
        self._written = kept


def _nearest_words(policy: Policy, origin: str) -> str:
    found = nearest(origin, policy.origins)
    return "" if found is None else f"; nearest allowed {found.origin} ({found.difference})"


def note_policy_failure(error: Exception) -> None:
    """Write that the function which chooses a policy raised, so the request is refused."""
    LOGGER.error("refused: policy-failed: the policy function raised", exc_info=error)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


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
