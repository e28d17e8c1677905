"""Our answers in a peer's words: the status, text and spelling that no page ever sees.

What lives here: what a peer's tests read out of a preflight's answer. What does not: any policy.
A word is chosen from the request and from what our adapter really answered, never from the
configuration: an answer that allows too much or too little is told as such.

``PEER_WORDS=0`` leaves every answer as our adapter sent it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["IS_SAID", "Preflight", "elements", "is_preflight"]

IS_SAID = os.environ.get("PEER_WORDS") == "1"

_ORIGIN = "origin"
_METHOD = "access-control-request-method"
_NAMES = "access-control-request-headers"
_ALLOW_ORIGIN = "access-control-allow-origin"
_ALLOW_METHODS = "access-control-allow-methods"
_ALLOW_HEADERS = "access-control-allow-headers"


def elements(value: str) -> list[str]:
    """Return the elements of a list header."""
    return [word for part in value.split(",") if (word := part.strip())]


def is_preflight(method: str, request: Iterable[tuple[str, str]]) -> bool:
    """Return whether a request is one that our adapter answers itself."""
    return method == "OPTIONS" and {_ORIGIN, _METHOD} <= {name.lower() for name, _ in request}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """A preflight and the header lines that our adapter answered it with."""

    request: tuple[tuple[str, str], ...]
    answer: tuple[tuple[str, str], ...]

    def asked(self, name: str) -> str:
        """Return a header of the request, or nothing."""
        return ", ".join(value for key, value in self.request if key.lower() == name)

    def answered(self, name: str) -> str:
        """Return a header of the answer, or nothing."""
        return ", ".join(value for key, value in self.answer if key.lower() == name)

    @property
    def origin(self) -> str:
        """The origin that asks."""
        return self.asked(_ORIGIN)

    @property
    def method(self) -> str:
        """The method that is asked for."""
        return self.asked(_METHOD)

    @property
    def names(self) -> list[str]:
        """The names of the headers that are asked for."""
        return elements(self.asked(_NAMES))

    @property
    def is_origin_allowed(self) -> bool:
        """Whether the answer is for this origin."""
        return self.answered(_ALLOW_ORIGIN) in {"*", self.origin}

    @property
    def is_method_allowed(self) -> bool:
        """Whether the method is listed: no peer lets a safelisted one pass unlisted."""
        return not {"*", self.method}.isdisjoint(elements(self.answered(_ALLOW_METHODS)))

    @property
    def is_any_name_allowed(self) -> bool:
        """Whether the answer lists no names but allows them all."""
        return "*" in elements(self.answered(_ALLOW_HEADERS))

    def allowed_names(self) -> list[str]:
        """Return the names that are asked for and allowed, as they were asked for."""
        listed = elements(self.answered(_ALLOW_HEADERS).lower())
        return [name for name in self.names if self.is_any_name_allowed or name.lower() in listed]

    def refused_names(self) -> list[str]:
        """Return the names that are asked for and not allowed."""
        allowed = self.allowed_names()
        return [name for name in self.names if name not in allowed]

    def lines(self, **said: str | None) -> list[tuple[str, str]]:
        """Return the answer's lines, with other values for some, or without them."""
        new = {name.replace("_", "-"): value for name, value in said.items()}
        kept = [(name, value) for name, value in self.answer if name.lower() not in new]
        return kept + [(name, value) for name, value in new.items() if value is not None]
