"""Those who are not meant to come in: strangers, WebSockets of strangers, and plain HTTP.

What lives here: which origins nobody named are tried on an application, what else is asked of
it besides the eight questions, and when that is a finding. What does not: how it is called.

A stranger is an origin of another site than those that are named, so close to them in its
letters that a careless comparison takes it for one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from corsmith.application.anatomy import Anatomy, Settings
from corsmith.application.case import Case, Finding
from corsmith.application.places import name_of, place_of
from corsmith.browser import Sent
from corsmith.diagnostics import diagnose, quote
from corsmith.exchange import Answer, Exchange
from corsmith.expression import read_expression
from corsmith.importers.readings import Reading, witness
from corsmith.origin import is_loopback, parse_origin
from corsmith.policy import Policy
from corsmith.prose import join_words
from corsmith.regex import compile_regex
from corsmith.routes import Routes
from corsmith.strangers import FIXED_STRANGERS, find_stranger
from corsmith.suffixes import find_registrable

__all__ = ["Admitted", "Visit", "admits", "find_visitors", "opened", "strangers_to", "visit"]

Opens: TypeAlias = Callable[[str, tuple[tuple[str, str], ...]], bool]
"""Tells whether a WebSocket opens at a URL, asked with these headers."""

_STRANGER: Final = FIXED_STRANGERS[0]
_MOST_NAMED: Final = 3
_MOST_SOCKETS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HANDSHAKE: Final = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    # RFC 6455, section 1.3: the key of the example.
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A stranger that was let in, and whether with credentials; ``anybody``: by a ``*``."""

    origin: str
    credentials: bool
    anybody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of it: who was let in, which WebSockets opened, what plain HTTP was answered."""

    admitted: tuple[Admitted, ...] = ()
    opened: tuple[str, ...] = ()
    plain: Answer | None = None


def visit(base: str, route: str, page: str, anatomy: Anatomy, exchange: Exchange) -> Visit:
    """Ask a route as each stranger, and once over plain HTTP as the page."""
    found = []
    for origin in strangers_to(page, anatomy.cors):
        answer = _ask(exchange, f"{base}{route}", origin)
        allowed = None if answer is None else answer.get("access-control-allow-origin")
        if answer is not None and allowed in {"*", origin}:
            told = answer.get("access-control-allow-credentials") == "true"
            found.append(Admitted(origin=origin, credentials=told, anybody=allowed == "*"))
            if allowed == "*" or origin == _STRANGER:
                break  # whoever else is asked for, it is the same
    plain = _ask(exchange, f"http{base.removeprefix('https')}{route}", page)
    return Visit(admitted=tuple(found), plain=plain)


def _ask(exchange: Exchange, url: str, origin: str) -> Answer | None:
    sent = Sent(
        kind="actual",
        method="GET",
        url=url,
        headers=(("Origin", origin),),
        credentials=False,
        hop=0,
    )
    result = exchange.ask(sent)
    return result if isinstance(result, Answer) else None


def admits(exchange: Exchange, url: str, origin: str) -> bool:
    """Return whether an answer names this origin as one that may read it."""
    answer = _ask(exchange, url, origin)
    return answer is not None and answer.get("access-control-allow-origin") == origin


def opened(base: str, anatomy: Anatomy, opens: Opens) -> tuple[str, ...]:
    """Return the paths at which a stranger may open a WebSocket."""
    sockets = [route.path for route in anatomy.routes if route.is_websocket]
    headers = (("Origin", _STRANGER), *_HANDSHAKE)
    return tuple(path for path in sockets[:_MOST_SOCKETS] if opens(f"{base}{path}", headers))


def strangers_to(page: str, cors: Iterable[Settings]) -> tuple[str, ...]:
    """Return origins that nobody named: any, of regular expressions, and close to a named one.

    >>> strangers_to("https://app.shop.example", ())[1:3]
    ('https://strangershop.example', 'https://app.shop.example.stranger.invalid')
    """
    settings = tuple(cors)
    named = [page, *(word for one in settings for word in one.listed)]
    found = [_STRANGER]
    for one in settings:
        found += filter(None, map(_of_reading, one.readings))
    for origin in dict.fromkeys(named[: _MOST_NAMED + 1]):
        found += _close_to(origin)
    return tuple(dict.fromkeys(one for one in found if one not in named))


def _of_reading(reading: Reading) -> str | None:
    """Return a stranger that a regular expression admits, as its library matches."""
    compiled = compile_regex(reading.text)
    tree = read_expression(compiled) if isinstance(compiled, re.Pattern) else None
    inside = None if tree is None else find_stranger(tree, reading.admits)
    return inside or witness(reading)


def _close_to(origin: str) -> Iterator[str]:
    parsed = parse_origin(origin)
    if parsed is None or is_loopback(parsed.host) or parsed.host.startswith("["):
        return
    site = find_registrable(parsed.host) or parsed.host
    start = f"{parsed.scheme}://"
    # Whoever compares the end, the beginning, or with a dot that is any character.
    yield f"{start}stranger{site}"
    yield f"{start}{parsed.host}.stranger.invalid"
    if site != parsed.host:
        sub = parsed.host.removesuffix(f".{site}")
        yield f"{start}{sub}x{site}"


# ── what is wrong ────────────────────────────────────────────────────────────


def find_visitors(case: Case, came: Visit) -> Iterator[Finding]:
    """Yield each way in for those who are not meant to come in."""
    settings = case.anatomy.settings
    # A policy of ours lets in whom it names, and who else it says that it takes the risk of.
    is_checked = settings is not None and isinstance(settings.source, Policy | Routes)
    for one in came.admitted[:1] if not is_checked else ():
        yield from _anybody(case, one) if one.origin == _STRANGER else [_stranger(case, one)]
    if came.opened and not _is_public(case):
        yield _socket(case, came)
    plain = came.plain
    if plain is not None and _leads_to_tls(plain) and case.appraisal.has_cors:
        yield _redirect(case, plain)


def _is_public(case: Case) -> bool:
    """Return whether any page may read everything anyway."""
    settings = case.anatomy.settings
    return settings is None or (settings.any_origin and not case.allows_credentials)


def _anybody(case: Case, one: Admitted) -> Iterator[Finding]:
    """Yield what is wrong where any origin is let in: credentials, or that none was to be."""
    settings = case.anatomy.settings
    if one.credentials:
        how = "a *" if one.anybody else f"whatever Origin it gets, such as {quote(one.origin)}"
        what = (
            "browsers refuse the two together"
            if one.anybody
            else "any page reads what is meant for the person who is logged in"
        )
        yield case.finding(
            "wildcard-with-credentials",
            None,
            quote(one.origin),
            f"{case.layer} lets any origin in with credentials: the answer to {how} has "
            f"Access-Control-Allow-Credentials: true, and {what}.",
            'Name the origins: install(app, origins=["https://app.example"], credentials=True).',
        )
    elif settings is not None and settings.library != "corsmith" and not settings.any_origin:
        yield _stranger(case, one)


def _stranger(case: Case, one: Admitted) -> Finding:
    settings = case.anatomy.settings
    field = None if settings is None else settings.words.get("origins", "origins")
    cookies = " with credentials" if one.credentials else ""
    reading = next(
        (
            reading
            for layer in case.anatomy.cors
            for reading in layer.readings
            if reading.admits(one.origin)
        ),
        None,
    )
    if reading is not None:
        return case.finding(
            "wide-regex",
            "origin_regex" if field is None else field,
            quote(one.origin),
            f"{quote(reading.text)} lets in {quote(one.origin)}{cookies}, which nobody named.",
            "Write \\. for a dot and hold it to the end, or write patterns: "
            'install(app, origins=["https://*.app.example"]).',
        )
    return case.finding(
        "stranger-admitted",
        None,
        quote(one.origin),
        f"{quote(one.origin)} is let in{cookies}, and is another site than any that is named: "
        "the comparison of origins looks at a part of them.",
        'Compare whole origins: install(app, origins=["https://app.example"]) does.',
    )


def _socket(case: Case, came: Visit) -> Finding:
    route = next(one for one in case.anatomy.routes if one.path == came.opened[0])
    paths = join_words(list(came.opened))
    message = (
        f"any page may open the WebSocket {paths}: a handshake from {quote(_STRANGER)} is "
        "accepted, and CORS does not apply to WebSockets, which carry cookies too."
    )
    settings = case.anatomy.settings
    fix = "Refuse handshakes of other origins: install(app, …, enforce=True) does"
    fix += "." if settings is None or settings.library == "corsmith" else ", in place of the layer."
    place = place_of(route.endpoint)
    return Finding(
        diagnostic=diagnose(
            "websocket-unguarded", None, name_of(route.endpoint) or paths, message, fix
        ),
        place=place or case.place,
    )


def _leads_to_tls(answer: Answer) -> bool:
    """Return whether an answer is a redirect to https that no page may read."""
    target = urlsplit(answer.get("location") or "")
    is_bare = answer.get("access-control-allow-origin") is None
    return is_bare and answer.status in _REDIRECTS and target.scheme == "https"


def _redirect(case: Case, plain: Answer) -> Finding:
    return Finding(
        diagnostic=diagnose(
            "redirect-without-headers",
            None,
            str(plain.status),
            f"over plain HTTP a page is redirected to https with {plain.status}, before "
            f"{case.layer}: the redirect has no CORS header, and looks like a CORS error.",
            "Put corsmith around the finished application, in its last line:",
        ),
        place=case.place,
        lines=case.lines,
    )
