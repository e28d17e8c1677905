"""Where the engines differ from the standard and from each other, as data.

What lives here: one row for each departure, with the versions it was measured in and how.
What does not: any ``if`` about an engine anywhere else: the model asks these fields.

Measured on Debian 12 with Chromium 156.0.8078.79, Firefox ESR 153.7.0 and WebKitGTK 2.50.6,
each through pages that posted their results home and a server that logged every request;
``tests/browsers/test_differential.py`` does so again. The standard is whatwg/fetch 586cd2a
of 2 July 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["CHROMIUM", "DEPARTURES", "ENGINES", "FIREFOX", "STANDARD", "WEBKIT", "Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine: every field at its default is the standard.

    Where the standard leaves the choice to the browser (how long a preflight is kept, what
    a cookie without SameSite means) the default is what most of them do.
    """

    name: str
    version: str
    # ── what a script may set, and what needs a preflight ──
    dropped_headers: frozenset[str] = frozenset()
    client_hints_are_safelisted: bool = False
    equal_names_are_measured_together: bool = False
    total_limit: int | None = 1024
    high_bytes_are_unsafe: bool = False
    lenient_range: bool = False
    largest_range: int | None = None
    repeated_names_are_asked_twice: bool = False
    quoted_overrides_are_split: bool = False
    upload_listener_needs_body: bool = False
    stream: Literal["preflight", "text", "reject"] = "preflight"
    # ── the preflight's answer ──
    star_covers_authorization: bool = False
    forced_preflight_allows_its_method: bool = True
    # ── the preflight cache ──
    max_age_cap: int = 86_400
    signed_max_age_is_no_cache: bool = False
    odd_max_age_is_no_cache: bool = False
    star_is_cached: bool = True
    cached_star_covers_authorization: bool = False
    credentialed_star_is_cached: bool = True
    credentialed_entry_serves_all: bool = True
    zero_max_age_ends_entries: bool = True
    forced_preflight_needs_entry: bool = True
    opaque_origins_keep_preflights: bool = True
    tainted_origins_keep_preflights: bool = True
    cache_modes_that_ask_again: frozenset[str] = frozenset()
    cache_modes_that_keep_nothing: frozenset[str] = frozenset()
    failed_request_clears_cache: bool = True
    failed_plain_request_clears_cache: bool = False
    refused_lists_clear_cache: bool = True
    # ── redirects ──
    tainted_preflight_names_page: bool = False
    preflights_again: Literal["without names", "with names"] | None = None
    redirects_are_credentialed: bool = False
    redirect_makes_delete_get: bool = False
    preflight_at_home_is_unchecked: bool = False
    redirects_to_userinfo_fail: bool = False
    empty_location_is_none: bool = False
    equal_locations_are_one: bool = False
    origin_survives_method_change: bool = False
    headers_lost_in_redirects: frozenset[str] = frozenset()
    redirect_to_other_origin_hides_origin: bool = False
    # ── Origin, Referer, cookies ──
    no_referrer_hides_origin: bool = True
    same_origin_policy_hides_origin: bool = True
    elements_name_origin_at_home: bool = False
    policy_hides_origin_after_redirect: bool = True
    trimmed_policies: frozenset[str] = frozenset()
    restored_policies: frozenset[str] = frozenset()
    policy_of_redirected_preflight: str | None = None
    no_cors_keeps_type_of_body: bool = False
    cookies_go_cross_site: bool = False
    # ── what is refused besides CORS ──
    asks_for_local_network: bool = False
    ports_of_an_address_are_sites: bool = False
    stylesheets_need_their_type: bool = True
    opaque_types_blocked: frozenset[str] = frozenset()
    opaque_partial_images_blocked: bool = False
    # ── the HTTP cache ──
    refused_answers_are_stored: bool = True
    images_have_their_own_cache: bool = False
    credentials_have_their_own_cache: bool = False


STANDARD: Final = Engine(name="standard", version="586cd2a")

CHROMIUM: Final = Engine(
    name="chromium",
    version="156.0.8078.79",
    dropped_headers=frozenset({"user-agent"}),
    client_hints_are_safelisted=True,
    equal_names_are_measured_together=True,
    largest_range=2**63 - 1,
    upload_listener_needs_body=True,
    star_covers_authorization=True,
    forced_preflight_allows_its_method=False,
    max_age_cap=7200,
    signed_max_age_is_no_cache=True,
    credentialed_star_is_cached=False,
    forced_preflight_needs_entry=False,
    opaque_origins_keep_preflights=False,
    tainted_origins_keep_preflights=False,
    cache_modes_that_ask_again=frozenset({"no-store", "reload", "no-cache"}),
    cache_modes_that_keep_nothing=frozenset({"no-store"}),
    failed_request_clears_cache=False,
    redirects_to_userinfo_fail=True,
    headers_lost_in_redirects=frozenset({"dpr"}),
    empty_location_is_none=True,
    equal_locations_are_one=True,
    redirect_to_other_origin_hides_origin=True,
    no_referrer_hides_origin=False,
    same_origin_policy_hides_origin=False,
    elements_name_origin_at_home=True,
    asks_for_local_network=True,
    ports_of_an_address_are_sites=True,
    stylesheets_need_their_type=False,
    opaque_types_blocked=frozenset({"text/plain", "text/html"}),
    refused_answers_are_stored=False,
)

FIREFOX: Final = Engine(
    name="firefox",
    version="153.7.0",
    total_limit=None,
    high_bytes_are_unsafe=True,
    largest_range=2**64 - 1,
    repeated_names_are_asked_twice=True,
    quoted_overrides_are_split=True,
    stream="text",
    star_covers_authorization=True,
    forced_preflight_allows_its_method=False,
    signed_max_age_is_no_cache=True,
    odd_max_age_is_no_cache=True,
    star_is_cached=False,
    credentialed_entry_serves_all=False,
    forced_preflight_needs_entry=False,
    tainted_origins_keep_preflights=False,
    cache_modes_that_ask_again=frozenset({"no-store", "reload"}),
    failed_plain_request_clears_cache=True,
    tainted_preflight_names_page=True,
    equal_locations_are_one=True,
    zero_max_age_ends_entries=False,
    preflight_at_home_is_unchecked=True,
    preflights_again="without names",
    trimmed_policies=frozenset({"unsafe-url", "no-referrer-when-downgrade"}),
    restored_policies=frozenset(
        {"unsafe-url", "no-referrer-when-downgrade", "origin-when-cross-origin"}
    ),
    opaque_types_blocked=frozenset({"text/html"}),
    opaque_partial_images_blocked=True,
    images_have_their_own_cache=True,
    credentials_have_their_own_cache=True,
)

WEBKIT: Final = Engine(
    name="webkit",
    version="2.50.6",
    equal_names_are_measured_together=True,
    lenient_range=True,
    largest_range=2**64 - 1,
    quoted_overrides_are_split=True,
    no_cors_keeps_type_of_body=True,
    stream="reject",
    star_covers_authorization=True,
    max_age_cap=600,
    signed_max_age_is_no_cache=True,
    cached_star_covers_authorization=True,
    forced_preflight_allows_its_method=False,
    forced_preflight_needs_entry=False,
    opaque_origins_keep_preflights=False,
    tainted_origins_keep_preflights=False,
    failed_request_clears_cache=False,
    refused_lists_clear_cache=False,
    preflights_again="with names",
    redirects_are_credentialed=True,
    redirect_makes_delete_get=True,
    origin_survives_method_change=True,
    policy_hides_origin_after_redirect=False,
    elements_name_origin_at_home=True,
    trimmed_policies=frozenset({"unsafe-url", "no-referrer-when-downgrade"}),
    restored_policies=frozenset({"unsafe-url", "no-referrer-when-downgrade"}),
    policy_of_redirected_preflight="no-referrer-when-downgrade",
    cookies_go_cross_site=True,
    refused_answers_are_stored=False,
)

ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {engine.name: engine for engine in (STANDARD, CHROMIUM, FIREFOX, WEBKIT)}
)

DEPARTURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dropped_headers": "User-Agent from a script is dropped",
        "client_hints_are_safelisted": "client hints are CORS-safelisted",
        "equal_names_are_measured_together": "header lines of one name share the 128 bytes",
        "total_limit": "safelisted values have no limit together",
        "high_bytes_are_unsafe": "bytes above 0x7F make a value unsafe",
        "lenient_range": "Range in upper case, or with a sign, is CORS-safelisted",
        "largest_range": "a Range beyond what fits an integer is not CORS-safelisted",
        "repeated_names_are_asked_twice": "a header set twice is asked for twice",
        "upload_listener_needs_body": "an upload listener without a body forces no preflight",
        "stream": "a stream as a body is refused, or sent as text",
        "star_covers_authorization": "`*` in Access-Control-Allow-Headers covers Authorization",
        "forced_preflight_allows_its_method": (
            "a forced preflight must list a method that is not CORS-safelisted"
        ),
        "max_age_cap": "how long a preflight's answer is kept at most",
        "signed_max_age_is_no_cache": "a negative Access-Control-Max-Age keeps nothing",
        "odd_max_age_is_no_cache": "an unreadable Access-Control-Max-Age keeps nothing",
        "star_is_cached": "a `*` of a preflight's answer is not kept",
        "cached_star_covers_authorization": "a kept `*` covers Authorization",
        "credentialed_star_is_cached": "a `*` of an answer with credentials is not kept",
        "credentialed_entry_serves_all": "a credentialed entry serves no other request",
        "zero_max_age_ends_entries": "max-age 0 leaves what was kept before",
        "forced_preflight_needs_entry": (
            "any kept answer serves a forced preflight of a CORS-safelisted method"
        ),
        "opaque_origins_keep_preflights": "nothing is kept for an opaque origin",
        "tainted_origins_keep_preflights": "nothing is kept after a tainted redirect",
        "cache_modes_that_ask_again": "a cache mode makes the browser ask again",
        "cache_modes_that_keep_nothing": "in a cache mode the preflight's answer is not kept",
        "failed_request_clears_cache": "a refused answer leaves the preflight cache alone",
        "failed_plain_request_clears_cache": "so does the refused answer of any CORS request",
        "refused_lists_clear_cache": (
            "a preflight that allows too little leaves the preflight cache alone"
        ),
        "tainted_preflight_names_page": "a preflight after a tainted redirect names the page",
        "preflights_again": "what a redirect left nothing to ask for is preflighted",
        "redirects_are_credentialed": "a redirect between two other origins refuses `*`",
        "redirect_makes_delete_get": "a redirect to another origin makes a DELETE a GET",
        "preflight_at_home_is_unchecked": (
            "the preflight to the page's own origin, after a redirect, may lack the headers"
        ),
        "redirects_to_userinfo_fail": "a redirect to userinfo fails in every mode",
        "empty_location_is_none": "an empty Location is none",
        "equal_locations_are_one": "two equal Location lines are one",
        "origin_survives_method_change": "a redirect that makes a request GET keeps its Origin",
        "headers_lost_in_redirects": "a redirect to another origin loses client hints",
        "redirect_to_other_origin_hides_origin": (
            "a no-cors request that is redirected to another origin names `null`"
        ),
        "no_referrer_hides_origin": "a no-cors POST keeps its Origin under no-referrer",
        "same_origin_policy_hides_origin": (
            "a no-cors POST keeps its Origin under the referrer policy same-origin"
        ),
        "elements_name_origin_at_home": "an element with crossorigin names its page at home too",
        "policy_hides_origin_after_redirect": (
            "the referrer policy hides no Origin after a redirect"
        ),
        "trimmed_policies": "under these referrer policies other sites see only the origin",
        "restored_policies": "under these referrer policies a redirect home restores the referrer",
        "policy_of_redirected_preflight": (
            "the preflight after a redirect from home refers as if no policy were set"
        ),
        "no_cors_keeps_type_of_body": "a no-cors request keeps any Content-Type of its body",
        "quoted_overrides_are_split": "quotes do not keep X-HTTP-Method-Override from being split",
        "opaque_partial_images_blocked": "an image with status 206 is blocked",
        "cookies_go_cross_site": "a cookie without SameSite goes to other sites",
        "asks_for_local_network": (
            "public pages need permission for loopback and private addresses"
        ),
        "ports_of_an_address_are_sites": "two ports of an address are two sites",
        "stylesheets_need_their_type": "a style sheet may have any type",
        "opaque_types_blocked": "an image with nosniff and these types is blocked",
        "refused_answers_are_stored": "an answer that CORS refused is not kept",
        "images_have_their_own_cache": "an image loaded without CORS is not reused with it",
        "credentials_have_their_own_cache": (
            "an answer without credentials is not reused with them"
        ),
    }
)
"""What each departure is, in a sentence about the engines that depart."""
