from __future__ import annotations

import json

import pytest

from corsmith.server.answers import ALLOW, NOT_ALLOWED, OK, make_answer, phrase_of, statuses
from tests.server.in_memory import names


def test_the_usual_answer_is_the_tutorials() -> None:
    assert OK.body["body"] == b'{"status": "OK"}'
    assert OK.start["headers"] == [
        (b"content-type", b"application/json"),
        (b"content-length", b"16"),
    ]


def test_every_final_status_has_an_answer() -> None:
    assert sorted(statuses()) == [f"/status/{status}" for status in range(200, 600)]


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (421, "Misdirected Request"),
        (422, "Unprocessable Content"),
        (500, "Internal Server Error"),
        (599, "599"),
    ],
)
def test_an_answer_tells_its_status_on_any_python(status: int, phrase: str) -> None:
    """Python 3.13 renamed four of them."""
    assert phrase_of(status) == phrase
    assert json.loads(statuses()[f"/status/{status}"].body["body"]) == {"status": phrase}


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_has_neither_body_nor_length(status: int) -> None:
    answer = statuses()[f"/status/{status}"]
    assert answer.start["headers"] == []
    assert answer.body["body"] == b""


def test_a_length_is_the_length_of_its_body() -> None:
    for answer in (OK, ALLOW, NOT_ALLOWED, *statuses().values()):
        lengths = [value for name, value in answer.start["headers"] if name == b"content-length"]
        body = answer.body["body"]
        assert lengths == [str(len(body)).encode()] or (lengths, body) == ([], b"")


def test_an_answer_may_end_its_connection() -> None:
    answer = make_answer(400, {"status": "Bad Request"}, close=True)
    assert (b"connection", b"close") in answer.start["headers"]
    assert b"connection" not in names(OK.start["headers"])


def test_a_method_that_is_not_there_is_told_which_are() -> None:
    for answer in (ALLOW, NOT_ALLOWED):
        assert (b"allow", b"GET, HEAD, POST, OPTIONS") in answer.start["headers"]
    assert (ALLOW.start["status"], NOT_ALLOWED.start["status"]) == (200, 405)
