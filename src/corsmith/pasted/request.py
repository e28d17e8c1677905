"""A request that somebody copied out of a browser or a script.

What lives here: ``PastedRequest``, and telling what a page's script set from what its
browser added. What does not: the languages it is written in (``curl``, ``snippet``,
``recording``).
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from corsmith.address import read_address
from corsmith.errors import UsageError
from corsmith.headers import is_forbidden_request_header, is_token, normalize_method
from corsmith.origin import split_origin

__all__ = ["BodyKind", "Credentials", "PastedRequest", "from_wire", "origin_of"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]
BodyKind: TypeAlias = Literal["text", "form", "multipart", "bytes"]
Credentials: TypeAlias = Literal["omit", "same-origin", "include"]
Mode: TypeAlias = Literal["cors", "no-cors", "same-origin", "navigate"]

_USER: Final = re.compile(r"(?P<scheme>https?://)(?P<user>[^/?#@]+)@", re.IGNORECASE)
# What the browser adds by itself; no script sets these, or sets them to something else.
_BROWSERS_OWN: Final = frozenset(
    {
        "accept-encoding",
        "accept-language",
        "if-modified-since",
        "if-none-match",
        "priority",
        "purpose",
        "save-data",
        "upgrade-insecure-requests",
        "user-agent",
        "x-client-data",
    }
)
# Chromium and Firefox send both while "Disable cache" of their tools is on.
_DISABLED_CACHE: Final = (("cache-control", "no-cache"), ("pragma", "no-cache"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedRequest:
    """What a page's script asks for, as far as the copy tells.

    ``headers`` are those a script sets. ``page`` is the page's origin, ``None`` where nothing
    tells it. ``body`` is ``None`` where there is none, or where it stands in a file.
    ``authority`` is a file that a curl command trusts, not read. ``ignored`` are options that
    change nothing here, ``notes`` whole sentences about the rest.
    """

    url: str = field(repr=False)
    method: str = "GET"
    headers: Pairs = field(default=(), repr=False)
    body: str | None = field(default=None, repr=False)
    body_kind: BodyKind | None = None
    credentials: Credentials = "same-origin"
    cookie: str | None = field(default=None, repr=False)
    mode: Mode = "cors"
    page: str | None = None
    authority: str | None = None
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def body_length(self) -> int | None:
        """How many bytes the body has, ``None`` without one."""
        return None if self.body is None else len(self.body.encode())

    @property
    def is_same_origin(self) -> bool:
        """Whether page and address are of one origin, so that CORS has no part in it."""
        return self.page is not None and self.page == origin_of(self.url)


def from_wire(
    url: str,
    method: str,
    lines: Iterable[tuple[str, str]],
    *,
    body: str | None = None,
    body_kind: BodyKind | None = None,
    credentials: Credentials | None = None,
    ignored: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> PastedRequest:
    """Return the request of header lines as they went over the wire.

    Raises ``UsageError`` for a URL that is none, or a method that is none.
    """
    told = list(notes)
    user = _USER.match(url)
    if user is not None:
        url = user["scheme"] + url[user.end() :]
        lines = (*lines, _authorization(user["user"]))
        told.append("The user name and password of the address are asked as Authorization.")
    address = read_address(url)
    if not is_token(method):
        raise UsageError(f"{method!r} is no method")
    pairs = [(name.strip().lower(), name.strip(), value.strip()) for name, value in lines]
    wire = {lower: value for lower, _, value in reversed(pairs)}
    headers = _scripts(pairs)
    if all(wire.get(name) == value for name, value in _DISABLED_CACHE):
        headers = tuple(
            pair for pair in headers if (pair[0].lower(), pair[1]) not in _DISABLED_CACHE
        )
        told.append("Cache-Control and Pragma are taken for those of “Disable cache”.")
    cookie = wire.get("cookie")
    mode = _mode(wire.get("sec-fetch-mode"))
    if mode == "navigate":
        told.append("The browser navigated here: no script asked, and CORS had no part in it.")
    return PastedRequest(
        url=address.url,
        method=normalize_method(method),
        headers=headers,
        body=body,
        body_kind=body_kind,
        credentials=credentials or ("same-origin" if cookie is None else "include"),
        cookie=cookie,
        mode=mode,
        page=_page(wire),
        ignored=ignored,
        notes=tuple(told),
    )


def _scripts(lines: Iterable[tuple[str, str, str]]) -> Pairs:
    """Return the lines that a page's script set, of lower-case name, name and value."""
    return tuple(
        (name, value)
        for lower, name, value in lines
        if is_token(name) and _is_scripts(lower, value)
    )


def _authorization(user: str) -> tuple[str, str]:
    """Return what curl makes of a user name and password in an address.

    No page may fetch such an address (Fetch, #dom-request, step 5).
    """
    return "Authorization", f"Basic {base64.b64encode(user.encode()).decode()}"


def _is_scripts(lower: str, value: str) -> bool:
    if lower in _BROWSERS_OWN or is_forbidden_request_header(lower):
        return False
    return not (lower == "accept" and value in {"*/*", ""})


def _mode(word: str | None) -> Mode:
    return {"no-cors": "no-cors", "same-origin": "same-origin", "navigate": "navigate"}.get(
        word or "", "cors"
    )  # type: ignore[return-value]  # the table has the literals


def _page(wire: dict[str, str]) -> str | None:
    """Return the page's origin by Origin, else by Referer."""
    origin = wire.get("origin")
    if origin == "null" or (origin is not None and split_origin(origin) is not None):
        return origin
    return origin_of(wire.get("referer", ""))


def origin_of(url: str) -> str | None:
    """Return the origin of a URL, ``None`` for what is no http(s) URL.

    >>> origin_of("https://App.example:443/items"), origin_of("about:client")
    ('https://app.example', None)
    """
    try:
        return read_address(url).origin
    except UsageError:
        return None
