"""A head as the upstream gets it, and that two of them share nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.guard import Entry
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.written import Standing, Writer, Written, rest_of
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from corsmith.server.gateway.answered import Lines, Pairs

UPSTREAM = Upstream(origin=b"https://api.example", base=b"/v1")
PAGE = (b"origin", b"http://localhost:5173")
DATE = (b"Date", b"Thu, 26 Nov 2026 12:00:00 GMT")


def writer() -> Writer:
    return Writer(UPSTREAM, via=b"corsmith-1", added=Added({b"authorization": b"Bearer hunter2"}))


def known(writer: Writer) -> int:
    return len(writer._known)


# ── what is written ────────────────────────────────────────────────────────────


def test_a_head_is_written_whole() -> None:
    written = writer().write(scope("GET", "/a%2Fb?c", PAGE, (b"x-a", "é".encode())))
    kind = written.kind
    assert (kind.entry, written.fault, kind.has_body) == (Entry.GOES_ON, None, False)
    assert written.head.decode().split("\r\n") == [
        "GET /v1/a%2Fb?c HTTP/1.1",
        "host: api.example",
        "origin: https://api.example",
        "x-a: é",
        "authorization: Bearer hunter2",
        "via: 1.1 corsmith-1",
        "",
        "",
    ]
    assert str(written.url) == "https://api.example/v1/a%2Fb?c"
    assert kind.lines[-1] == ("via", "1.1 corsmith-1")
    assert "hunter2" not in repr(Added({b"a": b"hunter2"}))


@pytest.mark.parametrize("method", ["POST", "patch", "DELETE", "get"])
def test_a_body_that_may_be_is_told_to_be_none(method: str) -> None:
    """RFC 9110, section 8.6."""
    assert b"\r\nContent-Length: 0\r\n" in rest_of(method, [(b"host", b"a")])
    told = rest_of(method, [(b"content-length", b"0")])
    assert told.lower().count(b"content-length") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_where_no_body_is_foreseen_nothing_is_told_of_it(method: str) -> None:
    assert b"ength" not in rest_of(method, [(b"host", b"a")])


@pytest.mark.parametrize("sign", [b"\r", b"\n", b"\x00", b"\r\n\r\nGET / HTTP/1.1"])
def test_no_line_is_two(sign: bytes) -> None:
    for method, line in [
        ("GET" + sign.decode(), (b"x-a", b"1")),
        ("GET", (b"x-a" + sign, b"1")),
        ("GET", (b"x-a", b"1" + sign)),
    ]:
        with pytest.raises(ValueError, match="line break"):
            rest_of(method, [line])
    target = writer().write(scope("GET", "/", PAGE, raw_path=b"/a" + sign))
    assert target.fault is not None
    assert "characters that no URL has" in target.fault.sentence
    written = writer().write(scope("GET", "/", PAGE, (b"x-a", b"1" + sign)))
    assert written.fault is not None
    assert "a line of its head holds a line break" in written.fault.sentence
    assert written.head == b""


@pytest.mark.parametrize(
    ("request_scope", "word"),
    [
        (scope("TRACE", "/", PAGE), "method-not-sent-on"),
        (scope("CONNECT", "/", PAGE, (b"via", b"1.1 corsmith-1")), "method-not-sent-on"),
        (scope("GET", "/..", PAGE, (b"via", b"1.1 corsmith-1")), "gateway-loop"),
        (scope("GET", "/../x", PAGE), "not-sendable"),
        (scope("GET", "/", PAGE, (b"x-a", b"\xe9")), "not-sendable"),
        (scope("GET", "/", PAGE, raw_path=b"/a b\xe9"), "not-sendable"),
    ],
)
def test_what_is_not_sent_on_has_no_head(request_scope: dict[str, Any], word: str) -> None:
    written = writer().write(request_scope)
    assert written.fault is not None
    assert (written.fault.word, written.head) == (word, b"")


def test_whoever_shows_no_origin_is_told_apart_before_anything_is_asked() -> None:
    written = writer().write(scope("GET", "/", (b"sec-fetch-site", b"cross-site")))
    assert written.kind.entry is Entry.REFUSED


# ── what is remembered ─────────────────────────────────────────────────────────

USUAL: dict[str, Any] = scope("GET", "/a?b", PAGE, (b"cookie", b"id=1"), (b"x-a", b"1"))


def changed(**changes: Any) -> dict[str, Any]:
    return {**USUAL, **changes}


def with_line(at: int, line: tuple[bytes, bytes]) -> dict[str, Any]:
    lines = list(USUAL["headers"])
    lines[at] = line
    return changed(headers=lines)


def test_the_same_head_is_written_once() -> None:
    one = writer()
    assert one.write(changed()) is one.write(changed(headers=list(USUAL["headers"])))


OTHERS = {
    "method": changed(method="HEAD"),
    "case of the method": changed(method="get"),
    "path": changed(raw_path=b"/A"),
    "path as it was sent": changed(raw_path=b"/%61"),
    "no query": changed(query_string=b""),
    "query": changed(query_string=b"B"),
    "a query in the path": changed(raw_path=b"/a?b", query_string=b""),
    "scheme": changed(scheme="https"),
    "version": changed(http_version="2"),
    "host": with_line(0, (b"host", b"localhost:8000")),
    "origin": with_line(1, (b"origin", b"http://localhost:5174")),
    "cookie": with_line(2, (b"cookie", b"id=2")),
    "name": with_line(3, (b"x-b", b"1")),
    "value": with_line(3, (b"x-a", b"")),
    "a line less": changed(headers=USUAL["headers"][:-1]),
    "order": changed(headers=USUAL["headers"][::-1]),
    "a line twice": changed(headers=[*USUAL["headers"], (b"x-a", b"1")]),
    "body": changed(headers=[*USUAL["headers"], (b"content-length", b"1")]),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_two_heads_that_differ_in_any_byte_share_nothing(other: dict[str, Any]) -> None:
    both = writer()
    first = both.write(USUAL)
    assert both.write(other) is not first
    assert known(both) == 2
    # And what is remembered is what would have been written anew.
    for one in (USUAL, other):
        remembered, anew = both.write(one), writer().write(one)
        assert (remembered.head, remembered.target, remembered.kind) == (
            anew.head,
            anew.target,
            anew.kind,
        )


def test_so_many_heads_are_remembered_and_no_more() -> None:
    one = writer()
    for number in range(1000):
        one.write(scope("GET", f"/{number}", PAGE, (b"x-a", str(number % 300).encode())))
        assert known(one) <= 128
        assert len(one._kinds) <= 128


@pytest.mark.parametrize(
    "large",
    [
        scope("GET", "/" + "a" * 4_096, PAGE),
        scope("GET", "/?" + "a" * 4_096, PAGE),
        scope("A" * 4_096, "/", PAGE),
        scope("GET", "/", PAGE, (b"cookie", b"a" * 4_096)),
    ],
    ids=["path", "query", "method", "header"],
)
def test_a_large_head_is_not_remembered(large: dict[str, Any]) -> None:
    one = writer()
    assert one.write(large).fault is None
    assert known(one) == 0


# ── the answer of a head ───────────────────────────────────────────────────────


def written() -> Written:
    return writer().write(USUAL)


def test_the_answer_that_came_last_is_read_once() -> None:
    one = written()
    assert one.answered(200, (DATE,)) is one.answered(200, (DATE,))


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (201, (DATE,)),
        (200, ()),
        (200, ((b"date", DATE[1]),)),
        (200, (DATE, DATE)),
        (200, ((DATE[0], b"Thu, 26 Nov 2026 12:00:01 GMT"),)),
    ],
)
def test_an_answer_that_differs_is_read_anew(
    status: int, raw: tuple[tuple[bytes, bytes], ...]
) -> None:
    one = written()
    first = one.answered(200, (DATE,))
    second = one.answered(status, raw)
    assert second is not first
    assert second == written().answered(status, raw)


def test_a_large_answer_is_not_remembered() -> None:
    one = written()
    raw = ((b"x-a", b"a" * 4_096),)
    assert one.answered(200, raw) == one.answered(200, raw)
    assert one.answered(200, raw) is not one.answered(200, raw)


# ── a head and a policy ────────────────────────────────────────────────────────


def dress(headers: Lines, pairs: Pairs) -> Lines:
    return [*headers, *pairs]


def standing() -> Standing:
    made = Standing(Policy(origins="*"))
    made.pairs = ((b"vary", b"Origin"),)
    return made


def test_the_same_headers_are_dressed_once() -> None:
    one, said, headers = written(), standing(), [DATE]
    first = one.dress(headers, said, dress)
    assert first == [DATE, (b"vary", b"Origin")]
    assert one.dress(headers, said, dress) is first
    # Others are, although they are equal: who made them may change them.
    assert one.dress([DATE], said, dress) is not first


def test_the_same_headers_are_dressed_anew_by_another_policy() -> None:
    one, headers = written(), [DATE]
    first = one.dress(headers, standing(), dress)
    assert one.dress(headers, Standing(Policy(origins="*")), dress) == headers != first


def test_large_headers_are_not_kept() -> None:
    one, said = written(), standing()
    headers = [(b"x-a", b"a" * 4_096)]
    assert one.dress(headers, said, dress)[:1] == headers
    assert one.dress(headers, said, dress) is not one.dress(headers, said, dress)


@pytest.mark.parametrize(
    ("request_scope", "passes"),
    [
        (USUAL, True),
        (scope("POST", "/", PAGE), True),
        (scope("POST", "/", PAGE, (b"content-length", b"1")), False),
        (scope("TRACE", "/", PAGE), False),
        (scope("GET", "/", (b"sec-fetch-site", b"same-site")), False),
    ],
    ids=["usual", "no body", "body", "TRACE", "no origin"],
)
def test_what_goes_on_whatever_is_said_of_other_pages_may_pass(
    request_scope: dict[str, Any], *, passes: bool
) -> None:
    assert writer().write(request_scope).passes is passes


def test_what_is_of_a_kind_that_was_written_is_found() -> None:
    one = writer()
    assert one.find(USUAL) is None
    first = one.write(USUAL)
    assert one.find(USUAL) is first
    other = one.find(changed(raw_path=b"/other", query_string=b"x=1"))
    assert other is not None
    assert other.kind is first.kind
    assert other.head.startswith(b"GET /v1/other?x=1 HTTP/1.1\r\n")
    assert other.head.partition(b"\r\n")[2] == first.head.partition(b"\r\n")[2]
    assert one.find(changed(method="PUT")) is None


@pytest.mark.parametrize("path", [b"/..%2fadmin", b"/a b", b"*", b"/\xe9"])
def test_a_path_is_looked_at_whatever_its_kind(path: bytes) -> None:
    one = writer()
    assert one.write(USUAL).fault is None
    found = one.find(changed(raw_path=path))
    assert found is not None
    assert (found.head, found.passes) == (b"", False)
    assert found.fault is not None


@pytest.mark.parametrize("path", [b"/a[1]|b", b"/{x}", b"/^`", b'/"<>\\'])
def test_what_is_no_url_to_the_letter_goes_on_as_it_came(path: bytes) -> None:
    written = writer().write(changed(raw_path=path))
    assert (written.fault, written.target) == (None, b"/v1" + path + b"?b")
    assert written.url.raw_path_qs.encode() == written.target


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([], -1),
        ([(b"content-length", b"0")], 0),
        ([(b"content-length", b"12")], 12),
        ([(b"content-length", b"12"), (b"content-length", b"12")], -1),
        ([(b"content-length", b"12"), (b"transfer-encoding", b"chunked")], -1),
        ([(b"content-length", b"+12")], -1),
        ([(b"content-length", b"1" * 20)], -1),
    ],
    ids=["none", "empty", "plain", "twice", "coding", "sign", "long"],
)
def test_only_a_length_that_is_told_plainly_is_one(lines: Lines, length: int) -> None:
    assert writer().write(scope("POST", "/", PAGE, *lines)).kind.length == length
