"""What the laws are tried with: a small world of origins and names, policies in it, requests.

The world is small so that meetings are frequent: with names from all of Unicode, two lists
would never have one in common, and every law would be vacuous.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st

from corsmith.decision import CorsRequest
from corsmith.fields import RISKS
from corsmith.origin import DEFAULT_PORTS, MAX_PORT
from corsmith.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Collection

EXACT = (
    "https://shop.example",
    "https://www.shop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://bank.example",
    "http://localhost:3000",
    "http://127.0.0.1:8000",
    "tauri://localhost",
    "null",
)
PATTERNS = (
    "https://*.shop.example",
    "https://*.shop.example:*",
    "https://shop.example:*",
    "https://*.www.shop.example",
    "https://pr-*.shop.example",
    "http://localhost:*",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "patch", "CHICKEN")
HEADERS = ("content-type", "authorization", "x-a", "x-b", "x-c")


def examples(number: int) -> settings:
    """Return settings for at least so many examples: what a planted bug needs to be met."""
    return settings(max_examples=max(number, settings().max_examples))


# Characters that have fooled a matcher somewhere, and what begins or ends a part of an origin.
ODD = st.sampled_from([*"abz0.-_:/*@#?%,; \t\n\r\0\\[]!$'\"()+=^`{|}~", "\xe9", "\xff", "\x7f"])


@st.composite
def near_misses(draw: st.DrawFn) -> str:
    """Return an origin of the world with one character put in, left out or replaced."""
    text = draw(st.sampled_from([*EXACT, "https://a.shop.example", "https://pr-1.shop.example"]))
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(ODD | st.just("")) + text[place + draw(st.integers(0, 1)) :]


received = (
    st.sampled_from(EXACT)
    | st.sampled_from(
        (
            "https://a.shop.example",
            "https://a.b.shop.example",
            "https://a.www.shop.example",
            "https://pr-1.shop.example",
            "https://pr-1.b.shop.example",
            "https://a.shop.example:1",
            "https://notshop.example",
            "https://shop.example.evil.example",
            "http://localhost",
        )
    )
    | near_misses()
    | st.binary(max_size=40).map(lambda octets: octets.decode("latin-1"))
)
"""Values of an Origin header: allowed ones, near misses and noise."""

names_asked = st.lists(st.sampled_from((*HEADERS, "x-d", "X-A", "*")), max_size=5)


def some(pool: Collection[str]) -> st.SearchStrategy[list[str]]:
    """Return strategies for a list of different names of a pool."""
    return st.lists(st.sampled_from(sorted(pool)), unique=True, max_size=4)


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    """Return the fields of a policy that can be made, every risk accepted."""
    credentials = draw(st.booleans())
    origins = draw(some((*EXACT, *PATTERNS)).filter(bool))
    if not credentials and draw(st.integers(0, 4)) == 0:
        origins = ["*"]
    any_name = st.just(["*"])
    return {
        "origins": origins,
        "methods": draw(some(METHODS) | some(METHODS) | any_name),
        "headers": draw(some(HEADERS) | any_name | st.just(["*", "authorization"])),
        "expose": draw(some(("ETag", "X-Total")) | (st.just([]) if credentials else any_name)),
        "credentials": credentials,
        "max_age": draw(st.none() | st.integers(0, 86_400)),
        "preflight_status": draw(st.sampled_from((200, 204))),
        "accept_risks": RISKS,
    }


policies = fields().map(Policy.from_mapping)
"""Policies that can be made."""


def an_origin_of(entry: str) -> str:
    """Return an origin that an entry of `origins` means."""
    return entry.replace("://*.", "://a.").replace("-*", "-1").replace(":*", ":8080")


@st.composite
def requests(draw: st.DrawFn, policy: dict[str, Any] | None = None) -> CorsRequest:
    """Return a request of a page, or of nobody; with a policy, often one that it allows."""
    policy = policy or {"origins": EXACT, "methods": METHODS, "headers": HEADERS}
    own = st.sampled_from([an_origin_of(entry) for entry in policy["origins"]])
    origins = draw(
        own.map(lambda value: [value])
        | received.map(lambda value: [value])
        | st.lists(own | received, max_size=2)
    )
    own_methods = st.sampled_from(("GET", *policy["methods"]))
    other_methods = st.sampled_from((*METHODS, "TRACE", "*"))
    asked = draw(own_methods | other_methods | own_methods.map(str.swapcase) | st.none())
    method = "OPTIONS" if asked is not None else draw(st.sampled_from(METHODS))
    own_names = st.sampled_from(("authorization", *policy["headers"]))
    names = st.lists(own_names, max_size=3) | st.lists(
        own_names | st.sampled_from((*HEADERS, "X-A")), max_size=4
    )
    return CorsRequest(method, tuple(origins), asked, tuple(draw(names)))


@st.composite
def meetings(draw: st.DrawFn) -> tuple[dict[str, Any], CorsRequest]:
    """Return the fields of a policy, and a request to it."""
    policy = draw(fields())
    return policy, draw(requests(policy))


_ORIGIN = re.compile(r"[a-z]+://[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[1-9][0-9]{0,4})?")


def means(entry: str, origin: str) -> bool:
    """Return whether an entry of `origins` means an origin: the rule, said slowly."""
    if "*" not in entry or entry == "*":
        return entry in {"*", origin}
    scheme, _, rest = entry.partition("://")
    host, _, port = rest.partition(":")
    asked_scheme, _, asked = origin.partition("://")
    asked_host, _, asked_port = asked.partition(":")
    if asked_scheme != scheme or _ORIGIN.fullmatch(origin) is None:
        return False
    written = int(asked_port or 1)
    if port not in {"*", asked_port} or written > MAX_PORT or written == DEFAULT_PORTS[scheme]:
        return False
    label, _, parent = host.partition(".")
    if label == "*":
        return asked_host.endswith("." + parent)
    if "*" in label:
        first, _, others = asked_host.partition(".")
        before, _, behind = label.partition("*")
        longer = len(first) > len(before) + len(behind)
        return others == parent and longer and first.startswith(before) and first.endswith(behind)
    return asked_host == host
