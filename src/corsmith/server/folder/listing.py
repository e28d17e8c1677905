"""What a folder looks like: a page that needs no script, or JSON.

What lives here: order, words and marks. What does not: reading the folder (``tree``), and
for whom it is read (``serving``).

Every name is escaped, and the page's content security policy lets nothing run or load:
whoever can name a file below the folder cannot write a script into the page.
"""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import islice
from typing import Final
from urllib.parse import parse_qsl, quote_from_bytes, urlencode

from corsmith.server.folder.media import type_of
from corsmith.server.folder.tree import Entry, Listed, Unshown

__all__ = [
    "MOST_ENTRIES",
    "Selection",
    "answer",
    "as_json",
    "as_page",
    "prefers_json",
    "quote_name",
    "take",
]

MOST_ENTRIES: Final = 10_000
"""The most lines of a listing: a Zarr array may have millions of files in one folder."""

_WEIGHT = re.compile(r"[01](?:\.[0-9]{0,3})?")
"""A weight, as RFC 9110, section 12.4.2, writes it."""

_LONGEST_PART: Final = 255
"""What is looked for in names is no longer than one may be."""

_BARS: Final = 20
"""The lengths of a bar that the style sheet has."""

_DIGITS = re.compile("([0-9]+)")

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP: Final = 1024

_KEYS: Final = {
    "name": lambda entry: _natural(entry.name),
    "size": lambda entry: entry.size or 0,
    "date": lambda entry: entry.modified,
}
_REASONS: Final = {
    Unshown.OUTSIDE: "links that lead out of this folder",
    Unshown.HIDDEN: "names that begin with a dot",
    Unshown.SPECIAL: "pipes and devices",
    Unshown.ODD: "names that other systems read differently",
}
_ALL_SHOWN: Final[Mapping[Unshown, int]] = {}
_TITLES: Final = {"name": "Name", "size": "Size", "date": "Changed (UTC)"}


def escape(text: str) -> str:
    """Return a text as it stands in a page."""
    from html import escape as escaped  # only for a page: with half a megabyte of names

    return escaped(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a folder is listed: by what it is sorted, and what its names have in them."""

    by: str = "name"
    backwards: bool = False
    part: str = ""

    @classmethod
    def of(cls, query: bytes) -> "Selection":
        """Return what a query string asks for, as the page's own links and form do.

        >>> Selection.of(b"sort=size&order=desc&filter=.tif")
        Selection(by='size', backwards=True, part='.tif')
        """
        asked = dict(parse_qsl(query.decode("latin-1"), errors="replace"))
        by = asked.get("sort", "")
        return cls(
            by=by if by in _KEYS else "name",
            backwards=asked.get("order") == "desc",
            part=asked.get("filter", "").strip()[:_LONGEST_PART],
        )

    def wants(self, name: str) -> bool:
        """Return whether a name has the part in it, whatever their case."""
        return self.part.casefold() in name.casefold()

    def sort(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries, folders before files, equals by their names."""
        found = sorted(entries, key=lambda entry: (_natural(entry.name), entry.name))
        found.sort(key=_KEYS[self.by], reverse=self.backwards)
        return sorted(found, key=lambda entry: entry.size is not None)


def _natural(name: str) -> list[str | int]:
    """Return what orders names as a person does: ``2`` before ``10``, ``a`` beside ``A``."""
    parts: list[str | int] = [*_DIGITS.split(name.casefold())]
    # Every second part is a number, so that texts are only compared with texts.
    parts[1::2] = map(int, parts[1::2])
    return parts


def take(entries: Iterable[Entry]) -> tuple[list[Entry], bool]:
    """Return as many entries as are listed, and whether those are all."""
    found = list(islice(entries, MOST_ENTRIES + 1))
    return found[:MOST_ENTRIES], len(found) <= MOST_ENTRIES


def prefers_json(accept: str) -> bool:
    """Return whether a client that says so rather reads JSON than a page.

    Where both are as welcome, JSON is for who names it: a browser does not.

    >>> prefers_json("application/json, */*;q=0.1"), prefers_json("text/html,*/*"), prefers_json("")
    (True, False, False)
    """
    weights = dict(map(_weigh, accept.lower().split(",")))
    json_weight, page_weight = (
        next((weights[kind] for kind in kinds if kind in weights), 0.0)
        for kinds in (("application/json", "application/*", "*/*"), ("text/html", "text/*", "*/*"))
    )
    is_named = "application/json" in weights and json_weight > 0
    return json_weight > page_weight or (is_named and json_weight == page_weight)


def _weigh(item: str) -> tuple[str, float]:
    """Return a media type of an Accept header and its weight (RFC 9110, section 12.5.1)."""
    kind, *parameters = (word.strip() for word in item.split(";"))
    weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
    return kind, float(weight) if _WEIGHT.fullmatch(weight) else 0.0


def quote_name(name: str) -> str:
    """Return a name as one segment of a URL's path."""
    return quote_from_bytes(name.encode("utf-8", "surrogateescape"), safe="")


def _link(entry: Entry) -> str:
    # The dot keeps a name with a colon from being read as a scheme.
    return f"./{quote_name(entry.name)}{'/' if entry.size is None else ''}"


def answer(
    names: Sequence[str],
    entries_of: Callable[[Callable[[str], bool]], Iterable[Listed]],
    query: bytes,
    accept: str,
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the body and the headers of a folder's listing: a page, or JSON.

    ``entries_of`` is told which names are wanted. Reading a large folder takes a while; a
    server does this in a thread.
    """
    selection = Selection.of(query)
    unshown: Counter[Unshown] = Counter()
    entries, is_complete = take(_counted(entries_of(selection.wants), unshown))
    entries = selection.sort(entries)
    if selection.part or not is_complete:
        # Whoever may look for a part must not find out the names that are hidden.
        unshown.clear()
    lines = [(b"vary", b"Accept"), (b"x-content-type-options", b"nosniff")]
    if prefers_json(accept):
        path = "/" + "".join(f"{name}/" for name in names)
        lines.append((b"content-type", b"application/json"))
        return as_json(path, entries, unshown, is_complete=is_complete), lines
    body, policy = as_page(names, entries, selection, unshown, is_complete=is_complete)
    lines.append((b"content-security-policy", policy.encode()))
    lines.append((b"content-type", b"text/html; charset=utf-8"))
    return body, lines


def _counted(found: Iterable[Listed], unshown: Counter[Unshown]) -> Iterator[Entry]:
    """Yield the entries, and count what there is besides."""
    for one in found:
        if isinstance(one, Entry):
            yield one
        else:
            unshown[one] += 1


def as_json(
    path: str,
    entries: Sequence[Entry],
    unshown: Mapping[Unshown, int] = _ALL_SHOWN,
    *,
    is_complete: bool,
) -> bytes:
    """Return a listing as JSON; each ``url`` is relative to the folder's own.

    ``unshown`` counts what is there and is not listed, by the reason.
    """
    lines = [
        {
            "name": _shown(entry.name),
            "url": _link(entry),
            "type": "folder" if entry.size is None else "file",
            "size": entry.size,
            "modified": _moment(entry.modified).isoformat().replace("+00:00", "Z"),
        }
        for entry in entries
    ]
    listing = {
        "path": _shown(path),
        "complete": is_complete,
        "unshown": {why: unshown[why] for why in _REASONS if why in unshown},
        "entries": lines,
    }
    return json.dumps(listing, ensure_ascii=False, separators=(",", ":")).encode()


def as_page(
    names: Sequence[str],
    entries: Sequence[Entry],
    selection: Selection,
    unshown: Mapping[Unshown, int] = _ALL_SHOWN,
    *,
    is_complete: bool,
) -> tuple[bytes, str]:
    """Return a listing as a page, and the page's content security policy."""
    style, policy = _style()
    largest = max((entry.size or 0 for entry in entries), default=0)
    parts = {
        "title": escape(f"/{'/'.join(map(_shown, names))}"),
        "style": style,
        "crumbs": _crumbs(names),
        "sort": selection.by,
        "order": "desc" if selection.backwards else "asc",
        "filter": escape(selection.part),
        "count": _count(entries, selection, unshown, is_complete=is_complete),
        "heads": "".join(_head(by, selection) for by in _KEYS),
        "rows": "\n".join([*_up(names), *(_row(entry, largest) for entry in entries)]),
    }
    first, *rest = _asset("listing.html").split("{{")
    # Each part is put in once, so that a name with braces in it stays a name.
    filled = [parts[word] + after for word, after in (piece.split("}}", 1) for piece in rest)]
    return "".join([first, *filled]).encode(), policy


def _crumbs(names: Sequence[str]) -> str:
    """Return a link to each folder from the root on, which is ``/``: its own name is nobody's.

    The style sheet cuts a long name of a folder above, so that is its title too.
    """
    links = []
    for number, name in enumerate(["", *names]):
        shown = escape(_shown(name)) or "/"
        up = "../" * (len(names) - number)
        more = f' title="{shown}"' if up else ' aria-current="page"'
        links.append(f'<a href="{up or "./"}"{more}>{shown}</a>')
    return " ".join([links[0], " <span>/</span> ".join(links[1:])]).rstrip()


def _count(
    entries: Sequence[Entry],
    selection: Selection,
    unshown: Mapping[Unshown, int],
    *,
    is_complete: bool,
) -> str:
    sizes = [entry.size for entry in entries if entry.size is not None]
    folders = len(entries) - len(sizes)
    words = (
        f"{folders:,} folder{'' if folders == 1 else 's'}, "
        f"{len(sizes):,} file{'' if len(sizes) == 1 else 's'}, {_size(sum(sizes))}"
    )
    if not entries:
        words = "Nothing"
    if selection.part:
        words += f" with “{escape(selection.part)}” in the name"
    elif not entries:
        words += " is in this folder." if not unshown else " in this folder is served"
    if not is_complete:
        words += "; there are more, which are not listed"
    if unshown:
        told = (f"{_REASONS[why]} ({unshown[why]:,})" for why in _REASONS if why in unshown)
        words += f"; not shown: {', '.join(told)}"
    return words + ('; <a href="./">show all</a>' if selection.part else "")


def _head(by: str, selection: Selection) -> str:
    """Return a column's head: a link that sorts by it, or turns the order round."""
    state, turn = "", "asc"
    if by == selection.by:
        state = f' aria-sort="{"descending" if selection.backwards else "ascending"}"'
        turn = "asc" if selection.backwards else "desc"
    mark = "" if not state else " ▼" if selection.backwards else " ▲"
    query = {"sort": by, "order": turn} | ({"filter": selection.part} if selection.part else {})
    return (
        f'<th scope="col" class="{by}"{state}>'
        f'<a href="?{escape(urlencode(query))}">{_TITLES[by]}</a>{mark}</th>'
    )


def _up(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    row = '<td class="up"><a href="../">../</a></td><td class="size"></td><td class="date"></td>'
    return [f"<tr>{row}</tr>"]


def _row(entry: Entry, largest: int) -> str:
    shown = escape(_shown(entry.name))
    moment = _moment(entry.modified)
    kind = "folder" if entry.size is None else _kind(type_of(entry.name))
    size = '<td class="size">-</td>'
    if entry.size is not None:
        # A class, for the page lets no element have a style of its own.
        share = round(_BARS * entry.size / largest) if largest else 0
        bar = f" b{share}" if share else ""
        size = f'<td class="size{bar}" title="{entry.size:,} bytes">{_size(entry.size)}</td>'
    return (
        f'<tr><td class="{kind}"><a href="{escape(_link(entry))}">{shown}'
        f"{'/' if entry.size is None else ''}</a>"
        f'</td>{size}<td class="date"><time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">'
        f"{moment:%Y-%m-%d %H:%M}</time></td></tr>"
    )


def _kind(media: str) -> str:
    """Return which drawing a media type has."""
    top, _, sub = media.partition("/")
    if top in {"image", "audio", "video"}:
        return "image" if top == "image" else "film"
    if any(word in sub for word in ("zip", "x-tar", "x-xz", "bzip2", "zstd", "7z")):
        return "packed"
    return "text" if top == "text" or "json" in sub or "xml" in sub or "yaml" in sub else "file"


def _size(size: int) -> str:
    amount = float(size)
    for unit in _UNITS[:-1]:
        if amount < _STEP:
            return (
                f"{size} byte{'' if size == 1 else 's'}"
                if unit == "bytes"
                else f"{amount:.1f} {unit}"
            )
        amount /= _STEP
    return f"{amount:.1f} {_UNITS[-1]}"


def _moment(modified: float) -> datetime:
    """Return when something was changed, to the second; the epoch for what no date can say."""
    try:
        return datetime.fromtimestamp(int(modified), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _shown(name: str) -> str:
    """Return a name that can be written, whatever bytes it is of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@cache
def _style() -> tuple[str, str]:
    """Return the page's style, and a content security policy that lets in nothing else."""
    style = _asset("listing.css")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return style, (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'self'"
    )


@cache
def _asset(name: str) -> str:
    from importlib.resources import files  # as above

    return files("corsmith.server").joinpath("assets", name).read_text(encoding="utf-8")
