"""What a gateway sends on, and what it answers: an upstream on a socket, a page in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.echo import PROBLEM
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.guard import VOUCHES
from corsmith.server.serving import CUT, NOTE
from tests.server.gateway.asking import OK, PAGE, VIA, Asked, answering, ask, read_request

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

pytestmark = pytest.mark.servers

HERE = b"127.0.0.1:8000"


def head_of(request: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the first line of a request and its headers."""
    first, *lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    pairs = [line.split(b": ", 1) for line in lines]
    assert len({name.lower() for name, _ in pairs}) == len(pairs), "no header is sent twice"
    return first, {name.lower(): value for name, value in pairs}


def sent(method: str = "GET", path: str = "/", *lines: tuple[bytes, bytes], **more: Any) -> bytes:
    """Return the one request that reached the upstream."""
    asked = Asked()
    found = ask(answering(OK, asked=asked), method, path, *lines, **more)
    assert (found.status, found.body, found.ended) == (200, b"ok", True)
    (request,) = asked.requests
    return request


# ── the request ────────────────────────────────────────────────────────────────


def test_a_request_is_the_upstreams_own_and_has_nothing_that_the_page_did_not_send() -> None:
    first, headers = head_of(sent("GET", "/items", PAGE, (b"accept", b"text/x"), (b"x-a", b"1")))
    assert first == b"GET /items HTTP/1.1"
    port = headers[b"host"].removeprefix(b"127.0.0.1:")
    assert port.isdigit()
    assert headers == {
        b"host": b"127.0.0.1:" + port,
        b"origin": b"http://127.0.0.1:" + port,
        b"accept": b"text/x",
        b"x-a": b"1",
        b"via": b"1.1 " + VIA,
    }


@pytest.mark.parametrize(
    "target",
    ["/a%2Fb/./c/../d%20e?x='", "//evil.example/x", "/?q=%zz&%", "/a;b=c?d[]=e|f"],
)
def test_path_and_query_are_unchanged(target: str) -> None:
    first, _ = head_of(sent("GET", target, PAGE))
    assert first == b"GET " + target.encode() + b" HTTP/1.1"


def test_a_base_path_stands_before_each_path() -> None:
    assert head_of(sent("GET", "/x?y", PAGE, base="/v1/"))[0] == b"GET /v1/x?y HTTP/1.1"


@pytest.mark.parametrize("method", ["patch", "Foo-Bar", "DELETE", "QUERY", "OPTIONS", "HEAD"])
def test_a_method_is_sent_as_it_was_written(method: str) -> None:
    asked = Asked()
    ask(answering(b"HTTP/1.1 204 No Content\r\n\r\n", asked=asked), method)
    assert asked.requests[0].startswith(method.encode() + b" / HTTP/1.1\r\n")


def test_what_is_added_takes_the_place_of_what_the_page_sent() -> None:
    page = (b"authorization", b"Basic cGFnZQ==")
    added = Added({b"authorization": b"Bearer hunter2"})
    assert head_of(sent("GET", "/", PAGE, page, added=added))[1][b"authorization"] == (
        b"Bearer hunter2"
    )


def test_header_values_are_sent_byte_for_byte_if_they_are_utf_8() -> None:
    assert "é".encode() in sent("GET", "/", PAGE, (b"x-name", "é".encode()))


# ── what is not sent on ────────────────────────────────────────────────────────


def cross(*lines: tuple[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"sec-fetch-site", b"cross-site"), *lines)


DOCUMENT = ((b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document"))


@pytest.mark.parametrize(
    ("method", "lines", "status", "word"),
    [
        ("GET", cross(), 403, "no-origin"),
        ("POST", cross(), 403, "no-origin"),
        ("GET", cross(*DOCUMENT), 403, "no-origin"),
        ("GET", ((b"user-agent", b"Mozilla/5.0"),), 403, "no-origin"),
        ("GET", (PAGE, (b"via", b"1.1 " + VIA)), 508, "gateway-loop"),
        ("GET", (PAGE, (b"via", b"1.0 a, 1.1 " + VIA + b", 1.1 b")), 508, "gateway-loop"),
        ("CONNECT", (PAGE,), 501, "method-not-sent-on"),
        ("TRACE", (PAGE,), 501, "method-not-sent-on"),
        ("TRACE", cross(), 501, "method-not-sent-on"),
        ("GET", (PAGE, (b"x-name", b"\xe9")), 400, "not-sendable"),
    ],
)
def test_it_never_reaches_the_upstream(
    method: str, lines: tuple[tuple[bytes, bytes], ...], status: int, word: str
) -> None:
    asked = ask(answering(OK), method, "/", *lines)
    assert (asked.status, asked.connections, asked.ended) == (status, 0, True)
    assert asked.scope[PROBLEM].word == word
    assert asked.headers["cache-control"] == "no-store"


NEIGHBOUR = ((b"sec-fetch-site", b"same-site"), (b"referer", b"http://localhost:5173/app"))


@pytest.mark.parametrize("more", [(), DOCUMENT])
def test_what_an_allowed_page_of_the_same_site_shows_goes_on_without_an_origin(
    more: tuple[tuple[bytes, bytes], ...],
) -> None:
    pages: list[bytes] = []

    async def vouches(_scope: Any, page: bytes) -> bool:
        pages.append(page)
        return True

    asked = ask(answering(OK), "GET", "/", *NEIGHBOUR, *more, changes={VOUCHES: vouches})
    assert (asked.status, asked.connections) == (200, 1)
    assert pages == [b"http://localhost:5173"]


@pytest.mark.parametrize("lines", [NEIGHBOUR, cross(), (*NEIGHBOUR, *DOCUMENT)])
def test_what_a_page_shows_that_is_not_allowed_does_not(
    lines: tuple[tuple[bytes, bytes], ...],
) -> None:
    async def vouches(_scope: Any, _page: bytes) -> bool:
        return lines == cross()  # who is not asked cannot say no

    asked = ask(answering(OK), "GET", "/", *lines, changes={VOUCHES: vouches})
    assert (asked.status, asked.connections) == (403, 0)


@pytest.mark.parametrize("path", ["*", "x"])
@pytest.mark.parametrize("base", ["", "/v1"])
def test_a_target_that_is_no_path_is_not_sent_on(path: str, base: str) -> None:
    asked = ask(answering(OK), "OPTIONS", path, PAGE, base=base)
    assert (asked.status, asked.connections) == (400, 0)
    assert b"its target is no path" in asked.body


@pytest.mark.parametrize("path", ["/../admin", "/..%2fadmin"])
def test_a_path_that_leads_out_of_the_base_is_not_sent_on(path: str) -> None:
    asked = ask(answering(OK), "GET", path, PAGE, base="/v1")
    assert (asked.status, asked.connections) == (400, 0)
    assert b"which could lead out of /v1." in asked.body


@pytest.mark.parametrize("path", [b"/a#b", b"/\xc3\xa9", b"/a\tb"])
def test_a_target_that_no_url_can_hold_is_not_sent_on(path: bytes) -> None:
    asked = ask(answering(OK), "GET", "/", PAGE, changes={"raw_path": path})
    assert (asked.status, asked.connections) == (400, 0)
    assert b"characters that no URL has" in asked.body


def test_who_opens_the_port_from_elsewhere_gets_a_page_and_others_a_sentence() -> None:
    page = ask(answering(OK), "GET", "/a?b", *cross(*DOCUMENT))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    other = ask(answering(OK), "GET", "/a?b", *cross())
    assert other.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("site", "cookie"),
    [
        (b"same-site", "a=1"),
        (b"same-origin", "a=1"),
        (b"cross-site", "a=1; Secure; SameSite=None; Partitioned"),
    ],
)
def test_a_cookie_is_for_the_site_of_the_page_that_asked(site: bytes, cookie: str) -> None:
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    asked = ask(answering(raw), "GET", "/", PAGE, (b"sec-fetch-site", site))
    assert asked.headers["set-cookie"] == cookie


# ── the answer's head ──────────────────────────────────────────────────────────


def test_an_answer_keeps_its_status_headers_and_body() -> None:
    raw = b"HTTP/1.1 418 Tea\r\nX-A: caf\xe9\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
    asked = ask(answering(raw + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b!"))
    assert asked.status == 418
    assert asked.lines == [
        (b"x-a", b"caf\xe9"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"3"),
    ]
    assert asked.body == b"\x1f\x8b!"
    assert re.fullmatch(r"upstream 418 in \d+ ms", asked.scope[NOTE])


def test_what_belongs_to_the_connection_or_to_cors_ends_here() -> None:
    raw = (
        b"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n"
        b"Strict-Transport-Security: max-age=9\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    asked = ask(answering(raw))
    assert (asked.lines, asked.body, asked.ended) == ([], b"ok", True)


def test_that_the_upstream_sets_cors_too_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    raw = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"

    async def twice(reader: StreamReader, writer: StreamWriter) -> None:
        for _ in range(2):
            await read_request(reader)
            writer.write(raw)

    ask(twice, times=2)
    assert caplog.messages == ["corsmith: upstream also sets CORS headers: they are replaced"]


@pytest.mark.parametrize(
    ("method", "raw", "length"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", "100"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", "100"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", None),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 100\r\n\r\n", None),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + OK[:-2], "2"),
    ],
)
def test_answers_without_a_body_have_none(method: str, raw: bytes, length: str | None) -> None:
    asked = ask(answering(raw + (b"ok" if length == "2" else b"")), method)
    assert asked.headers.get("content-length") == length
    assert (asked.body, asked.ended) == (b"ok" if length == "2" else b"", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nwild",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x15\x03\x01\x00\x02\x02\x50",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_with_two_meanings_or_none_is_502(raw: bytes) -> None:
    asked = ask(answering(raw))
    assert (asked.status, asked.ended) == (502, True)
    assert asked.scope[PROBLEM].word in {"upstream-malformed", "upstream-closed"}


# ── redirects ──────────────────────────────────────────────────────────────────


def redirect(to: bytes, status: int = 302) -> bytes:
    return b"HTTP/1.1 %d Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, to)


ELSEWHERE = b"https://cdn.example/x"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", [b"/b?c#d", b"b", b"?x"])
def test_a_redirect_inside_stays_inside_and_is_not_followed(to: bytes, status: int) -> None:
    asked = ask(answering(redirect(to, status)), "GET", "/a", PAGE)
    assert (asked.status, asked.connections) == (status, 1)
    assert asked.headers["location"] == to.decode()


def test_a_redirect_to_the_upstreams_own_address_comes_back_to_the_gateway() -> None:
    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        request = await read_request(reader)
        host = head_of(request)[1][b"host"]
        writer.write(redirect(b"http://" + host + b"/b"))

    asked = ask(script)
    assert asked.headers["location"] == f"http://{HERE.decode()}/b"


def test_a_redirect_elsewhere_is_told_to_a_page_of_another_origin() -> None:
    asked = ask(answering(redirect(ELSEWHERE)), "GET", "/a", PAGE)
    assert asked.status == 502
    assert "location" not in asked.headers
    assert b"redirects to https://cdn.example/x, which is not behind this gateway" in asked.body
    assert asked.scope[NOTE].endswith(", redirects to https://cdn.example/x")


@pytest.mark.parametrize(
    "lines",
    [
        ((b"user-agent", b"curl/8.5.0"),),
        ((b"sec-fetch-site", b"same-origin"),),
        ((b"sec-fetch-site", b"none"), *DOCUMENT),
        ((b"origin", b"http://127.0.0.1:8000"), (b"sec-fetch-mode", b"navigate")),
    ],
)
def test_who_navigates_or_is_no_other_page_sees_where_it_leads(
    lines: tuple[tuple[bytes, bytes], ...],
) -> None:
    asked = ask(answering(redirect(ELSEWHERE)), "GET", "/a", *lines)
    assert (asked.status, asked.headers["location"]) == (302, ELSEWHERE.decode())
    assert asked.scope[NOTE].endswith(", redirects to https://cdn.example/x")


def test_a_head_that_is_too_large_is_not_sent_on() -> None:
    def headed(size: int) -> Asked:
        lines = [b"x-%d: %s" % (index, b"a" * 65_000) for index in range(4)]
        used = sum(len(line) - 2 for line in lines) + len("x-rest") + len("content-length2")
        lines.append(b"x-rest: " + b"a" * (size - used))
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + b"\r\n".join(lines)
        return ask(answering(head + b"\r\n\r\nok"))

    assert headed(262_144).status == 200
    asked = headed(262_145)
    assert asked.status == 502
    assert asked.headers["proxy-status"] == "corsmith; error=http_response_header_section_size"
    assert b"are over 262144 bytes" in asked.body


def test_a_redirect_without_a_location_is_an_answer_as_any_other() -> None:
    assert ask(answering(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")).status == 302


# ── who cannot be asked ────────────────────────────────────────────────────────


async def silent(reader: StreamReader, _writer: StreamWriter) -> None:
    """Read a request, and never answer it."""
    await reader.read()


async def deaf(_reader: StreamReader, _writer: StreamWriter) -> None:
    """Close the connection at once."""


def test_an_upstream_that_does_not_answer_in_time_is_504() -> None:
    asked = ask(silent, seconds=0.1)
    assert (asked.status, asked.headers["proxy-status"]) == (
        504,
        "corsmith; error=http_response_timeout",
    )
    assert b"has not begun to answer within 0.1 seconds" in asked.body


def test_an_upstream_that_closes_is_502() -> None:
    asked = ask(deaf, "POST")
    assert (asked.status, asked.scope[PROBLEM].word) == (502, "upstream-closed")


def test_an_answer_that_is_cut_has_no_end() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"
    asked = ask(answering(raw))
    assert (asked.status, asked.body, asked.ended) == (200, b"part", False)
    assert asked.scope[CUT] == "upstream-cut"
