"""``Exchange``: one request as the server saw it, and what it was answered.

What lives here: the record that a worker sends to the try page, which headers it holds,
what is hidden in it, and the mark by which a page claims its own requests. What does
not: how a record travels (``events``) and how it is shown (``page``).

Two rules hold:

* a record is bounded: so many headers, each value, path and sentence only so long;
* a secret never enters one: it is replaced before the record is made.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self, TypeVar

from corsmith.decision import CorsRequest, Decision
from corsmith.headers import OWNED_RESPONSE_HEADERS, SENSITIVE_RESPONSE_HEADERS

__all__ = ["HIDDEN", "PRESS_PARAMETER", "Exchange", "Reason", "press_of", "without_press"]

PRESS_PARAMETER: Final = "corsmith-try"
"""The query parameter that marks a request of the page.

A preflight goes to the URL of its request, query included (Fetch, #cors-preflight-fetch,
step 1), so one mark ties both together; and as it is new for each press, no preflight
cache, whose entries are per URL, answers in the server's place.
"""

_PRESS = re.compile(rf"(?:\A|&){PRESS_PARAMETER}=([0-9a-z]{{1,32}})(?:&|\Z)")

HIDDEN: Final = "(hidden)"
"""What stands where a secret was: that it was sent is part of the story."""

_SHOWN_REQUEST_HEADERS: Final = frozenset(
    {
        "authorization",
        "content-type",
        "cookie",
        "origin",
        "access-control-request-headers",
        "access-control-request-method",
    }
)
_SHOWN_RESPONSE_HEADERS: Final = OWNED_RESPONSE_HEADERS | {"allow", "vary"}
_SECRET_HEADERS: Final = SENSITIVE_RESPONSE_HEADERS | {"cookie"}

# A page of ours sends a handful of short headers; whoever imitates its mark may not.
_MOST_HEADERS: Final = 16
_LONGEST_NAME: Final = 64
_LONGEST_VALUE: Final = 512
_LONGEST_MESSAGE: Final = 1000


def press_of(query: str | bytes) -> str | None:
    """Return the press that a query string is marked with, if it is.

    >>> press_of("page=2&corsmith-try=7f3a"), press_of(b"page=2")
    ('7f3a', None)
    """
    found = _PRESS.search(_text(query))
    return found[1] if found else None


def without_press(query: bytes) -> bytes:
    """Return a query string without the mark: what is served must not meet it.

    >>> without_press(b"page=2&corsmith-try=7f3a&all=1"), without_press(b"corsmith-try=7f3a")
    (b'page=2&all=1', b'')
    """
    return b"&".join(part for part in query.split(b"&") if press_of(part) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a request was not allowed: the parts of a diagnostic that a page shows."""

    code: str
    message: str
    fix: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, as far as CORS is concerned."""

    time: float
    press: str
    kind: str
    method: str
    path: str
    status: int
    allowed: bool | None
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    reasons: tuple[Reason, ...]

    @classmethod
    def observed(
        cls,
        *,
        time: float,
        press: str,
        method: str,
        path: str,
        status: int,
        request_headers: Iterable[tuple[str | bytes, str | bytes]],
        response_headers: Iterable[tuple[str | bytes, str | bytes]],
        decision: Decision | None,
    ) -> Self:
        """Return the record of what a server saw: all header lines go in, few are kept.

        ``path`` is without the query; ``decision`` is ``None`` where no policy covers it.
        """
        lines = tuple(request_headers)
        return cls(
            time=time,
            press=press,
            kind=str(CorsRequest.from_headers(method, lines).kind),
            method=_cut(method, _LONGEST_NAME),
            path=_cut(path),
            status=status,
            allowed=None if decision is None else decision.allowed,
            request_headers=_select(lines, _is_shown_of_request),
            response_headers=_select(response_headers, _SHOWN_RESPONSE_HEADERS.__contains__),
            reasons=() if decision is None else _reasons(decision),
        )

    def to_mapping(self) -> dict[str, object]:
        """Return the record in plain JSON types."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:  # Any: JSON that came in
        """Return the record of a mapping; ``ValueError`` for anything else.

        >>> Exchange.from_mapping({"time": 1.0})
        Traceback (most recent call last):
            ...
        ValueError: no record of an exchange: KeyError('press')
        """
        try:
            return cls(
                time=_only(float, mapping["time"]),
                press=_only(str, mapping["press"]),
                kind=_only(str, mapping["kind"]),
                method=_only(str, mapping["method"]),
                path=_only(str, mapping["path"]),
                status=_only(int, mapping["status"]),
                allowed=None if mapping["allowed"] is None else _only(bool, mapping["allowed"]),
                request_headers=_read_pairs(mapping["request_headers"]),
                response_headers=_read_pairs(mapping["response_headers"]),
                reasons=tuple(map(_read_reason, mapping["reasons"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no record of an exchange: {error!r}") from None


def _is_shown_of_request(name: str) -> bool:
    return name in _SHOWN_REQUEST_HEADERS or name.startswith("x-")


def _select(
    lines: Iterable[tuple[str | bytes, str | bytes]], is_shown: Callable[[str], bool]
) -> tuple[tuple[str, str], ...]:
    """Return the lines to show, secrets hidden, so many and so long."""
    kept: list[tuple[str, str]] = []
    for raw_name, raw_value in lines:
        name = _text(raw_name)
        lower = name.lower()
        if not is_shown(lower):
            continue
        value = HIDDEN if lower in _SECRET_HEADERS else _cut(_text(raw_value))
        # A host that hands names over in lower case has not kept how they were sent.
        written = "-".join(map(str.capitalize, name.split("-"))) if name == lower else name
        kept.append((_cut(written, _LONGEST_NAME), value))
        if len(kept) == _MOST_HEADERS:
            break
    return tuple(kept)


def _reasons(decision: Decision) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            code=reason.code,
            message=_cut(reason.message, _LONGEST_MESSAGE),
            fix=None if reason.fix is None else _cut(reason.fix, _LONGEST_MESSAGE),
        )
        for reason in decision.reasons
    )


_T = TypeVar("_T")


def _only(kind: type[_T], value: object) -> _T:
    """Return the value if it is of exactly this type: True is no status."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _read_pairs(lines: Iterable[tuple[object, object]]) -> tuple[tuple[str, str], ...]:
    return tuple((_only(str, name), _only(str, value)) for name, value in lines)


def _read_reason(reason: Mapping[str, object]) -> Reason:
    return Reason(
        code=_only(str, reason["code"]),
        message=_only(str, reason["message"]),
        fix=None if reason["fix"] is None else _only(str, reason["fix"]),
    )


def _cut(text: str, longest: int = _LONGEST_VALUE) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
