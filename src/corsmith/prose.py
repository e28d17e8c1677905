"""Lists and names as a sentence has them.

What lives here: joining words, and header names in their usual spelling. What does not: any
sentence.
"""

from collections.abc import Sequence
from typing import Final

__all__ = ["join_words", "spell_header"]

_MOST_NAMES: Final = 6


def join_words(words: Sequence[str]) -> str:
    """Return words separated by commas, the rest counted where there are many.

    >>> join_words(["a", "b"]), join_words(list("abcdefgh"))
    ('a, b', 'a, b, c, d, e, f and 2 more')
    """
    if len(words) <= _MOST_NAMES + 1:
        return ", ".join(words)
    return f"{', '.join(words[:_MOST_NAMES])} and {len(words) - _MOST_NAMES} more"


def spell_header(name: str) -> str:
    """Return a header name as it is usually written.

    >>> spell_header("www-authenticate"), spell_header("x-total-count")
    ('WWW-Authenticate', 'X-Total-Count')
    """
    return _SPELLED.get(name) or "-".join(part.capitalize() for part in name.split("-"))


_SPELLED: Final = {"etag": "ETag", "www-authenticate": "WWW-Authenticate", "cf-ray": "CF-Ray"}
