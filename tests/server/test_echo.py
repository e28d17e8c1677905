from __future__ import annotations

import json

import pytest

from corsmith.server.echo import PROBLEM, answer_problem, echo
from corsmith.server.limits import Problem
from tests.server.in_memory import ask, run, scope

PATHS = ["/", "/items/3", "/status", "/status/", "/status/99", "/status/1000", "/status/404/", "/é"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_path_answers_ok(method: str, path: str) -> None:
    answer = ask(echo, method, path)
    assert answer.status == 200
    assert answer.body == b'{"status": "OK"}'
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [200, 204, 301, 404, 418, 500, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_status_that_is_asked_for_is_answered(method: str, status: int) -> None:
    assert ask(echo, method, f"/status/{status}").status == status


def test_head_is_get_without_the_body() -> None:
    got, head = ask(echo, "GET", "/status/404"), ask(echo, "HEAD", "/status/404")
    assert head.messages[0] == got.messages[0]
    assert head.body == b""


def test_options_without_a_preflight_names_the_methods() -> None:
    answer = ask(echo, "OPTIONS", "/status/404")
    assert answer.status == 200
    assert answer.headers == {"allow": "GET, HEAD, POST, OPTIONS", "content-length": "0"}
    assert answer.body == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "patch", "TRACE", "get", "!#$%&'*"])
def test_any_other_method_is_405_with_those_that_are_there(method: str) -> None:
    answer = ask(echo, method, "/status/200")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert json.loads(answer.body) == {"status": "Method Not Allowed"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_problem_is_a_status_with_a_sentence_and_the_end_of_the_connection(method: str) -> None:
    problem = Problem(status=431, word="headers-too-large", sentence="Too much.")
    answer = run(answer_problem, {**scope(method), PROBLEM: problem})
    assert answer.status == 431
    assert answer.headers["connection"] == "close"
    body = {"status": "Request Header Fields Too Large", "detail": "Too much."}
    assert answer.body == (b"" if method == "HEAD" else json.dumps(body).encode())
