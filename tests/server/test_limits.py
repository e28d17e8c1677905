from __future__ import annotations

import pytest

from corsmith.server.hosts import Hosts
from corsmith.server.limits import MAX_FIELDS, MAX_HEAD, MAX_TARGET, head_problem
from tests.server.in_memory import scope

HOSTS = Hosts(8000)
# What `scope` writes itself: "host: 127.0.0.1:8000" and its line feed.
HOST_LINE = len("host") + len("127.0.0.1:8000") + 4


def test_a_usual_request_has_no_problem() -> None:
    assert head_problem(scope("GET", "/?a=b", (b"accept", b"*/*")), HOSTS) is None


def test_a_head_may_be_exactly_as_large_as_the_limit() -> None:
    value = b"a" * (MAX_HEAD - HOST_LINE - len("x") - 4)
    assert head_problem(scope("GET", "/", (b"x", value)), HOSTS) is None
    problem = head_problem(scope("GET", "/", (b"x", value + b"a")), HOSTS)
    assert problem is not None
    assert (problem.status, problem.word) == (431, "headers-too-large")


def test_a_request_may_have_exactly_as_many_lines_as_the_limit() -> None:
    lines = [(b"x-%d" % number, b"1") for number in range(MAX_FIELDS - 1)]
    assert head_problem(scope("GET", "/", *lines), HOSTS) is None
    problem = head_problem(scope("GET", "/", *lines, (b"y", b"")), HOSTS)
    assert problem is not None
    assert (problem.status, problem.word) == (431, "too-many-headers")


def test_path_and_query_together_may_be_as_long_as_the_limit() -> None:
    half = "/" + "a" * (MAX_TARGET // 2 - 1)
    query = "b" * (MAX_TARGET // 2)
    assert head_problem(scope("GET", f"{half}?{query}"), HOSTS) is None
    problem = head_problem(scope("GET", f"{half}?{query}b"), HOSTS)
    assert problem is not None
    assert (problem.status, problem.word) == (414, "target-too-long")


def test_two_host_lines_are_refused_even_if_they_are_equal() -> None:
    problem = head_problem(scope("GET", "/", (b"host", b"127.0.0.1:8000")), HOSTS)
    assert problem is not None
    assert (problem.status, problem.word) == (400, "two-hosts")


@pytest.mark.parametrize("host", [None, b""])
@pytest.mark.parametrize("hosts", [HOSTS, None])
def test_http_1_1_needs_a_host(host: bytes | None, hosts: Hosts | None) -> None:
    problem = head_problem(scope(host=host), hosts)
    assert problem is not None
    assert (problem.status, problem.word) == (400, "no-host")


@pytest.mark.parametrize("version", ["1", "1.0"])
def test_http_1_0_needs_none(version: str) -> None:
    assert head_problem(scope(host=b"", http_version=version), HOSTS) is None


def test_a_foreign_host_is_told_the_flag_that_lets_it_in() -> None:
    problem = head_problem(scope(host=b"dev.example:8000"), HOSTS)
    assert problem is not None
    assert (problem.status, problem.word) == (421, "host-not-allowed")
    assert problem.sentence == (
        'This server does not answer to "dev.example:8000", only to names of this machine. '
        "If it should, start it with --allow-host dev.example."
    )


def test_a_host_that_is_no_name_is_told_no_flag() -> None:
    problem = head_problem(scope(host=b'a"\r\n b'), HOSTS)
    assert problem is not None
    assert problem.sentence == (
        'This server does not answer to "a\\"\\r\\n b", only to names of this machine.'
    )


def test_any_host_will_do_where_none_is_asked_for() -> None:
    assert head_problem(scope(host=b"evil.example"), None) is None
