"""``--add-header``: headers that the upstream gets and no page sends.

What lives here: reading them, with secrets from the environment. What does not: sending them
(``hops``). No value is in any message: what is wrong is told by the name of the header.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from corsmith.diagnostics import quote
from corsmith.errors import UsageError

__all__ = ["Added", "read_added"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE: Final = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\}|(?P<dollar>\$)|(?P<wrong>))",
    re.ASCII,
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_NOT_ADDED: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
"""What says how a message is sent: the gateway's own affair."""


class Added(dict[bytes, bytes]):
    """Header values by their names in lower case; shown without the values."""

    def __repr__(self) -> str:
        return f"Added({', '.join(sorted(name.decode() for name in self))})"


def read_added(lines: Iterable[str], environ: Mapping[str, str]) -> Added:
    """Return the headers of ``Name: value`` lines; ``UsageError`` for what is none.

    ``$NAME`` and ``${NAME}`` stand for a variable of the environment, ``$$`` for a dollar.

    >>> read_added(["Authorization: Bearer $TOKEN"], {"TOKEN": "secret"})
    Added(authorization)
    """
    added = Added()
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip()
        lower = name.lower()
        if not colon or not _TOKEN.fullmatch(name):
            # The whole line may be a secret that was pasted without its name.
            raise UsageError("--add-header needs a name and a value: 'Authorization: $TOKEN'")
        if lower in _NOT_ADDED:
            raise UsageError(f"--add-header {name}: the gateway writes this header by itself")
        key = lower.encode()
        if key in added:
            raise UsageError(f"--add-header {name} is given twice; a header has one value")
        text = _expanded(name, value.strip(), environ)
        if _CONTROL.search(text):
            raise UsageError(f"--add-header {name}: its value holds a line break or a control")
        added[key] = text.strip(" \t").encode("utf-8", "surrogateescape")
        if not added[key]:
            raise UsageError(f"--add-header {name} has no value; write '{name}: $TOKEN'")
    return added


def _expanded(name: str, value: str, environ: Mapping[str, str]) -> str:
    def expand(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        variable = match["plain"] or match["braced"]
        if not variable:
            raise UsageError(
                f"--add-header {name}: a dollar stands before the name of a variable\n"
                "  write $$ for the sign itself"
            )
        if variable not in environ:
            raise UsageError(
                f"--add-header {name}: the environment has no {quote(variable)}\n"
                f"  set it first: export {variable}=…"
            )
        return environ[variable]

    return _VARIABLE.sub(expand, value)
