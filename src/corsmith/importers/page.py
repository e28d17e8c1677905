"""What was imported, as the text of a policy file with the differences as comments.

What lives here: the text. What does not: what the differences are.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from corsmith.diagnostics import Diagnostic
from corsmith.importers.draft import Draft, Imported, Settled, settle
from corsmith.policy import Policy

__all__ = ["write_page"]

_COLUMNS: Final = 100
_FIELDS: Final = (
    "origins",
    "origin_regex",
    "methods",
    "headers",
    "expose",
    "credentials",
    "max_age",
)
"""What is written of a policy, in this order; all else is never imported."""

# code → under which of the headings it is told
_CLOSED: Final = frozenset(
    {
        "insecure-origin",
        "not-a-list",
        "null-origin",
        "public-suffix",
        "regex-open-end",
        "vary-missing",
        "wide-regex",
        "wildcard-with-credentials",
    }
)
_UNSAID: Final = frozenset({"not-expressible", "origins-empty", "regex-unbounded", "two-layers"})
_OTHERWISE: Final = frozenset({"answers-differently"})
_PARTS: Final = (
    ("holes that are closed", _CLOSED),
    ("what a policy file cannot say", _UNSAID),
    ("what never worked", None),
    ("what is answered otherwise", _OTHERWISE),
)
_NAMED: Final = _CLOSED | _UNSAID | _OTHERWISE


def write_page(imported: Imported, source: str) -> str:
    """Return the policy file of what was found in ``source``; it is always a valid one."""
    settled = {
        row.draft: settle(row.draft, imported.title)
        for row in imported.rows
        if row.draft is not None
    }
    everywhere = _shared(list(settled.values()))
    lines = [f"# The CORS settings of {source}, {imported.title}, as a policy of corsmith."]
    if len(imported.found) > 1:
        lines += ["#", f"# CORS is set up in {len(imported.found)} places:"]
        lines += [line for place in imported.found for line in _wrapped(place, "#   ", "# - ")]
    lines += _told([*imported.said, *everywhere])
    if [row.path for row in imported.rows] == ["/"] and _policy(imported, settled) is not None:
        lines += ["", "[policy]"]
    for row in imported.rows:
        one = None if row.draft is None else settled[row.draft]
        own = [] if one is None else [item for item in one.said if item not in everywhere]
        if "[policy]" not in lines:
            lines += ["", *list(_told(own, f" at {row.path}"))[1:], "[[routes]]"]
            lines.append(f"path = {_text(row.path)}")
        lines += _fields(None if one is None else one.policy, row.draft)
    return "\n".join(lines) + "\n"


def _policy(imported: Imported, settled: Mapping[Draft, Settled]) -> Policy | None:
    draft = imported.rows[0].draft
    return None if draft is None else settled[draft].policy


def _shared(settled: list[Settled]) -> list[Diagnostic]:
    """Return what is said of every policy alike; a row without one does not count."""
    settled = [one for one in settled if one.policy is not None]
    said = dict.fromkeys(item for one in settled for item in one.said)
    return [item for item in said if all(item in one.said for one in settled)]


def _told(items: Iterable[Diagnostic], where: str = "") -> Iterator[str]:
    items = list(dict.fromkeys(items))
    for heading, codes in _PARTS:
        chosen = [
            item for item in items if (item.code in codes if codes else item.code not in _NAMED)
        ]
        if chosen:
            yield "#"
            yield f"# {heading}{where}:"
        for item in chosen:
            yield from _wrapped(str(item), "#   ", "# - ")


def _wrapped(text: str, indent: str, first: str) -> list[str]:
    return textwrap.wrap(
        text,
        width=_COLUMNS,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _fields(policy: Policy | None, draft: Draft | None) -> Iterator[str]:
    if policy is None:
        yield "cors = false"
        return
    fields = policy.to_mapping()
    for name in _FIELDS:
        value = fields.get(name)
        if value is not None and (name, value) not in (("expose", []), ("origins", [])):
            whose = draft is not None and name in draft.defaults
            yield f"{name} = {_value(value)}{'  # the default there' if whose else ''}"


def _value(value: object) -> str:
    if isinstance(value, list):
        items = [_text(str(item)) for item in value]
        line = f"[{', '.join(items)}]"
        if len(line) <= _COLUMNS - len("credentials = "):
            return line
        return "".join(["[\n", *(f"    {item},\n" for item in items), "]"])
    return _text(value) if isinstance(value, str) else str(value).lower()


def _text(value: str) -> str:
    r"""Return a text as TOML has it; one with backslashes, as expressions are, stays as it is.

    >>> print(_text("https://app.example"), _text(r"https://\w+\.example"))
    "https://app.example" 'https://\w+\.example'
    """
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    # What JSON escapes in a text without surrogates TOML reads the same, and DEL besides.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
