"""Facts about names that need a table: public suffixes and Punycode.

What lives here: the only imports of ``publicsuffixlist`` and ``idna``, made when a
wildcard, a Unicode host or an ``xn--`` label is judged, never when a request is.
What does not: what follows from the facts (``pattern``, ``regex`` and the policy).
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from corsmith.origin import is_loopback

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["is_public_suffix", "is_valid_punycode", "to_punycode"]


@lru_cache(maxsize=1)
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Return whether anyone may register a name directly below this one.

    The private section counts (``github.io``); so does a top label that is not listed,
    and the root itself. A trailing dot does not matter, and loopback names, which
    nobody can register, never are one.

    >>> is_public_suffix("co.uk"), is_public_suffix("github.io"), is_public_suffix("example.com")
    (True, True, False)
    """
    name = name.removesuffix(".")
    if is_loopback(name):
        return False
    return not name or _suffixes().is_public(name)


def registrable_domain(name: str) -> str | None:
    """Return the public suffix of a name with the label before it; ``None``: it has none.

    >>> registrable_domain("a.b.example.co.uk")
    'example.co.uk'
    """
    domain: str | None = _suffixes().privatesuffix(name.removesuffix("."))
    return domain


def to_punycode(host: str) -> str | None:
    """Return the host as browsers write it, or ``None`` if it is no name.

    URL Standard, #concept-domain-to-ascii: Unicode's UTS 46, non-transitional, so that
    ``ß`` keeps its own name.

    >>> to_punycode("Bücher.example"), to_punycode("straße.example")
    ('xn--bcher-kva.example', 'xn--strae-oqa.example')
    """
    import idna

    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return None
    labels = [_to_ascii(label) for label in mapped.split(".")]
    if any(label is None for label in labels):
        return None
    return ".".join(label for label in labels if label is not None)


def _to_ascii(label: str) -> str | None:
    import idna

    if label.isascii():
        return label if not label.startswith("xn--") or is_valid_punycode(label) else None
    try:
        return idna.alabel(label).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return None


def is_valid_punycode(label: str) -> bool:
    """Return whether a label that begins with ``xn--`` stands for a Unicode label.

    >>> is_valid_punycode("xn--bcher-kva"), is_valid_punycode("xn--a")
    (True, False)
    """
    import idna

    try:
        return idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return False
