"""Where a server's policy comes from: a file, the flags beside it, or the flags alone.

What lives here: reading it, and reading it again when the file is edited. What does not:
what a file may say (``document``) and who is told of an edit (``run``).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from corsmith.errors import CorsmithError, UsageError
from corsmith.gate import Watcher, load
from corsmith.misnomers import FIELDS
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["LOOPBACK", "SEED", "PolicySource"]

SEED: Final[Mapping[str, object]] = {
    "origins": ["*"],
    "methods": ["GET", "POST", "OPTIONS"],
    "headers": ["x-api-key", "Content-Type"],
}
"""The policy of the tutorial's server, whose API holds nothing that needs protection."""

LOOPBACK: Final = "@loopback"
"""Who may read anything else unless told otherwise: pages of this machine's own servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """A policy file, or ``None`` for the seed, and fields that replace its own.

    ``flags`` are the names under which the fields were given, for messages. ``seed`` is the
    policy where no file is given.
    """

    file: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    seed: Mapping[str, object] = field(default_factory=lambda: SEED)

    @property
    def decided(self) -> Collection[str]:
        """The fields that somebody decided, and not the seed."""
        return FIELDS if self.file is not None else self.fields.keys()

    def load(self) -> Policy | Routes:
        """Return the policy; raises ``PolicyError`` or ``UsageError``."""
        if self.file is not None:
            return self._replace(load(self.file))
        seed = dict(self.seed)
        if "origin_regex" in self.fields:
            # Any origin would leave the expression without a say.
            seed.pop("origins", None)
        origins = self.fields.get("origins")
        if isinstance(origins, list) and "*" in origins:
            # Nobody who lets everybody in has asked for cookies.
            seed.pop("credentials", None)
        return Policy.from_mapping({**seed, **self.fields})

    def _replace(self, loaded: Policy | Routes) -> Policy | Routes:
        """Return what a file holds with the given fields in place of its own."""
        if not self.fields:
            return loaded
        if isinstance(loaded, Routes):
            raise UsageError(
                f"{self.file} has [[routes]], so {' and '.join(self.flags)} cannot "
                "say which is meant\n"
                f"  write it into {self.file}, in the route that it is for"
            )
        return Policy.from_mapping({**loaded.to_mapping(), **self.fields})

    def watcher(
        self,
        on_policy: Callable[[Policy | Routes], None],
        on_problem: Callable[[CorsmithError], None],
    ) -> Watcher | None:
        """Return what watches the file, not started yet; ``None`` where there is no file."""
        if self.file is None:
            return None

        def take(loaded: Policy | Routes) -> None:
            try:
                policy = self._replace(loaded)
            except CorsmithError as error:
                on_problem(error)
            else:
                on_policy(policy)

        return Watcher(self.file, take, on_problem)
