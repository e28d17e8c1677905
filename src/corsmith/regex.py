"""``origin_regex``: a user's regular expression for origins, and what is wrong with it.

What lives here: how it is compiled and matched, and everything that is said about it. What
does not: its tree (``expression``), how many ways it has to fail (``ambiguity``) and the
counter-examples (``strangers``).

An expression meets only what parses as an origin, never ``null``, and must match all of it:
``$`` and the end of ``re.match`` admit what comes after.
"""

import re
import warnings
from collections.abc import Iterator
from typing import Final

from corsmith.ambiguity import is_ambiguous
from corsmith.diagnostics import Diagnostic, Severity, diagnose, quote
from corsmith.expression import Atom, Node, Sequence, is_unbounded, read_expression, walk
from corsmith.origin import parse_origin

__all__ = ["check_regex", "compile_regex", "matches_regex"]

_EXAMPLE: Final = "https://[a-z0-9-]+\\.app\\.example"


def compile_regex(pattern: str) -> re.Pattern[str] | Diagnostic:
    r"""Return the compiled pattern, or why it does not compile.

    ``re.ASCII``: an origin is ASCII, and ``\d`` must not be another script's digits.
    """
    try:
        with warnings.catch_warnings():
            # What a later Python may read differently is no error today.
            warnings.simplefilter("ignore")
            return re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError, ValueError, MemoryError) as error:
        message = f"{quote(pattern)} does not compile: {error}."
        fix = f"Write for example {quote(_EXAMPLE)}."
        return diagnose("regex-invalid", "origin_regex", pattern, message, fix)


def matches_regex(compiled: re.Pattern[str], text: str) -> bool:
    """Return whether ``text`` is one origin, and the whole of it matches."""
    origin = parse_origin(text)
    if origin is None or origin.host[-1] == ".":
        return False
    return compiled.fullmatch(text) is not None


def check_regex(pattern: str, *, credentials: bool, accepted: bool) -> tuple[Diagnostic, ...]:
    """Return every problem and warning of an ``origin_regex``.

    ``accepted`` says that the risk ``wide-regex`` is taken.
    """
    compiled = compile_regex(pattern)
    if isinstance(compiled, Diagnostic):
        return (compiled,)
    tree = read_expression(compiled)
    if tree is None or is_unbounded(tree) or is_ambiguous(tree):
        message = f"{quote(pattern)} can be made to backtrack without bound by one request."
        fix = "End each turn of a repeat with a character that it cannot hold: ([a-z0-9-]+\\.)*."
        return (diagnose("regex-unbounded", "origin_regex", pattern, message, fix),)
    found = list(_unescaped_dots(pattern, tree))
    stranger = None if accepted else _stranger(compiled, tree)
    if stranger is not None:
        message = f"{quote(pattern)} also matches {quote(stranger)}, a site that it does not name."
        fix = f"Write the site out, as in {quote(_EXAMPLE)}"
        fix += ', or say accept_risks=["wide-regex"].' if credentials else "."
        severity = Severity.ERROR if credentials else Severity.WARNING
        found.append(
            diagnose("wide-regex", "origin_regex", pattern, message, fix, severity=severity)
        )
    return tuple(found)


def _stranger(compiled: re.Pattern[str], tree: Node) -> str | None:
    from corsmith.strangers import find_stranger  # with the list of public suffixes

    return find_stranger(tree, lambda text: matches_regex(compiled, text))


def _unescaped_dots(pattern: str, tree: Node) -> Iterator[Diagnostic]:
    """Yield a warning if a dot that is not repeated matches any character."""
    for node in walk(tree):
        items = node.items if isinstance(node, Sequence) else ()
        for item in items:
            if isinstance(item, Atom) and pattern[item.start : item.end] == ".":
                escaped = pattern[: item.start] + "\\" + pattern[item.start :]
                message = f"{quote(pattern)} has a dot that matches any character."
                fix = f"Write {quote(escaped)}."
                yield diagnose("regex-unescaped-dot", "origin_regex", pattern, message, fix)
                return
