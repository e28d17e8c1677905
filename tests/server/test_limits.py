from __future__ import annotations

import pytest

from corsmith.server.hosts import Hosts
from corsmith.server.limits import MAX_FIELDS, MAX_HEAD, MAX_TARGET, Problem, read_head
from tests.server.in_memory import scope

HOSTS = Hosts(8000)
# What `scope` writes itself: "host: 127.0.0.1:8000" and its line feed.
HOST_LINE = len("host") + len("127.0.0.1:8000") + 4


def test_a_usual_request_has_no_problem_and_no_body() -> None:
    assert read_head(scope("GET", "/?a=b", (b"accept", b"*/*")), HOSTS) == 0


def test_a_head_may_be_exactly_as_large_as_the_limit() -> None:
    value = b"a" * (MAX_HEAD - HOST_LINE - len("x") - 4)
    assert read_head(scope("GET", "/", (b"x", value)), HOSTS) == 0
    problem = read_head(scope("GET", "/", (b"x", value + b"a")), HOSTS)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (431, "headers-too-large")


def test_a_request_may_have_exactly_as_many_lines_as_the_limit() -> None:
    lines = [(b"x-%d" % number, b"1") for number in range(MAX_FIELDS - 1)]
    assert read_head(scope("GET", "/", *lines), HOSTS) == 0
    problem = read_head(scope("GET", "/", *lines, (b"y", b"")), HOSTS)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (431, "too-many-headers")


def test_path_and_query_together_may_be_as_long_as_the_limit() -> None:
    half = "/" + "a" * (MAX_TARGET // 2 - 1)
    query = "b" * (MAX_TARGET // 2)
    assert read_head(scope("GET", f"{half}?{query}"), HOSTS) == 0
    problem = read_head(scope("GET", f"{half}?{query}b"), HOSTS)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (414, "target-too-long")


def test_two_host_lines_are_refused_even_if_they_are_equal() -> None:
    problem = read_head(scope("GET", "/", (b"host", b"127.0.0.1:8000")), HOSTS)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (400, "two-hosts")


@pytest.mark.parametrize("host", [None, b""])
@pytest.mark.parametrize("hosts", [HOSTS, Hosts(8000, addresses=True)], ids=["here", "off"])
def test_http_1_1_needs_a_host(host: bytes | None, hosts: Hosts) -> None:
    problem = read_head(scope(host=host), hosts)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (400, "no-host")


@pytest.mark.parametrize("version", ["1", "1.0"])
def test_http_1_0_needs_none(version: str) -> None:
    assert read_head(scope(host=b"", http_version=version), HOSTS) == 0


@pytest.mark.parametrize(
    ("method", "lines", "length"),
    [
        ("POST", [], None),
        ("POST", [(b"content-length", b"3")], 3),
        ("GET", [], 0),
        ("HEAD", [], 0),
    ],
)
def test_in_http_2_a_body_needs_no_length(
    method: str, lines: list[tuple[bytes, bytes]], length: int | None
) -> None:
    assert read_head(scope(method, "/", *lines, http_version="2"), HOSTS) == length


@pytest.mark.parametrize("host", [b"localhost:8000", b"LocalHost", b"127.0.0.2:1"])
def test_a_host_of_ours_may_have_any_port_and_case(host: bytes) -> None:
    assert read_head(scope(host=host), HOSTS) == 0


def test_a_foreign_host_is_told_the_flag_that_lets_it_in() -> None:
    problem = read_head(scope(host=b"dev.example:8000"), HOSTS)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (421, "host-not-allowed")
    assert problem.sentence == (
        'This server does not answer to "dev.example:8000", only to names of this machine. '
        "If it should, start it with --allow-host dev.example."
    )


def test_a_host_that_is_no_name_is_told_no_flag() -> None:
    problem = read_head(scope(host=b'a"\r\n b'), HOSTS)
    assert isinstance(problem, Problem)
    assert problem.sentence == (
        'This server does not answer to "a\\"\\r\\n b", only to names of this machine.'
    )


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([(b"content-length", b"0")], 0),
        ([(b"content-length", b"12")], 12),
        ([(b"transfer-encoding", b"chunked")], None),
        ([(b"transfer-encoding", b" Chunked ")], None),
        # The parser refuses these; whoever passes one on has the body counted instead.
        ([(b"content-length", b"9" * 5000)], None),
        ([(b"content-length", b"abc")], None),
        ([(b"content-length", b"-1")], None),
        ([(b"content-length", "²".encode("latin-1"))], None),
    ],
)
def test_the_head_says_how_long_the_body_is(
    lines: list[tuple[bytes, bytes]], length: int | None
) -> None:
    assert read_head(scope("POST", "/", *lines), HOSTS) == length


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip", b"chunked, chunked", b""])
def test_a_coding_other_than_chunked_is_refused(coding: bytes) -> None:
    problem = read_head(scope("POST", "/", (b"transfer-encoding", coding)), HOSTS)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.word) == (501, "unknown-coding")
