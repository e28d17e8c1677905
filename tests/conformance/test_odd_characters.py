"""Every byte before, inside and after an allowed origin, and before an attacker's own name.

What engines let through in a name differs and changes; a matcher that stops at "not a letter,
digit, dot or hyphen" is open wherever one of them sends another character.
"""

from __future__ import annotations

import pytest

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.laws.strategies import means

ENTRIES = {
    "https://shop.example": "https://shop.example",
    "https://shop.example:8443": "https://shop.example:8443",
    "https://*.shop.example": "https://www.shop.example",
    "https://*.shop.example:*": "https://www.shop.example:8443",
    "https://pr-*.shop.example": "https://pr-1.shop.example",
    "http://localhost:*": "http://localhost:3000",
    "http://198.51.100.7": "http://198.51.100.7",
    "null": "null",
}
BYTES = [chr(code) for code in range(0x100)]


def allowed(entry: str, origin: str) -> bool:
    """Return whether a policy of one entry allows an origin, and look at what is sent."""
    policy = Policy(
        origins=[entry], credentials=True, accept_risks=["insecure-origin", "null-origin"]
    )
    decision = decide(policy, CorsRequest("GET", (origin,)))
    sent = dict(decision.headers).get("Access-Control-Allow-Origin")
    assert sent in {None, origin.strip(" \t")}
    return decision.allowed is True


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_byte_after_the_name_lets_nobody_in(entry: str) -> None:
    origin = ENTRIES[entry]
    for byte in BYTES:
        assert not allowed(entry, f"{origin}{byte}.attacker.invalid")
        assert not allowed(entry, f"{origin}{byte}attacker.invalid")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_byte_before_or_after_the_value_is_white_space_or_makes_another_value(entry: str) -> None:
    origin = ENTRIES[entry]
    for byte in BYTES:
        for value in (byte + origin, origin + byte, byte + origin + byte):
            assert allowed(entry, value) is means(entry, value.strip(" \t")), value


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_byte_put_in_or_replaced_makes_another_value(entry: str) -> None:
    origin = ENTRIES[entry]
    policy = Policy(
        origins=[entry], credentials=True, accept_risks=["insecure-origin", "null-origin"]
    )
    for place in range(1, len(origin)):
        for byte in BYTES:
            for value in (
                origin[:place] + byte + origin[place:],
                origin[:place] + byte + origin[place + 1 :],
            ):
                decision = decide(policy, CorsRequest("GET", (value,)))
                wanted = means(entry, value.strip(" \t"))
                assert decision.allowed is wanted, value
