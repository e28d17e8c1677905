"""What leaves a handler of ``http.server``, in which writes, and when it fails."""

# ruff: noqa: N802  the names that http.server calls

from __future__ import annotations

import socket
from http.server import SimpleHTTPRequestHandler
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.adapters.http_server import CORSMixin
from tests.adapters.handlers import Plain, allows, ask, handler
from tests.adapters.hosts import Request, Wire, raw_request, read_reply, serve
from tests.adapters.table import APP, OPEN, OTHER, POLICY, get, preflight

if TYPE_CHECKING:
    from pathlib import Path


# ── writes ────────────────────────────────────────────────────────────────────


def test_head_and_body_leave_in_one_write() -> None:
    for request in (get(APP), get(OTHER), get(), get(path="/x")):
        wire, _ = serve(Plain, raw_request(request))
        assert len(wire.writes) == 1
        assert wire.writes[0].endswith(b"\r\n\r\nhello")


def test_an_error_and_a_preflight_leave_in_one_write() -> None:
    for request in (get(APP, method="PUT"), preflight(APP), get(APP, method="HEAD")):
        wire, _ = serve(Plain, raw_request(request))
        assert len(wire.writes) == 1


def test_no_write_waits_for_an_acknowledgement_of_the_one_before() -> None:
    # With Nagle's algorithm a second write waits up to 40 ms for a delayed acknowledgement.
    wire, _ = serve(Plain, raw_request(get(APP)))
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, True) in wire.options


def test_a_large_first_part_is_not_copied_behind_its_head() -> None:
    body = b"x" * 100_000

    def do_GET(self: CORSMixin) -> None:
        self.send_response(200)
        self.end_headers()
        assert self.wfile.write(memoryview(body)) == len(body)

    wire, _ = serve(handler(do_GET=do_GET), raw_request(get(APP)))
    assert [len(write) for write in wire.writes][1:] == [len(body)]


@pytest.mark.parametrize("how", ["flush", "connection", "request", "fileno"])
def test_a_head_can_be_sent_before_its_body(how: str) -> None:
    seen: list[list[bytes]] = []

    def do_GET(self: CORSMixin) -> None:
        self.send_response(200)
        self.end_headers()
        wire: Any = self.__dict__["connection"]
        assert wire.writes == []
        if how == "flush":
            self.wfile.flush()
        elif how == "fileno":
            assert self.wfile.fileno() == wire.fileno()
        else:
            assert getattr(self, how) is wire
        seen.append(list(wire.writes))
        self.wfile.write(b"a")
        self.wfile.write(b"b")

    wire, _ = serve(handler(do_GET=do_GET), raw_request(get(APP)))
    assert len(seen[0]) == 1
    assert seen[0][0].endswith(b"\r\n\r\n")
    assert wire.writes[1:] == [b"a", b"b"]


def test_the_writer_is_one_that_can_be_written_and_is_closed_once() -> None:
    kept: list[Any] = []

    def do_GET(self: CORSMixin) -> None:
        kept.append(self.wfile)
        assert self.wfile.writable()
        self.send_response(204)
        self.end_headers()
        self.wfile.writelines([])

    wire, error = serve(handler(do_GET=do_GET), raw_request(get(APP)))
    assert error is None
    assert len(wire.writes) == 1
    assert kept[0].closed
    kept[0].close()


def test_a_client_that_went_away_is_no_reason_to_answer() -> None:
    class Gone(Wire):
        def sendall(self, data: bytes) -> None:
            super().sendall(data)
            raise BrokenPipeError

    wire = Gone(raw_request(get(APP)))
    with pytest.raises(BrokenPipeError):
        Plain(wire, ("127.0.0.1", 1), SimpleNamespace())  # type: ignore[arg-type]  # stand-ins
    assert len(wire.writes) == 1


# ── heads ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 70_000), 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"BREW / HTTP/1.1\r\nOrigin: https://app.example\r\n\r\n", 501),
    ],
)
def test_what_the_base_class_answers_carries_the_headers_too(raw: bytes, status: int) -> None:
    for policy, expected in ((OPEN, "*"), (POLICY, None)):
        answered, headers, _ = ask(handler(cors=policy), raw)
        assert answered == status
        assert allows(headers) == (APP if b"BREW" in raw and expected is None else expected)
        assert ("vary" in headers) is (expected is None)


def test_a_request_that_cannot_be_read_is_not_taken_for_the_one_before() -> None:
    first = raw_request(get(APP))
    wire, _ = serve(Plain, first + b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 70_000))
    assert len(wire.writes) == 2
    status, lines, _ = read_reply(wire.writes[1])
    assert status == 414
    assert "Access-Control-Allow-Origin" not in dict(lines)


def test_an_origin_before_a_line_that_is_no_header_may_not_be_the_only_one() -> None:
    raw = raw_request(get(APP))[:-2] + b"\x00\r\nOrigin: https://other.example\r\n\r\n"
    assert "access-control-allow-origin" not in ask(Plain, raw)[1]


def test_a_kept_connection_answers_each_request_by_its_own_origin() -> None:
    asked = [get(APP), get(OTHER), preflight(APP), get(), get(APP)]
    wire, _ = serve(Plain, b"".join(map(raw_request, asked)))
    found = [dict(read_reply(write)[1]).get("Access-Control-Allow-Origin") for write in wire.writes]
    assert found == [APP, None, APP, None, APP]


def test_http_1_0_and_0_9_are_answered_as_they_ask() -> None:
    assert allows(ask(Plain, raw_request(get(APP), "HTTP/1.0"))[1]) == APP
    wire, error = serve(Plain, b"GET /\r\n\r\n")
    assert (wire.writes, error) == ([b"hello"], None)


def test_100_continue_leaves_at_once_and_without_cors_headers() -> None:
    lines = (("Origin", APP), ("Expect", "100-continue"), ("Content-Length", "3"))
    request = raw_request(Request(method="POST", headers=lines))
    wire, _ = serve(Plain, request + b"abc")
    assert wire.writes[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert dict(read_reply(wire.writes[1])[1])["Access-Control-Allow-Origin"] == APP


def test_the_headers_of_an_interim_response_are_its_own() -> None:
    def do_GET(self: CORSMixin) -> None:
        self.send_response_only(103)
        self.send_header("Vary", "Accept")
        self.send_header("Link", "</a.css>")
        self.end_headers()
        Plain.do_GET(self)  # type: ignore[arg-type]  # it is one

    wire, _ = serve(handler(do_GET=do_GET), raw_request(get(APP)))
    assert wire.writes[0] == b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nVary: Accept\r\n\r\n"
    assert dict(read_reply(wire.writes[1])[1])["Vary"] == "Origin"


def test_a_304_of_the_file_server_carries_the_headers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")

    class Files(CORSMixin, SimpleHTTPRequestHandler, origins=[APP]):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    asked = Request(
        path="/a.txt",
        headers=(("Origin", APP), ("If-Modified-Since", "Wed, 01 Jan 2098 00:00:00 GMT")),
    )
    assert ask(Files, asked)[0::2] == (304, b"")
    assert allows(ask(Files, asked)[1]) == APP
    for path, status, body in (("/a.txt", 200, b"a"), ("/b.txt", 404, None)):
        answered, headers, content = ask(Files, get(APP, path=path))
        assert (answered, allows(headers)) == (status, APP)
        assert body is None or content == body


# ── exceptions ────────────────────────────────────────────────────────────────


def raising(error: BaseException, *, begun: int = 0) -> type[CORSMixin]:
    """Return a handler that raises, after so many steps of a response."""

    def do_GET(self: CORSMixin) -> None:
        steps = (
            lambda: self.send_response(200),
            lambda: self.send_header("Content-Length", "5"),
            self.end_headers,
            lambda: self.wfile.write(b"hel"),
        )
        for step in steps[:begun]:
            step()
        raise error

    return handler(do_GET=do_GET)


@pytest.mark.parametrize("begun", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "error",
    [LookupError("nothing there"), ConnectionRefusedError("upstream"), TimeoutError("upstream")],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_before_anything_left_is_a_readable_500(error: Exception, begun: int) -> None:
    wire, raised = serve(raising(error, begun=begun), raw_request(get(APP)))
    assert len(wire.writes) == 1
    status, lines, body = read_reply(wire.writes[0])
    headers = dict(lines)
    assert (status, headers["Access-Control-Allow-Origin"]) == (500, APP)
    assert headers["Content-Length"] == str(len(body))
    assert headers["Connection"] == "close"
    # The base class has logged a TimeoutError and gone on.
    assert raised is (None if isinstance(error, TimeoutError) else error)


def test_an_exception_after_something_left_only_ends_the_connection() -> None:
    error = LookupError("nothing there")
    wire, raised = serve(raising(error, begun=4), raw_request(get(APP)) * 2)
    assert raised is error
    assert len(wire.writes) == 1
    assert wire.writes[0].endswith(b"\r\n\r\nhel")


def test_a_connection_that_is_reset_while_idle_is_not_answered() -> None:
    class Reset(Wire):
        def makefile(self, *_mode: object) -> Any:
            def readline(_limit: int) -> bytes:
                raise ConnectionResetError

            return SimpleNamespace(readline=readline, close=lambda: None)

    wire = Reset(b"")
    with pytest.raises(ConnectionResetError):
        Plain(wire, ("127.0.0.1", 1), SimpleNamespace())  # type: ignore[arg-type]  # stand-ins
    assert wire.writes == []


def test_what_is_no_exception_is_not_answered() -> None:
    wire = Wire(raw_request(get(APP)))
    with pytest.raises(KeyboardInterrupt):
        raising(KeyboardInterrupt())(wire, ("127.0.0.1", 1), SimpleNamespace())  # type: ignore[arg-type]
    assert wire.writes == []
