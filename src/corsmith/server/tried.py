"""``Tried``: what the try page sends to, as far as its buttons and its words depend on it.

What lives here: which buttons make sense of which kind of target, and what is said of where
they go. What does not: what a policy makes of a button (``prediction``).

The answer of the tutorial's API is known in advance, so its status is predicted too. Of
anything else a policy tells only whether a page may read the answer.
"""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Tried", "TriedKind"]


class TriedKind(StrEnum):
    """A kind of target that the page treats in a way of its own."""

    ECHO = "echo"
    FILES = "files"
    APP = "app"
    GATEWAY = "gateway"


_STATUSES: Final = frozenset({"s404", "s500"})
_WRITING: Final = frozenset({"post", "put"})

_LACKS: Final = {
    TriedKind.ECHO: frozenset[str](),
    TriedKind.FILES: _STATUSES | _WRITING,
    TriedKind.APP: _STATUSES,
    TriedKind.GATEWAY: _STATUSES,
}
"""The buttons that a target has not: only the tutorial's API has ``/status/404``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One target: its kind, the word it was named by, and who gets what is sent.

    ``receiver`` is an application's name or a gateway's upstream. ``has_flags`` says that
    the command line has flags besides those of the policy.
    """

    kind: TriedKind = TriedKind.ECHO
    word: str | None = None
    receiver: str = ""
    has_flags: bool = False

    @property
    def tells_status(self) -> bool:
        """Whether the status of an answer is known before anything is sent."""
        return self.kind is TriedKind.ECHO

    def offers(self, name: str) -> bool:
        """Return whether the page has this button."""
        return name not in _LACKS[self.kind]

    @property
    def writing(self) -> list[str]:
        """The buttons that are sent only once a person has said so."""
        return sorted(_WRITING) if self.kind is TriedKind.GATEWAY else []

    @property
    def command(self) -> str:
        """What to type so that the same target is served under a policy file.

        >>> Tried(kind=TriedKind.FILES, word="./my data").command
        "corsmith serve './my data' --policy cors.toml"
        """
        named = "" if self.word is None else f"{shlex.quote(self.word)} "
        others = "  (and your other flags)" if self.has_flags else ""
        return f"corsmith serve {named}--policy cors.toml{others}"

    @property
    def sentence(self) -> str:
        """What a person has to know of where the buttons go; empty where it is no news."""
        if self.kind is TriedKind.FILES:
            return "Files cannot be written, so there is no button that writes."
        if self.kind is TriedKind.APP:
            return f"These reach {self.receiver}: a POST or a PUT is carried out."
        if self.kind is TriedKind.GATEWAY:
            return f"These are sent to {self.receiver}, where the policy allows this page."
        return ""
