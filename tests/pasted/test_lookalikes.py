"""What looks like CORS and is not says so in words that point elsewhere."""

from __future__ import annotations

import pytest

from corsmith.pasted.lookalikes import LOOKALIKES

HEADERS_THAT_WOULD_NOT_HELP = ("Access-Control-Allow-Origin", "Access-Control-Allow-Headers")


@pytest.mark.parametrize("name", LOOKALIKES)
def test_no_lookalike_sends_anybody_to_the_cors_settings(name: str) -> None:
    assert all(header not in LOOKALIKES[name][2] for header in HEADERS_THAT_WOULD_NOT_HELP)
