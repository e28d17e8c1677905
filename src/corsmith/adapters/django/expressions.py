"""Expressions for ``re.match``, as django-cors-headers takes them, read as those of a policy.

What lives here: one ``origin_regex`` out of several expressions, and what is said of each in
the words in which it was written. What does not: the other settings (``corsheaders``).

``re.match`` leaves the end open, and a policy wants the whole origin to match. What the open
end admits stays admitted: ``.*`` is written there, and the whole is judged like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.regex import check_regex

__all__ = ["join_expressions", "judge_expressions"]

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_LEADING_FLAGS: Final = re.compile(r"\A\(\?[aiLmsux]+\)")
_CLOSED: Final = re.compile(r"[^|]*(?<!\\)(?:\$|\\Z)\Z")


def join_expressions(expressions: object) -> str | None:
    """Return one expression that matches the whole of what any of these finds, if there are any."""
    wholes = [_whole(item) for item in _texts(expressions)]
    if len(wholes) > 1:
        return "|".join(f"(?:{whole})" for whole in wholes)
    return wholes[0] if wholes else None


def judge_expressions(
    expressions: object, *, credentials: bool, accepted: bool
) -> tuple[Diagnostic, ...]:
    """Return every problem and warning; ``accepted`` says that ``wide-regex`` is a risk taken."""
    if isinstance(expressions, (str, re.Pattern)) or not isinstance(expressions, Sequence):
        message = f"{quote(expressions)} is no list of regular expressions."
        fix = 'Write origin_regex=[r"^https://[a-z0-9-]+\\.app\\.example$"].'
        return (diagnose("wrong-type", "origin_regex", quote(expressions), message, fix),)
    found: list[Diagnostic] = []
    for item in expressions:
        if _text(item) is None:
            message = f"{quote(item)} is no regular expression of text."
            found.append(diagnose("wrong-type", "origin_regex", quote(item), message))
        else:
            found += _judge(item, credentials=credentials, accepted=accepted)
    return tuple(found)


def _texts(expressions: object) -> list[str | re.Pattern[str]]:
    if isinstance(expressions, (str, re.Pattern)) or not isinstance(expressions, Sequence):
        return []
    return [item for item in expressions if _text(item) is not None]


def _text(item: object) -> str | None:
    pattern = item.pattern if isinstance(item, re.Pattern) else item
    return pattern if isinstance(pattern, str) else None


def _whole(item: str | re.Pattern[str]) -> str:
    """Return an expression for the whole of a text that ``re.match`` finds this one in."""
    pattern = item if isinstance(item, str) else item.pattern
    try:
        flags = re.compile(item).flags
    except re.error:
        return pattern  # that is told
    letters = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
    if not letters and _CLOSED.match(pattern):
        return pattern
    # The end of a line ends a comment of a verbose expression.
    end = "\n" if "x" in letters else ""
    return f"(?{letters}:{_LEADING_FLAGS.sub('', pattern)}{end}).*"


def _judge(item: str | re.Pattern[str], *, credentials: bool, accepted: bool) -> list[Diagnostic]:
    def check(text: str) -> tuple[Diagnostic, ...]:
        return check_regex(text, credentials=credentials, accepted=accepted)

    pattern, whole = item if isinstance(item, str) else item.pattern, _whole(item)
    found = [said for said in check(pattern) if said.code != "wide-regex"]
    for said in check(whole):
        if said.code == "wide-regex":
            closed, fix = f"{pattern}$", said.fix
            if whole != pattern and all(other.code != said.code for other in check(closed)):
                fix = f"Write {quote(closed)}: the end is open."
            message = said.message.replace(quote(whole), quote(pattern))
            found.append(replace(said, value=pattern, message=message, fix=fix))
    return found
