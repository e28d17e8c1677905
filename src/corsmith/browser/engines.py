"""Where the engines differ from the standard and from each other, as data.

What lives here: one row for each departure, with the versions it was measured in and how.
What does not: any ``if`` about an engine anywhere else: the model asks these fields.

Measured on Debian 12 with Chromium 156.0.8078.79, Firefox ESR 153.7.0 and WebKitGTK 2.50.6,
each through pages that posted their results home and a server that logged every request.
The standard is whatwg/fetch 586cd2a of 2 July 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final

__all__ = ["CHROMIUM", "DEPARTURES", "ENGINES", "FIREFOX", "STANDARD", "WEBKIT", "Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine: every field at its default is the standard."""

    name: str
    version: str
    star_covers_authorization: bool = False
    signed_max_age_is_no_cache: bool = False
    odd_max_age_is_no_cache: bool = False
    equal_names_are_measured_together: bool = False
    total_limit: int | None = 1024
    dropped_headers: frozenset[str] = frozenset()
    extra_safelisted: frozenset[str] = frozenset()
    asks_for_local_network: bool = False
    upload_listener_needs_body: bool = False
    no_referrer_hides_origin: bool = True
    userinfo_blocked_in_same_origin_redirect: bool = False
    failed_request_clears_cache: bool = True
    failed_preflight_clears_cache: bool = True
    tainted_preflight_keeps_origin: bool = False
    repeated_names_are_asked_twice: bool = False
    star_is_cached: bool = True
    credentialed_entry_serves_all: bool = True
    high_bytes_are_unsafe: bool = False
    stream: str = "preflight"
    preflights_again_after_method_change: bool = False
    preflights_again_after_authorization: str | None = None
    lenient_range: bool = False
    redirects_are_credentialed: bool = False
    reload_skips_preflight_cache: bool = False
    max_age_cap: int = 86_400
    images_have_their_own_cache: bool = False
    credentials_have_their_own_cache: bool = False
    ports_of_an_address_are_sites: bool = False


STANDARD: Final = Engine(name="standard", version="586cd2a")

_CLIENT_HINTS: Final = frozenset(
    {
        "save-data",
        "dpr",
        "width",
        "viewport-width",
        "device-memory",
        "rtt",
        "downlink",
        "ect",
    }
)

CHROMIUM: Final = Engine(
    name="chromium",
    version="156.0.8078.79",
    star_covers_authorization=True,
    signed_max_age_is_no_cache=True,
    equal_names_are_measured_together=True,
    dropped_headers=frozenset({"user-agent"}),
    extra_safelisted=_CLIENT_HINTS,
    asks_for_local_network=True,
    upload_listener_needs_body=True,
    no_referrer_hides_origin=False,
    userinfo_blocked_in_same_origin_redirect=True,
    ports_of_an_address_are_sites=True,
    failed_request_clears_cache=False,
    reload_skips_preflight_cache=True,
    max_age_cap=7200,
)

FIREFOX: Final = Engine(
    name="firefox",
    version="153.7.0",
    star_covers_authorization=True,
    signed_max_age_is_no_cache=True,
    odd_max_age_is_no_cache=True,
    total_limit=None,
    tainted_preflight_keeps_origin=True,
    repeated_names_are_asked_twice=True,
    star_is_cached=False,
    credentialed_entry_serves_all=False,
    high_bytes_are_unsafe=True,
    stream="text",
    preflights_again_after_method_change=True,
    preflights_again_after_authorization="without the name",
    reload_skips_preflight_cache=True,
    images_have_their_own_cache=True,
    credentials_have_their_own_cache=True,
)

WEBKIT: Final = Engine(
    name="webkit",
    version="2.50.6",
    star_covers_authorization=True,
    signed_max_age_is_no_cache=True,
    equal_names_are_measured_together=True,
    failed_request_clears_cache=False,
    failed_preflight_clears_cache=False,
    stream="reject",
    preflights_again_after_method_change=True,
    preflights_again_after_authorization="with the name",
    lenient_range=True,
    redirects_are_credentialed=True,
    max_age_cap=600,
)

ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {engine.name: engine for engine in (STANDARD, CHROMIUM, FIREFOX, WEBKIT)}
)

DEPARTURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "star_covers_authorization": "`*` in Access-Control-Allow-Headers covers Authorization",
        "signed_max_age_is_no_cache": "a negative Access-Control-Max-Age keeps nothing",
        "odd_max_age_is_no_cache": "an unreadable Access-Control-Max-Age keeps nothing",
        "equal_names_are_measured_together": "header lines of one name share the 128 bytes",
        "total_limit": "safelisted values have no limit together",
        "dropped_headers": "User-Agent from a script is dropped",
        "extra_safelisted": "client hints are CORS-safelisted",
        "asks_for_local_network": "public pages need permission for loopback and private addresses",
        "upload_listener_needs_body": "an upload listener without a body forces no preflight",
        "no_referrer_hides_origin": "a no-cors POST keeps its Origin under no-referrer",
        "userinfo_blocked_in_same_origin_redirect": "a same-origin redirect to userinfo fails",
        "failed_request_clears_cache": "a refused answer leaves the preflight cache alone",
        "failed_preflight_clears_cache": "a refused preflight leaves the preflight cache alone",
        "tainted_preflight_keeps_origin": "a preflight after a tainted redirect names the page",
        "repeated_names_are_asked_twice": "a header set twice is asked for twice",
        "star_is_cached": "a `*` of a preflight's answer is not kept",
        "credentialed_entry_serves_all": "a credentialed entry serves no other request",
        "high_bytes_are_unsafe": "bytes above 0x7F make a value unsafe",
        "stream": "a stream as a body is refused, or sent as text",
        "preflights_again_after_method_change": "a request that a redirect made GET is preflighted",
        "preflights_again_after_authorization": "a request that lost Authorization is preflighted",
        "lenient_range": "Range in upper case, or with a sign, is CORS-safelisted",
        "redirects_are_credentialed": "a redirect between two other origins refuses `*`",
        "reload_skips_preflight_cache": 'cache: "reload" asks again',
        "max_age_cap": "how long a preflight's answer is kept at most",
        "images_have_their_own_cache": "an image loaded without CORS is not reused with it",
        "credentials_have_their_own_cache": "an answer without credentials is not reused with them",
        "ports_of_an_address_are_sites": "two ports of an address are two sites",
    }
)

assert set(DEPARTURES) <= {field.name for field in fields(Engine)}  # noqa: S101  a table of names
