"""The request sequences of clients that run in a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from corsmith.browser import FetchRequest, Sent
from corsmith.exchange import Answer, Exchange, Result
from corsmith.inquiry.clients import CLIENTS, ClientResult, play

PAGE = "https://app.example"
URL = "https://data.example/file"
OPEN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "range, content-type, mcp-session-id, mcp-protocol-version"),
)
EXPOSED = ("Access-Control-Expose-Headers", "*")
FILE = bytes(range(256)) * 1024
Server: TypeAlias = Callable[[Sent], Result]


def played(client: str, server: Server, **request: Any) -> tuple[ClientResult, ...]:
    """Return how a client fares with a server."""
    asked = FetchRequest(**{"page": PAGE, "url": URL} | request)
    follow: Callable[[str], bool] = lambda url: "elsewhere" not in url  # noqa: E731
    return play(CLIENTS[client], asked, Exchange(send=lambda s, _: server(s), follow=follow))


def ranges(sent: Sent, *headers: tuple[str, str], body: bytes = FILE) -> Answer:
    """Answer as a server does that knows ranges."""
    wanted = {name.lower(): value for name, value in sent.headers}.get("range")
    if sent.kind == "preflight" or wanted is None:
        return Answer(status=200, headers=(*OPEN, *headers), body=body)
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    begin = int(first) if first else len(body) - int(last)
    end = int(last) + 1 if first and last else len(body)
    part = body[begin:end]
    where = ("Content-Range", f"bytes {begin}-{end - 1}/{len(body)}")
    length = ("Content-Length", str(len(part)))
    shown = b"" if sent.method == "HEAD" else part[: 64 * 1024]
    return Answer(status=206, headers=(*OPEN, *headers, where, length), body=shown)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_knows_ranges_and_exposes_all_serves_every_client(client: str) -> None:
    def server(sent: Sent) -> Answer:
        return ranges(sent, EXPOSED, ("ETag", '"1"'), ("Mcp-Session-Id", "1"))

    results = played(client, server)
    assert [result.code for result in results] == [None] * len(CLIENTS[client].steps)
    assert all(result.passed for result in results)
    assert {result.client for result in results} == {CLIENTS[client]}


@pytest.mark.parametrize(
    ("client", "methods", "asked"),
    [
        ("duckdb", ["HEAD", "GET"], ["bytes=0-", "bytes=0-7"]),
        ("pmtiles", ["GET", "GET"], ["bytes=0-16383", "bytes=0-126"]),
        ("cog", ["GET"], ["bytes=0-1023"]),
        ("zarr", ["GET", "GET", "OPTIONS", "GET"], [None, None, None, "bytes=-8"]),
        ("mcp", ["OPTIONS", "POST", "OPTIONS", "POST", "OPTIONS", "GET"], [None] * 6),
    ],
)
def test_each_client_sends_what_the_real_one_sends(
    client: str, methods: list[str], asked: list[str | None]
) -> None:
    results = played(client, lambda sent: ranges(sent, EXPOSED))
    sent = [leg.sent for result in results for leg in result.trial.legs]
    assert [one.method for one in sent] == methods
    assert [dict(one.headers).get("Range") for one in sent] == asked


def test_a_folder_is_asked_for_what_is_in_it() -> None:
    for url in ("https://data.example/image.zarr", "https://data.example/image.zarr/"):
        first = played("zarr", ranges, url=url)[0]
        assert first.trial.legs[0].sent.url == "https://data.example/image.zarr/zarr.json"


def test_headers_that_a_person_gave_go_along_but_for_the_clients_own() -> None:
    given = (("X-Token", "1"), ("range", "bytes=5-"))
    (result,) = played("cog", lambda sent: ranges(sent, EXPOSED), headers=given)
    assert result.code == "header-not-allowed"
    assert ("Range", "bytes=0-1023") in result.step.headers


def test_a_server_without_ranges_is_told_what_to_answer() -> None:
    (result,) = played("pmtiles", lambda _: Answer(status=200, headers=OPEN))
    assert result.code == "range-not-answered"
    assert result.problem == "Range: bytes=0-16383 was answered 200, not 206"
    assert result.fix == (
        "Answer a range with 206, Content-Range and these bytes alone; corsmith serve FOLDER does."
    )
    (head,) = played("duckdb", lambda _: Answer(status=200, headers=OPEN))
    assert head.problem == "Range: bytes=0- was answered 200, not 206"


def test_a_range_from_the_end_may_be_refused_by_itself() -> None:
    def server(sent: Sent) -> Answer:
        suffix = any(value == "bytes=-8" for _, value in sent.headers)
        return Answer(status=416 if suffix else 200, headers=OPEN)

    *_, last = played("zarr", server)
    assert last.code == "range-not-answered"
    assert "a range from the end" in (last.fix or "")
    assert "Or let zarrita ask for the size first" in (last.fix or "")


def test_a_range_of_the_wrong_length_is_no_answer() -> None:
    def server(sent: Sent) -> Answer:
        return Answer(status=206, headers=(*OPEN, EXPOSED, ("Content-Length", "2")), body=b"hi")

    *_, last = played("duckdb", server)
    assert last.problem == "8 bytes were asked for, and 2 came back"


def test_a_packed_range_is_not_the_files_bytes() -> None:
    (result,) = played("cog", lambda sent: ranges(sent, EXPOSED, ("Content-Encoding", "gzip")))
    assert result.code == "range-compressed"


def test_a_header_that_the_client_reads_must_be_exposed() -> None:
    session = ("Mcp-Session-Id", "1")
    (result,) = played("mcp", lambda _: Answer(status=200, headers=(*OPEN, session)))
    assert result.code == "header-not-exposed"
    assert result.fix == "Send Access-Control-Expose-Headers: Mcp-Session-Id on this answer."


def test_a_header_that_is_not_sent_needs_no_exposing() -> None:
    results = played("mcp", lambda _: Answer(status=200, headers=OPEN))
    assert all(result.passed for result in results)


def test_a_status_that_a_client_cannot_use_is_told() -> None:
    (result,) = played(
        "mcp", lambda sent: Answer(status=200 if sent.kind == "preflight" else 404, headers=OPEN)
    )
    assert (result.code, result.problem) == ("status-unexpected", "answered 404, not 200 or 401")


def test_a_client_stops_where_its_browser_does() -> None:
    (blocked,) = played("cog", lambda _: Answer(status=206))
    assert (blocked.code, blocked.problem) == (
        *("allow-origin-missing", "there is no Access-Control-Allow-Origin"),
    )
    elsewhere = (*OPEN, ("Location", "https://elsewhere.example/"))
    (unfollowed,) = played("cog", lambda _: Answer(status=302, headers=elsewhere))
    assert (unfollowed.code, unfollowed.problem) == (
        *("redirect-not-followed", "a redirect leads elsewhere"),
    )
