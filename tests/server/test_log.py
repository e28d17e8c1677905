from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server import log as module
from corsmith.server.body import Body
from corsmith.server.lines import WRITE_BYTES
from corsmith.server.log import (
    Log,
    Verdict,
    Verdicts,
    body_line,
    escape,
    request_line,
    unasked,
)
from corsmith.server.source import PolicySource
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = PolicySource().load()
STRICT = Policy(origins=["https://app.example"], methods=["GET"])
APP = (b"origin", b"https://app.example")
ADVISED = Policy(origins=["https://a.example"], methods=["GET"])
NOTHING = Verdict(None, "-", "not-cors")


def asks(method: bytes, *names: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-request-method", method),
        *((b"access-control-request-headers", name) for name in names),
    ]


# ── a request line ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("policy", "method", "lines", "status", "line"),
    [
        (SEED, "GET", [], 200, "GET /a%20b 200 - not-cors"),
        (SEED, "GET", [APP], 404, "GET /a%20b 404 A allowed"),
        (SEED, "PUT", [APP], 405, "PUT /a%20b 405 A allowed"),
        (
            SEED,
            "OPTIONS",
            [APP, *asks(b"PUT")],
            200,
            "OPTIONS /a%20b 200 A refused method-not-allowed PUT",
        ),
        (SEED, "OPTIONS", [APP, *asks(b"POST", b"x-api-key")], 200, "OPTIONS /a%20b 200 A allowed"),
        (
            STRICT,
            "OPTIONS",
            [(b"origin", b"https://b.example"), *asks(b"GET", b"x-b")],
            200,
            "OPTIONS /a%20b 200 B refused origin-not-allowed header-not-allowed x-b",
        ),
        (
            STRICT,
            "GET",
            [APP, (b"origin", b"https://b.example")],
            200,
            "GET /a%20b 200 A,\\x20B refused origin-malformed",
        ),
        (
            STRICT,
            "OPTIONS",
            [APP, *asks(b"")],
            200,
            "OPTIONS /a%20b 200 A refused method-malformed -",
        ),
        (Routes({"/b": STRICT}), "GET", [APP], 200, "GET /a%20b 200 A no-policy"),
        (Routes({"/a b": STRICT}), "GET", [APP], 200, "GET /a%20b 200 A allowed"),
        (Routes({"/a b": STRICT}), "PUT", [], 405, "PUT /a%20b 405 - not-cors"),
    ],
)  # fmt: skip
def test_a_line_tells_what_was_asked_answered_and_decided(
    policy: Policy | Routes, method: str, lines: list[tuple[bytes, bytes]], status: int, line: str
) -> None:
    request = scope(method, "/a b", *lines, raw_path=b"/a%20b")
    told = request_line(request, status, Verdicts().of(policy, request), None)
    assert told.replace("https://app.example", "A").replace("https://b.example", "B") == line


def test_what_the_server_itself_refuses_has_its_own_word() -> None:
    request = scope("GET", "/", APP)
    line = request_line(request, 421, unasked(request), "host-not-allowed")
    assert line == "GET / 421 https://app.example refused host-not-allowed"


def test_a_body_that_is_refused_is_told_beside_the_decision() -> None:
    request = scope("POST", "/", APP)
    line = request_line(request, 413, Verdicts().of(SEED, request), "body-too-large")
    assert line == "POST / 413 https://app.example allowed body-too-large"


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        (b"/items/3", "/items/3"),
        (b"a b", r"a\x20b"),
        (b"a\r\nb\x1b[2J\x00\x7f\t", r"a\r\nb\x1b[2J\x00\x7f\t"),
        (rb"a\nb", r"a\\nb"),
        ("é→".encode(), "é→"),
        ("\u202e\u2028\xa0".encode(), r"\u202e\u2028\xa0"),
        (b"\xff\xfe", r"\xff\xfe"),
        (b"a" * 300, "a" * 256 + "…"),
    ],
)
def test_what_a_client_sent_is_one_printable_word(received: bytes, shown: str) -> None:
    assert escape(received) == shown


def test_no_two_values_look_alike() -> None:
    values = [b"\\x20", b" ", b"\\\\x20", b"\xff", b"\\xff", "ÿ".encode(), b"\n", b"\\n"]
    assert len(set(map(escape, values))) == len(values)


def test_a_request_line_is_one_line_whatever_was_sent() -> None:
    nasty = bytes(range(256)) * 3
    request = scope("GET", "/", (b"origin", nasty), *asks(nasty, nasty), raw_path=nasty)
    request["method"] = nasty.decode("latin-1")
    for policy in (SEED, STRICT):
        for method in (request["method"], "OPTIONS"):
            request["method"] = method
            line = request_line(request, 200, Verdicts().of(policy, request), None)
            assert line.isprintable()
            assert line.count(" ") >= 4
            assert len(line) < 4 * WRITE_BYTES


# ── verdicts that come again ───────────────────────────────────────────────────


def test_a_verdict_that_comes_again_is_the_same() -> None:
    verdicts = Verdicts()
    request = scope("OPTIONS", "/", APP, *asks(b"PUT"))
    assert verdicts.of(SEED, request) is verdicts.of(SEED, dict(request))


@pytest.mark.parametrize(
    "other",
    [
        scope("GET", "/", APP, *asks(b"PUT")),
        scope("OPTIONS", "/", APP, *asks(b"POST")),
        scope("OPTIONS", "/", (b"origin", b"https://b.example"), *asks(b"PUT")),
        scope("OPTIONS", "/", APP, *asks(b"PUT", b"x-a")),
        scope("OPTIONS", "/", APP, APP, *asks(b"PUT")),
    ],
    ids=["method", "asked method", "origin", "asked header", "two origins"],
)
def test_a_request_that_differs_has_a_verdict_of_its_own(other: dict[str, Any]) -> None:
    verdicts = Verdicts()
    policy = Policy(origins=["https://app.example"], methods=["PUT"])
    before = verdicts.of(policy, scope("OPTIONS", "/", APP, *asks(b"PUT")))
    assert before.words == "allowed"
    assert verdicts.of(policy, other) == Verdicts().of(policy, other)


def test_another_path_may_have_another_policy() -> None:
    verdicts = Verdicts()
    routes = Routes({"/a/": STRICT, "/b/": Policy(origins="*"), "/b/c/": None})
    stranger = (b"origin", b"https://b.example")
    words = [
        verdicts.of(routes, scope("GET", path, stranger)).words
        for path in ("/a/", "/b/", "/c", "/b/c/..", "/a/", "/b/", "/c", "/b/c/..")
    ]
    told = ["refused origin-not-allowed", "allowed", "no-policy", "refused path-ambiguous"]
    assert words == told * 2


def test_a_new_policy_has_verdicts_of_its_own() -> None:
    verdicts = Verdicts()
    request = scope("GET", "/", (b"origin", b"https://b.example"))
    words = [verdicts.of(policy, request).words for policy in (SEED, STRICT, SEED)]
    assert words == ["allowed", "refused origin-not-allowed", "allowed"]


def test_what_a_client_sends_fills_no_memory() -> None:
    verdicts = Verdicts()
    for number in range(1_000):
        origin = b"https://a%d.example" % number
        assert verdicts.of(SEED, scope("GET", "/", (b"origin", origin))).words == "allowed"
        assert len(verdicts._known) <= module._REMEMBERED
    before = len(verdicts._known)
    verdicts.of(SEED, scope("GET", "/", (b"origin", b"a" * 2_000)))
    assert len(verdicts._known) == before


# ── a body line ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", "POST /items 0 bytes\n"),
        (b"x", "POST /items 1 byte: x\n"),
        (b'{"a": "b c"}', 'POST /items 12 bytes: {"a": "b c"}\n'),
        (b"a\nb\r\x1b[31m\x00", "POST /items 10 bytes: a\\nb\\r\\x1b[31m\\x00\n"),
        ("grüße".encode(), "POST /items 7 bytes: grüße\n"),
        (b"\xff\xfe", "POST /items 2 bytes: \\xff\\xfe\n"),
        (rb"\n", "POST /items 2 bytes: \\\\n\n"),
    ],
)
def test_a_body_is_one_escaped_line_with_its_size(body: bytes, line: str) -> None:
    assert body_line(scope("POST", "/items"), Body(body, len(body))).decode() == line


@pytest.mark.parametrize("letter", [b"a", b"\n", b"\xff", "é".encode(), "𝄞".encode()])
@pytest.mark.parametrize("size", [4000, 4060, 4077, 4078, 4079, 4096, 4097, 1_000_000])
def test_a_long_body_is_cut_between_characters_and_its_full_length_told(
    letter: bytes, size: int
) -> None:
    # The first letter puts the end of what is kept into the middle of a wider one.
    body = b"b" + letter * (size // len(letter))
    line = body_line(scope("POST", "/"), Body(body[:WRITE_BYTES], len(body))).decode()
    shown = body.decode("utf-8", "backslashreplace").replace("\n", r"\n")
    whole = f"POST / {len(body)} bytes: {shown}"
    assert len(line.encode()) <= WRITE_BYTES
    if len(whole.encode()) < WRITE_BYTES:
        assert line == f"{whole}\n"
    else:
        assert line.endswith("…\n")
        assert whole.startswith(line.removesuffix("…\n"))
        assert len(line.encode()) > WRITE_BYTES - len("𝄞".encode())


# ── writing ────────────────────────────────────────────────────────────────────


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes]]:
    """What is written, a pair for each write: the stream and the bytes."""
    writes: list[tuple[int, bytes]] = []

    def write(stream: int, data: bytes) -> int:
        writes.append((stream, data))
        return len(data)

    monkeypatch.setattr(os, "write", write)
    return writes


def in_a_loop(*steps: Callable[[], None]) -> None:
    """Do something within one turn of an event loop, then let the loop go on."""

    async def serve() -> None:
        for step in steps:
            step()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(serve())


def test_requests_go_to_standard_error_and_bodies_to_standard_output(
    written: list[tuple[int, bytes]],
) -> None:
    log = Log(clock=lambda: 0.0)
    request = scope("POST", "/")
    in_a_loop(
        lambda: log.body(request, Body(b"x", 1)),
        lambda: log.request(request, 200, Verdicts().of(SEED, request), None),
    )
    (out, body), (err, line) = written
    assert (out, body) == (1, b"POST / 1 byte: x\n")
    assert err == 2
    assert re.fullmatch(rb"\d\d:\d\d:\d\d POST / 200 - not-cors\n", line)


def test_the_time_is_that_of_the_request(written: list[tuple[int, bytes]]) -> None:
    seconds = [0.0, 0.9, 61.0]
    log = Log(clock=lambda: seconds.pop(0))
    request = scope("GET", "/")
    step = [lambda: log.request(request, 200, NOTHING, None)] * 3
    in_a_loop(*step)
    ((_, text),) = written
    first, second, third = (line[:8] for line in text.decode().splitlines())
    assert first == second
    assert first[6:] == "00"
    assert third[3:] != second[3:]


def test_requests_that_are_alike_have_lines_that_differ_in_their_time_alone(
    written: list[tuple[int, bytes]],
) -> None:
    log = Log(clock=lambda: 0.0)
    refused = scope("GET", "/", (b"origin", b"https://b.example"))
    asked = [(scope("GET", "/"), 200), (scope("GET", "/"), 200), (scope("GET", "/b"), 200),
             (scope("PUT", "/"), 200), (scope("GET", "/"), 404), (refused, 200)]  # fmt: skip
    in_a_loop(
        *[
            lambda request=request, status=status: log.request(
                request, status, Verdicts().of(STRICT, request), None
            )
            for request, status in asked
        ],
        lambda: log.request(scope("GET", "/"), 200, NOTHING, "cut"),
    )
    lines = [line[9:] for _, data in written for line in data.decode().splitlines()]
    assert lines == [
        "GET / 200 - not-cors", "GET / 200 - not-cors", "GET /b 200 - not-cors",
        "PUT / 200 - not-cors", "GET / 404 - not-cors",
        "GET / 200 https://b.example refused origin-not-allowed", "GET / 200 - not-cors cut",
    ]  # fmt: skip


def test_no_more_lines_are_remembered_than_is_allowed(
    written: list[tuple[int, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED_LINES", 2)
    log = Log(clock=lambda: 0.0)

    def ask(path: str) -> None:
        log.request(scope("GET", path), 200, NOTHING, None)
        assert len(log._known) <= 2
        assert all(len(key[1]) < 2_000 for key in log._known)  # type: ignore[arg-type]  # the path

    in_a_loop(*[lambda path=path: ask(path) for path in ("/a", "/b", "/" + "c" * 2_000, "/d")])


def test_what_waits_when_the_loop_ends_can_still_be_written(
    written: list[tuple[int, bytes]],
) -> None:
    log = Log(clock=lambda: 0.0)
    request = scope("POST", "/")
    in_a_loop(lambda: log.body(request, Body(b"x", 1)))
    in_a_loop(lambda: log.body(request, Body(b"y", 1)))
    assert len(written) == 1
    log.flush()
    assert [data[-2:] for _, data in written] == [b"x\n", b"y\n"]


def test_a_reader_that_has_gone_stops_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(module, "_STDERR", writing)
    monkeypatch.setattr(module, "_STDOUT", 99_999)
    log = Log()
    request = scope("POST", "/")
    in_a_loop(
        lambda: log.request(request, 200, NOTHING, None),
        lambda: log.body(request, Body(b"x", 1)),
    )
    os.close(writing)
