"""A user's regular expression for origins."""

import re

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.origin import parse_origin

__all__ = ["check_regex", "compile_regex", "matches_regex"]


def compile_regex(pattern: str) -> re.Pattern[str] | Diagnostic:
    """Return the compiled pattern, or why it does not compile."""
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError, ValueError, MemoryError) as error:
        return diagnose(
            "regex-invalid",
            "origin_regex",
            pattern,
            f"{quote(pattern)} does not compile: {error}.",
            r'Write for example "https://[a-z0-9-]+\\.app\\.example".',
        )


def matches_regex(compiled: re.Pattern[str], text: str) -> bool:
    """Return whether ``text`` is one origin, and the whole of it matches."""
    origin = parse_origin(text)
    if origin is None or origin.host[-1] == ".":
        return False
    return compiled.fullmatch(text) is not None


def check_regex(pattern: str, *, credentials: bool, accepted: bool) -> tuple[Diagnostic, ...]:
    """Return every problem and warning of an ``origin_regex``."""
    compiled = compile_regex(pattern)
    if isinstance(compiled, Diagnostic):
        return (compiled,)
    if credentials and not accepted and matches_regex(compiled, "https://evil.invalid"):
        return (
            diagnose(
                "wide-regex",
                "origin_regex",
                pattern,
                f'{quote(pattern)} also matches "https://evil.invalid".',
            ),
        )
    return ()
