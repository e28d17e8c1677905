"""What the front tells the try page of its presses, and keeps from what is served."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.server.echo import echo
from corsmith.server.front import Front
from corsmith.server.log import Log
from tests.server.in_memory import ask

STRICT = Policy(origins=["https://app.example"])
APP = (b"origin", b"https://app.example")
PREFLIGHT = [APP, (b"access-control-request-method", b"POST")]


class Published:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def wants(self, scope: Any) -> bool:
        return b"corsmith-try=" in scope["query_string"]

    def publish(self, record: Any) -> None:
        self.records.append(record)


@pytest.mark.parametrize("log", [None, Log()], ids=["quiet", "logged"])
def test_the_try_page_is_told_of_its_own_requests_only(log: Log | None) -> None:
    publisher: Any = Published()
    app = Front(echo, STRICT, publisher=publisher, log=log)
    ask(app, "GET", "/", APP)
    ask(app, "GET", "/?a=b", APP)
    assert publisher.records == []
    ask(app, "OPTIONS", "/status/404?corsmith-try=7f3a", *PREFLIGHT)
    ask(app, "GET", "/status/404?corsmith-try=7f3a", APP)
    told = [
        (record["press"], record["kind"], record["status"], record["allowed"])
        for record in publisher.records
    ]
    assert told == [("7f3a", "preflight", 200, True), ("7f3a", "actual", 404, True)]
    answered = {name.lower(): value for name, value in publisher.records[1]["response_headers"]}
    assert answered["access-control-allow-origin"] == "https://app.example"


@pytest.mark.parametrize("streams", [False, True])
def test_what_is_served_never_meets_the_mark_of_the_page(streams: bool) -> None:
    seen: list[bytes] = []

    async def strict(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["query_string"])
        await echo(scope, receive, send)

    publisher: Any = Published()
    app = Front(strict, STRICT, publisher=publisher, streams=streams)
    for query in ["corsmith-try=7f3a", "a=1&corsmith-try=7f3a&b=%26", "a=1"]:
        ask(app, "GET", f"/?{query}", APP)
    assert seen == [b"", b"a=1&b=%26", b"a=1"]
    assert [record["press"] for record in publisher.records] == ["7f3a", "7f3a"]


def test_what_only_looks_like_the_mark_of_the_page_is_no_request_of_it() -> None:
    publisher: Any = Published()
    assert ask(Front(echo, STRICT, publisher=publisher), "GET", "/?corsmith-try=%ff").status == 200
    assert publisher.records == []
