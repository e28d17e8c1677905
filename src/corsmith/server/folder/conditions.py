"""``judge``: what a request's conditions make of a file (RFC 9110, section 13).

What lives here: the five conditional headers, entity tags and HTTP dates. What does not:
the file (its tag and time are given), and the ranges that If-Range is about (``ranges``).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

__all__ = [
    "NOT_MODIFIED",
    "PRECONDITION_FAILED",
    "allows_range",
    "judge",
    "read_date",
    "write_date",
]

CONDITIONS: Final = frozenset(
    {
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"range",
    }
)
"""The header lines that say which part of what, and which version (RFC 9110, 13.1 and 14.2)."""

NOT_MODIFIED: Final = 304
PRECONDITION_FAILED: Final = 412

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip

_CLOCK: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH: Final = r"(?P<month>[A-Z][a-z]{2})"
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        # RFC 9110, section 5.6.7: what is written, and two forms that must still be read.
        rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_CLOCK} GMT\Z",
        rf"[A-Z][a-z]{{5,8}}, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_CLOCK} GMT\Z",
        rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})\Z",
    )
)
_CENTURY: Final = 100
_PIVOT: Final = 70
"""Two digits below it are years of this century, as in POSIX."""


def judge(asked: Mapping[str, str], tag: str, modified: int) -> Literal[304, 412] | None:
    """Return the status that the conditions of a GET or HEAD end it with, if they do.

    ``asked`` has the header names in lower case; ``tag`` is a strong entity tag and
    ``modified`` the seconds since the epoch.

    >>> judge({"if-none-match": '"a", "b"'}, '"b"', 0)
    304
    """
    # In the order of RFC 9110, section 13.2.2.
    match, none_match = asked.get("if-match"), asked.get("if-none-match")
    if match is not None:
        if not _names(match, tag, strong=True):
            return PRECONDITION_FAILED
    elif (since := read_date(asked.get("if-unmodified-since"))) is not None and modified > since:
        return PRECONDITION_FAILED
    if none_match is not None:
        return NOT_MODIFIED if _names(none_match, tag, strong=False) else None
    since = read_date(asked.get("if-modified-since"))
    return NOT_MODIFIED if since is not None and modified <= since else None


def allows_range(if_range: str | None, tag: str, modified: int, now: float) -> bool:
    """Return whether a Range header counts: what the client has is of this very file.

    A time alone proves that only if a second has passed since (RFC 9110, section 8.8.2.2).
    """
    if if_range is None:
        return True
    if if_range.endswith('"'):
        return if_range == tag
    return read_date(if_range) == modified and now - modified >= 1


def _names(value: str, tag: str, *, strong: bool) -> bool:
    """Return whether a list of entity tags has this one; ``*`` has every one."""
    if value.strip(" \t") == "*":
        return True
    return any(found[2] == tag and not (strong and found[1]) for found in _TAG.finditer(value))


def read_date(value: str | None) -> int | None:
    """Return an HTTP date as seconds since the epoch; ``None`` for what is none.

    >>> read_date("Sun, 06 Nov 1994 08:49:37 GMT")
    784111777
    """
    if value is None:
        return None
    found = next((match for form in _FORMS if (match := form.match(value))), None)
    if found is None or found["month"] not in _MONTHS:
        return None
    year = int(found["year"])
    if len(found["year"]) < len("1970"):
        year += 2000 if year < _PIVOT else 2000 - _CENTURY
    month = _MONTHS.index(found["month"]) + 1
    try:
        midnight = datetime(year, month, int(found["day"]), tzinfo=UTC)
    except ValueError:
        return None
    seconds = int(found["hour"]) * 3600 + int(found["minute"]) * 60 + int(found["second"])
    return round((midnight - _EPOCH).total_seconds()) + seconds


@lru_cache(maxsize=256)
def write_date(seconds: int) -> str:
    """Return seconds since the epoch as an HTTP date, whatever the language of the machine.

    >>> write_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    when = _EPOCH + timedelta(seconds=seconds)
    return (
        f"{_DAYS[when.weekday()]}, {when.day:02} {_MONTHS[when.month - 1]} {when.year:04} "
        f"{when.hour:02}:{when.minute:02}:{when.second:02} GMT"
    )
