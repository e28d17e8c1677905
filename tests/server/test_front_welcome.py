"""Which requests the front says nothing is wrong with, and what they get."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.routes import Routes
from corsmith.server.events import Publisher
from corsmith.server.exchange import PRESS_PARAMETER
from tests.server.in_memory import ask, scope
from tests.server.test_front import APP, FOREIGN, PREFLIGHT, STRICT, front


@pytest.mark.parametrize(
    ("request_scope", "allowed"),
    [
        (scope("GET", "/", APP), True),
        (scope("DELETE", "/a?b", APP), True),
        (scope("GET", "/"), True),
        (scope("GET", "/", (b"origin", b"https://b.example")), False),
        (scope("GET", "/", APP, APP), False),
        (scope("OPTIONS", "/", *PREFLIGHT), False),
        (scope("OPTIONS", "/", APP), False),
        (scope("GET", "/", APP, **FOREIGN), False),
        (scope("GET", "/", APP, (b"content-length", b"1")), False),
        (scope("GET", "/", APP, (b"transfer-encoding", b"chunked")), False),
        (scope("GET", "/", APP, (b"x-a", b"a" * 20_000)), False),
    ],
    ids=[
        *("page", "path", "program", "stranger", "two", "preflight", "options"),
        *("host", "length", "chunks", "large"),
    ],
)
def test_only_a_request_with_which_nothing_is_wrong_is_welcome(
    request_scope: dict[str, Any], *, allowed: bool
) -> None:
    for app in (front(STRICT), front(Routes({"/": STRICT}))):
        found = app.welcome(app.policy, request_scope)
        assert (found is not None) is allowed
        if found is not None:
            pairs, verdict = found
            assert set(pairs) <= set(ask(app, "GET", "/", *request_scope["headers"][1:]).lines)
            assert verdict.words in {"allowed", "not-cors"}
    assert front().welcome(Routes({"/api": STRICT}), request_scope) is None


def test_what_is_welcome_follows_the_policy_in_force() -> None:
    app = front(STRICT)
    request = scope("GET", "/", (b"origin", b"https://key.example"))
    assert app.welcome(app.policy, request) is None
    app.admit(("https://key.example",))
    assert app.welcome(app.policy, request) is not None
    app.policy = STRICT
    app.admit(())
    assert app.welcome(app.policy, request) is None


def test_a_press_of_the_try_page_is_told_and_so_not_welcome() -> None:
    request = scope("GET", f"/?{PRESS_PARAMETER}=1", APP)
    assert front().welcome(STRICT, request) is not None
    assert front(STRICT, publisher=Publisher("/nowhere")).welcome(STRICT, request) is None
