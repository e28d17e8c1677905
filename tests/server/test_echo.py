from __future__ import annotations

import json

import pytest

from corsmith.server.body import Body
from corsmith.server.echo import PROBLEM, Echo
from corsmith.server.limits import DRAIN_BYTES, USUAL_BODY
from tests.server.in_memory import ask, parts, post, run, scope

ECHO = Echo()
PATHS = ["/", "/items/3", "/status", "/status/", "/status/99", "/status/1000", "/status/404/", "/é"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_path_answers_ok(method: str, path: str) -> None:
    answer = ask(ECHO, method, path)
    assert answer.status == 200
    assert answer.body == b'{"status": "OK"}'
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [200, 204, 301, 404, 418, 500, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_status_that_is_asked_for_is_answered(method: str, status: int) -> None:
    assert ask(ECHO, method, f"/status/{status}").status == status


def test_head_is_get_without_the_body() -> None:
    got, head = ask(ECHO, "GET", "/status/404"), ask(ECHO, "HEAD", "/status/404")
    assert head.messages[0] == got.messages[0]
    assert head.body == b""


def test_options_without_a_preflight_names_the_methods() -> None:
    answer = ask(ECHO, "OPTIONS", "/status/404")
    assert answer.status == 200
    assert answer.headers == {"allow": "GET, HEAD, POST, OPTIONS", "content-length": "0"}
    assert answer.body == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "patch", "TRACE", "get", "!#$%&'*"])
def test_any_other_method_is_405_with_those_that_are_there(method: str) -> None:
    answer = ask(ECHO, method, "/status/200")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert json.loads(answer.body) == {"status": "Method Not Allowed"}


# ── bodies ─────────────────────────────────────────────────────────────────────


def told(*bodies: bytes, keep: int = 100) -> list[Body]:
    """Return the bodies that a server was told of after one POST."""
    found: list[Body] = []
    echo = Echo(on_body=lambda _scope, body: found.append(body), keep=keep)
    assert post(echo, *bodies).status == 200
    return found


@pytest.mark.parametrize("body", [b"", b"not JSON", b"\xff\x00", b"[" * 100_000, b'{"a": 1}'])
def test_a_body_is_never_parsed(body: bytes) -> None:
    assert told(body, keep=200_000) == [Body(body, len(body))]


def test_who_is_told_of_a_body_gets_its_beginning_and_its_size() -> None:
    assert told(b"ab", b"cd", keep=3) == [Body(b"abc", 4)]


def test_the_usual_limit_is_a_mebibyte() -> None:
    assert post(ECHO, b"a" * USUAL_BODY).status == 200
    assert post(ECHO, b"", length=USUAL_BODY + 1).status == 413


def test_a_body_over_the_limit_is_answered_first_and_then_read_away() -> None:
    echo = Echo(limit=3)
    answer = post(echo, b"ab", b"cd", b"ef")
    assert answer.status == 413
    assert answer.headers["connection"] == "close"
    assert json.loads(answer.body) == {
        "status": "Content Too Large",
        "detail": "The body has more than 3 bytes, the limit set by --limit-body.",
    }
    assert answer.received == 3


def test_so_is_one_whose_length_is_announced_too_large() -> None:
    announced = (b"content-length", b"%d" % (4 * DRAIN_BYTES))
    body = parts(*[b"a" * 1_048_576] * 32)
    answer = run(ECHO, scope("POST", "/", announced), body)
    assert answer.status == 413
    assert answer.received == DRAIN_BYTES // 1_048_576 + 1


def test_a_body_that_a_405_did_not_want_is_read_away() -> None:
    """Else the connection is reset, and a page sees a network error instead of the 405."""
    answer = run(ECHO, scope("PUT", "/", (b"content-length", b"4")), parts(b"ab", b"cd"))
    assert answer.status == 405
    assert "connection" not in answer.headers
    assert answer.received == 2


def test_nothing_is_waited_for_where_no_body_was_announced() -> None:
    assert ask(ECHO, "PUT", "/").received == 0
    assert ask(ECHO, "POST", "/").received == 0


def test_a_body_that_breaks_off_is_a_400() -> None:
    found: list[Body] = []
    echo = Echo(on_body=lambda _scope, body: found.append(body))
    request = scope("POST", "/", (b"transfer-encoding", b"chunked"))
    answer = run(echo, request, parts(b"ab", broken=True))
    assert answer.status == 400
    assert found == []
    assert request[PROBLEM].word == "body-incomplete"
