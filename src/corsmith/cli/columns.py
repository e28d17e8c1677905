"""Text for a terminal of 80 columns, in signs that it can show.

What lives here: wrapping, and what a sign becomes where it cannot be written. What does not:
any words.
"""

import sys
import textwrap
from collections.abc import Iterator
from typing import Final

__all__ = ["COLUMNS", "encodable", "wrapped"]

COLUMNS: Final = 80

_PLAIN: Final = {"✓": "ok", "✗": "no", "…": "...", "·": "-", "‘": "'", "’": "'", "“": '"', "”": '"'}  # noqa: RUF001  what consoles print


def wrapped(text: str, indent: str, first: str | None = None) -> Iterator[str]:
    """Yield prose in lines of at most 80 columns; a value too long for one stays whole."""
    yield from textwrap.wrap(
        text,
        width=COLUMNS,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def encodable(text: str) -> str:
    """Return text that standard output can write: signs it lacks become words."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        for sign, plain in _PLAIN.items():
            text = text.replace(sign, plain)
        return text.encode("ascii", "backslashreplace").decode("ascii")
    return text
