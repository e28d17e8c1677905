"""Origins that a person has allowed while the server runs, beside those of its policy.

What lives here: which may be, the policy with them, and the record that every worker reads.
What does not: asking (``asking``).

The record is a file in a folder of its own, which a worker looks at a few times a second: so a
worker that starts later, in the place of another, has them too.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from corsmith.decision import CorsRequest, decide
from corsmith.errors import PolicyError
from corsmith.origin import is_loopback, parse_origin
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["Admitted", "allow_besides", "may_be_admitted"]

_LOOK_SECONDS: Final = 0.1


def may_be_admitted(policy: Policy | Routes, origin: str) -> bool:
    """Return whether one key may allow an origin that is refused now.

    Never ``null``, which is any page that hides its origin, and never plain http from another
    machine together with credentials: whoever is on the way could be that page. Where there
    are several policies it is not clear which is meant.
    """
    parsed = parse_origin(origin)
    if parsed is None or isinstance(policy, Routes):
        return False
    if parsed.scheme == "http" and policy.credentials and not is_loopback(parsed.host):
        return False
    asked = CorsRequest.from_headers("GET", [("origin", origin)])
    return not decide(policy, asked).allowed and allow_besides(policy, [origin]) != policy


def allow_besides(policy: Policy | Routes, origins: Iterable[str]) -> Policy | Routes:
    """Return a policy that allows some origins besides its own.

    One that it cannot allow, since it may have been edited meanwhile, is left out.
    """
    if isinstance(policy, Policy):
        for origin in origins:
            with contextlib.suppress(PolicyError):
                fields = policy.to_mapping()
                policy = Policy.from_mapping({**fields, "origins": [*policy.origins, origin]})
    return policy


class Admitted:
    """The record of them; made by the process that asks, read by each worker."""

    def __init__(self) -> None:
        """Begin with none, in a new folder; ``close`` removes it."""
        self._file = Path(tempfile.mkdtemp(prefix="corsmith-")) / "admitted.json"
        self._origins: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """Those in it, in the order in which they were added."""
        return self._origins

    def add(self, origin: str) -> None:
        """Put another one in; workers have it in a moment."""
        self._origins = (*self._origins, origin)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(self._origins), encoding="ascii")
        beside.replace(self._file)

    def look(self) -> bool:
        """Read it again; return whether there is a new one."""
        before = self._origins
        try:
            self._origins = tuple(json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return False  # nobody has been allowed yet
        return self._origins != before

    def follow(self, on_change: Callable[[tuple[str, ...]], None]) -> None:
        """Tell of those that are in it, and of each new one, as long as the process lives."""
        seen = _changed(self._file)  # before the first look: what comes between the two is seen
        self.look()
        if self._origins:  # also where this process was forked with them
            on_change(self._origins)
        threading.Thread(
            target=self._run, args=(seen, on_change), name="corsmith-admitted", daemon=True
        ).start()

    def _run(self, seen: int, on_change: Callable[[tuple[str, ...]], None]) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            now = _changed(self._file)
            if now != seen and self.look():
                on_change(self._origins)
            seen = now

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self._file.parent, ignore_errors=True)


def _changed(file: Path) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116  ten times a second
    except OSError:
        return 0
