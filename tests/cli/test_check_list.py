"""A list of URLs on standard input is an order after ``-``, and a pasted text without."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from corsmith.cli.status import Status
from tests.broken.serving import Asked, Reply, allow, serve
from tests.cli.asking import check


def open_to_all(asked: Asked) -> Reply:
    return Reply(headers=allow(asked))


@pytest.mark.servers
def test_an_address_named_by_dash_is_a_list_and_is_asked() -> None:
    """One URL a line after ``-`` is an order; anything else is a pasted text."""
    with serve(open_to_all) as server:
        assert check("-", text=f"# mine\n{server.origin}/a\n{server.origin}/b\n").exit_code == 0
        assert {asked.target for asked in server.asked} >= {"/a", "/b"}


@pytest.mark.servers
def test_urls_on_a_pipe_are_asked_only_where_a_list_is_named_or_with_consent() -> None:
    with serve(open_to_all) as server:
        text = f"{server.origin}/a\n{server.origin}/b\n"
        done = check(text=text)
        assert (done.exit_code, done.stdout) == (Status.USAGE, "")
        assert done.stderr == snapshot("""\
corsmith: 2 URLs on standard input, and nothing is sent; to have a list asked, type
  corsmith check - < FILE
""")
        assert server.asked == []
        assert check("--send", text=text).exit_code == Status.OK
        assert {asked.target for asked in server.asked} >= {"/a", "/b"}


def test_a_slip_in_a_list_of_urls_is_named_and_nothing_is_sent() -> None:
    done = check("-", text="https://api.example/a\napi.example/b\n")
    assert (done.exit_code, done.stdout) == (Status.USAGE, "")
    assert done.stderr == snapshot(
        'corsmith: "api.example/b" is no file or folder here; for the site write https://api.example/b\n'
    )
    done = check("-", text="https://api.example/a\nmain:app\n")
    assert "main:app is no URL; check it by itself" in done.stderr
    done = check("-", text="https://api.example/a\nhttp://\n")
    assert done.stderr == snapshot(
        'corsmith: "http://" has no host; write http://127.0.0.1:8000/\n'
    )


def test_lines_that_are_no_list_are_read_as_a_text() -> None:
    done = check(text="https://api.example/a\napi.example/b\n")
    assert done.exit_code == Status.UNKNOWN
    assert "nothing in this text says what went wrong" in done.stdout
