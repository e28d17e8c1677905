"""Facts about names that need a table: public suffixes and Punycode.

What lives here: the only imports of ``publicsuffixlist`` and ``idna``, made when a
wildcard, a regular expression, a Unicode host or an ``xn--`` label is judged, never while
a request waits. What does not: what follows from the facts (``repair``, ``pattern``,
``regex`` and the policy).
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from corsmith.origin import MAX_LABEL_LENGTH, is_loopback

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = [
    "find_registrable",
    "is_public_suffix",
    "is_valid_punycode",
    "to_punycode",
]

_ACE: Final = "xn--"
_JOINERS: Final = "\u200c\u200d"


@lru_cache(maxsize=1)
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Return whether anyone may register a name directly below this one.

    The private section counts (``github.io``); so does a top label that is not listed,
    and the root itself. A trailing dot does not matter, and loopback names, which
    nobody can register, never are one.

    >>> is_public_suffix("co.uk"), is_public_suffix("github.io"), is_public_suffix("shop.com")
    (True, True, False)
    """
    name = name.removesuffix(".")
    if is_loopback(name):
        return False
    return not name or _suffixes().is_public(name)


def find_registrable(name: str) -> str | None:
    """Return the name that somebody registered to own this one: a label below a suffix.

    ``None`` is returned for a public suffix and for what is no name.

    >>> find_registrable("a.shop.co.uk"), find_registrable("co.uk")
    ('shop.co.uk', None)
    """
    return _suffixes().privatesuffix(name)


def to_punycode(host: str) -> str | None:
    """Return the host as browsers write it, or ``None`` if it is no name.

    URL Standard, #concept-domain-to-ascii: Unicode's UTS 46, non-transitional, so that
    ``ß`` keeps its own name. What ASCII a name may hold is not judged here.

    >>> to_punycode("Bücher.example"), to_punycode("straße.example")
    ('xn--bcher-kva.example', 'xn--strae-oqa.example')
    """
    mapped = _map(host)
    labels = None if mapped is None else [_to_ascii(label) for label in mapped.split(".")]
    if labels is None or None in labels:
        return None
    return ".".join(label for label in labels if label is not None)


def is_valid_punycode(label: str) -> bool:
    """Return whether a label that begins with ``xn--`` stands for a Unicode label.

    >>> is_valid_punycode("xn--bcher-kva"), is_valid_punycode("xn--a")
    (True, False)
    """
    if len(label) > MAX_LABEL_LENGTH:
        return False
    try:
        meant = label.removeprefix(_ACE).encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    # UTS 46, section 4.1: a label that says nothing, or ASCII, has no business in Punycode.
    return not meant.isascii() and _map(meant) == meant and _to_ascii(meant) == label


def _map(text: str) -> str | None:
    import idna

    try:
        # UTS 46, section 4. IDNA 2008 alone (`idna.encode`) would refuse names that
        # browsers open, such as those with emoji.
        return idna.uts46_remap(text, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return None


def _to_ascii(label: str) -> str | None:
    """Return one mapped label as browsers write it, or ``None`` if they refuse it."""
    import idna

    if label.isascii():
        return None if label.startswith(_ACE) and not is_valid_punycode(label) else label
    try:
        # UTS 46, section 4.1, the criteria that the URL Standard asks for: 6, 7 and 8.
        idna.check_initial_combiner(label)
        idna.check_bidi(label)
        joiners = (i for i, character in enumerate(label) if character in _JOINERS)
        if not all(idna.valid_contextj(label, position) for position in joiners):
            return None
    except ValueError:  # an IDNAError is one, and so is a letter newer than this Python
        return None
    return _ACE + label.encode("punycode").decode("ascii")
