"""The line of an origin that is refused: what would allow it, and whoever could at once."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from corsmith.policy import Policy
from corsmith.server.log import Log, Verdicts, unasked
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Callable

ADVISED = Policy(origins=["https://a.example"], methods=["GET"])


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes]]:
    """What is written, a pair for each write: the stream and the bytes."""
    writes: list[tuple[int, bytes]] = []

    def write(stream: int, data: bytes) -> int:
        writes.append((stream, data))
        return len(data)

    monkeypatch.setattr(os, "write", write)
    return writes


def in_a_loop(step: Callable[[], None]) -> None:
    """Do something in an event loop, then let the loop go on."""

    async def serve() -> None:
        step()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(serve())


@pytest.mark.parametrize(
    ("origin", "beside", "told"),
    [
        (b"https://b.example", ["@loopback"],
         "(allow it with --origin @loopback,https://b.example)"),
        (b"http://[::1]:5", [], "(allow it with --origin 'http://[::1]:5')"),
        (b"https://b.example", None, "origin-not-allowed"),
        (b"https://a.example", ["@loopback"], "allowed"),
        (b"null", ["@loopback"], "origin-not-allowed"),
        (b"not an origin", ["@loopback"], "origin-malformed"),
    ],
)  # fmt: skip
def test_an_origin_that_is_refused_is_told_with_the_flag_that_allows_it(
    written: list[tuple[int, bytes]], origin: bytes, beside: list[str] | None, told: str
) -> None:
    request = scope("GET", "/", (b"origin", origin))
    log = Log(beside=beside)
    in_a_loop(lambda: log.request(request, 200, Verdicts().of(ADVISED, request), None))
    ((_, line),) = written
    assert line.decode().endswith(f" {told}\n")


@pytest.mark.parametrize(
    ("origin", "end"),
    [
        (b"http://192.168.1.5", "--origin @loopback,http://192.168.1.5 --no-credentials)"),
        (b"https://192.168.1.5", "--origin @loopback,https://192.168.1.5)"),
        (b"http://127.0.0.1:9", "--origin @loopback,http://127.0.0.1:9)"),
    ],
)
def test_with_credentials_the_flags_are_those_that_are_not_refused(
    written: list[tuple[int, bytes]], origin: bytes, end: str
) -> None:
    request = scope("GET", "/", (b"origin", origin))
    log = Log(beside=["@loopback"], has_cookies=True)
    in_a_loop(lambda: log.request(request, 200, Verdicts().of(ADVISED, request), None))
    assert written[0][1].decode().endswith(f" (allow it with {end}\n")


@pytest.mark.parametrize(
    ("origin", "end"),
    [
        (b"https://b.example", "origin-not-allowed (add it to origins in cors.toml)"),
        (b"https://a.example", "https://a.example allowed"),
    ],
)
def test_where_the_origins_stand_in_a_file_it_is_named(
    written: list[tuple[int, bytes]], origin: bytes, end: str
) -> None:
    request = scope("GET", "/", (b"origin", origin))
    log = Log(file="cors.toml")
    in_a_loop(lambda: log.request(request, 200, Verdicts().of(ADVISED, request), None))
    assert written[0][1].decode().endswith(f" {end}\n")


def test_what_no_policy_was_asked_about_is_told_no_flag(written: list[tuple[int, bytes]]) -> None:
    request = scope("GET", "/", (b"origin", b"https://b.example"))
    log = Log(beside=["@loopback"])
    in_a_loop(lambda: log.request(request, 421, unasked(request), "host-not-allowed"))
    assert written[0][1].endswith(b"refused host-not-allowed\n")


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (b"https://b.example", ["https://b.example"]),
        (b"https://a.example", []),
        (b"null", []),
        (b"not an origin", []),
    ],
)
def test_whoever_can_allow_a_refused_origin_is_told_after_its_line(
    written: list[tuple[int, bytes]], origin: bytes, told: list[str]
) -> None:
    request = scope("GET", "/", (b"origin", origin))
    found: list[str] = []

    def tell(one: str) -> None:
        assert len(written) == 1
        found.append(one)

    log = Log(tell=tell)
    in_a_loop(lambda: log.request(request, 200, Verdicts().of(ADVISED, request), None))
    assert found == told
    log.tell_no_flag()
    in_a_loop(lambda: log.request(request, 200, Verdicts().of(ADVISED, request), None))
    assert found == told
