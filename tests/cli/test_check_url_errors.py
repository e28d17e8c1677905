"""``corsmith check URL`` with a wrong command line: what is told, and that nothing is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from corsmith.cli.status import Status
from corsmith.inquiry.clients import CLIENTS
from corsmith.inquiry.stacks import STACKS
from tests.cli.asking import check

if TYPE_CHECKING:
    from pathlib import Path


def test_a_recording_is_checked_by_itself(tmp_path: Path) -> None:
    (tmp_path / "x.har").write_text("{}")
    done = check(str(tmp_path / "x.har"), "http://a.example", text="")
    assert done.exit_code == Status.USAGE
    assert "x.har is a recording; check it by itself:" in done.stderr


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["http://"], '"http://" has no host; write http://127.0.0.1:8000/'),
        (["http://a b/"], '"http://a b/": "a b" is no host'),
        (["http://a:99999/"], '"http://a:99999/": a port is 1 to 65535'),
        (["http://u:p@a.example/x"], "write http://a.example/x and -H 'Authorization: …'"),
        (["http://a.example", "--as", "cat"], "--as cat: the clients are duckdb, "),
        (["http://a.example", "--as", "duck"], "--as duck: did you mean duckdb? the clients are "),
        (["http://a.example", "--for", "cobol"], "--for cobol: the stacks are\n  fastapi, "),
        (["http://a.example", "--for", "ngin"], "--for ngin: did you mean nginx? the stacks are\n"),
        (["http://a.example", "--timeout", "x"], "--timeout x: write seconds, from 0.01 to 600"),
        (["http://a.example", "--timeout", "0"], "--timeout 0: write seconds, from 0.01 to 600"),
        (["http://a.example", "--timeout", "nan"], "--timeout nan: write seconds"),
        (["http://a.example", "--format", "xml"], "--format: 'xml' is not one of 'text', 'json'"),
        (["http://a.example", "--resolve", "x"], "--resolve x: write HOST:PORT:ADDR"),
        (["http://a.example", "--resolve", "a:1:b"], "--resolve a:1:b: b is no IP address"),
        (["https://a.example", "--cacert", "no.pem"], "--cacert no.pem cannot be read: No such"),
        (["curl", "--cacert", "no.pem", "https://a.example"], "--cacert no.pem cannot be read: "),
        (["--cacert", "no.pem", "curl", "https://a.example"], "--cacert no.pem cannot be read: "),
        (["https://a.example", "--cacert", __file__], "test_check_url_errors.py holds no cert"),
        (["http://a.example", "--path", "/x"], "--path is for a policy file with [[routes]]"),
        (["http://a.example", "-H", "X: \x01"], '-H X: "\\x01" is no value that a browser sends'),
        (["http://a.example", "-H", "Host: a"], "-H Host: browsers let no page set it"),
        (["http://a.example", "."], ". is no URL; check it by itself:"),
        (["-", "-"], "there is no URL to check; write one a line"),
        (["http://a.example", "--frm", "x"], "--frm; did you mean --from or --for or --format?"),
        (["http://a.example", "--method", "PUT"], "what is asked is -X"),
        (["@olama"], "@olama is not known; did you mean @ollama?"),
        (["curl"], "the curl command names no URL; copy it whole"),
        (["-X", "PUT", "curl", "http://a.example"], "-X is said by the curl command itself"),
        (["http://a.example", "curl", "http://b.example"], "one at a time"),
    ],
)
def test_a_wrong_command_line_is_told_and_nothing_is_sent(words: list[str], error: str) -> None:
    done = check(*words, text="")
    assert done.exit_code == Status.USAGE
    assert done.stdout == ""
    assert error in done.stderr


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["-d", "x"], "-d is for a URL; a policy file is asked without it"),
        (["--as", "cog"], "--as is for a URL"),
        (["-k"], "-k is for a URL"),
        (["--cacert", "ca.pem"], "--cacert is for a URL"),
        (["--resolve", "a:1:127.0.0.1"], "--resolve is for a URL"),
    ],
)
def test_an_option_about_an_address_is_refused_for_a_policy_file(
    words: list[str], error: str, tmp_path: Path
) -> None:
    file = tmp_path / "cors.toml"
    file.write_text('[policy]\norigins = ["https://app.example"]\n')
    done = check(str(file), *words)
    assert done.exit_code == Status.USAGE
    assert error in done.stderr
    assert check(str(file)).exit_code == Status.OK
    assert "one policy file at a time" in check(str(file), str(file)).stderr


def test_help_names_every_client_and_stack_that_it_promises() -> None:
    text = re.sub(r"\s+", " ", check("--help").stdout)
    assert ", ".join(CLIENTS) in text
    named = re.findall(r"made with: (.*?) and others", text)[0].split(", ")
    assert set(named) <= set(STACKS)
    assert text.index("Connection:") > text.index("--format")
