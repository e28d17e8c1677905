"""What Django's settings say about CORS, as a value.

What lives here: ``Reading``, and how a problem is told in the words of the settings. What does
not: which settings there are (``settings``, ``corsheaders``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from corsmith.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from corsmith.diagnostics import Diagnostic
    from corsmith.gate import Source

__all__ = ["Reading", "in_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the settings mean: a policy in force, or ``problems``.

    ``urls``: only paths that it matches at their beginning are touched. ``setting`` is the
    name of the one that the policy comes from.
    """

    setting: str
    source: Source | None = None
    urls: re.Pattern[str] | None = None
    enforce: bool = False
    problems: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def in_force(self) -> Source:
        """The policy; raises ``PolicyError`` with every problem where there is none."""
        if self.problems or self.source is None:
            raise PolicyError(self.problems)
        return self.source


_EVERYONE: Final = 'origins="*"'
_NAMED: Final = re.compile(r"\b([a-z_]+)=")


def in_words(found: Iterable[Diagnostic], words: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return what is said of a policy's fields in the words of the settings.

    ``words`` has the name of the setting of each field, and as ``*`` that for every origin.
    """
    return tuple(
        replace(
            item,
            field=words.get(item.field or "", item.field),
            fix=None if item.fix is None else _rewrite(item.fix, words),
        )
        for item in found
    )


def _rewrite(fix: str, words: Mapping[str, str]) -> str:
    def name(match: re.Match[str]) -> str:
        return f"{words[match[1]]} = " if match[1] in words else match[0]

    return _NAMED.sub(name, fix.replace(_EVERYONE, f"{words['*']} = True"))
