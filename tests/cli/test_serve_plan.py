"""TLS on the command line of `serve`: which certificate is planned, and what is told instead."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from click.testing import CliRunner

from corsmith.cli import main, serve_plan
from corsmith.cli.status import Status
from corsmith.server.tried import Tried, TriedKind

if TYPE_CHECKING:
    from click.testing import Result

    from corsmith.server import run as module


@pytest.fixture
def plans(
    plans: list[module.Plan], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[module.Plan]:
    """What is planned, in a folder with a certificate; no server is started."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    leaf = trustme.CA().issue_cert("dev.example", "*.dev.example", "127.0.0.1", "::1")
    leaf.cert_chain_pems[0].write_to_path("a.pem")
    leaf.private_key_pem.write_to_path("a.key")
    return plans


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["serve", "--port", "0", *words], prog_name="corsmith")


def plan(plans: list[module.Plan], *words: str) -> module.Plan:
    result = run(*words)
    assert (result.exit_code, result.output) == (0, "")
    return plans[-1]


def told(*words: str) -> list[str]:
    result = run(*words)
    assert result.exit_code == Status.USAGE, result.output
    lines = result.stderr.splitlines()
    assert len(lines) <= 3
    assert lines[0].startswith("corsmith: ")
    return lines


def test_without_a_flag_there_is_no_tls(plans: list[module.Plan]) -> None:
    assert plan(plans).certificate is None


def test_one_of_our_own_is_for_the_names_that_are_allowed(
    plans: list[module.Plan], tmp_path: Path
) -> None:
    made = plan(plans, "--tls", "--allow-host", "api.example").certificate
    assert made is not None
    assert {"localhost", "127.0.0.1", "api.example"} <= set(made.names)
    assert made.authority == tmp_path / "state" / "corsmith" / "tls" / "ca.pem"


def test_the_names_of_one_that_was_given_are_this_servers(plans: list[module.Plan]) -> None:
    made = plan(plans, "--cert", "a.pem", "--key", "a.key")
    assert made.certificate is not None
    assert made.certificate.authority is None
    assert made.hosts.allows(b"dev.example:1")
    assert made.hosts.allows(b"a.dev.example")
    assert not made.hosts.allows(b"evil.example")


def test_off_loopback_they_stand_beside_any_address(plans: list[module.Plan]) -> None:
    words = ("--cert", "a.pem", "--key", "a.key", "--host", "0.0.0.0")  # noqa: S104  the point
    hosts = plan(plans, *words).hosts
    assert hosts.allows(b"dev.example:1")
    assert hosts.allows(b"192.0.2.7:1")
    assert not hosts.allows(b"evil.example")


def test_one_of_two_flags_is_told_to_need_the_other(plans: list[module.Plan]) -> None:
    for flag, lacks in (("--cert", "--key"), ("--key", "--cert")):
        first, second = told(flag, "a.pem")
        assert first == f"corsmith: {flag} needs {lacks} FILE beside it"
        assert second.endswith("name it twice; without either, write --tls")
    assert not plans


@pytest.mark.parametrize("words", [["--cert", "a.pem", "--key", "a.key"], ["--key", "a.key"]])
def test_one_of_our_own_beside_one_that_was_given_is_a_slip(
    plans: list[module.Plan], words: list[str]
) -> None:
    first, second = told("--tls", *words)
    assert first.startswith("corsmith: --tls makes a certificate of this machine's own")
    assert second == "  leave one of them out"
    assert not plans


def test_what_is_wrong_with_one_that_was_given_is_told(plans: list[module.Plan]) -> None:
    assert told("--cert", "gone.pem", "--key", "a.key") == [
        'corsmith: --cert "gone.pem": there is no such file'
    ]
    assert not plans


def test_a_missing_extra_is_told_with_the_command(
    plans: list[module.Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert told("--tls") == [
        "corsmith: serve needs trustme, which is not installed",
        "  pip install 'corsmith[tls]'",
    ]
    assert not plans


# ── who may be asked ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "is_there", "may"),
    [
        (["."], True, True),
        (["."], False, False),
        ([".", "--quiet"], True, False),
        ([], True, False),
        (["--origin", "https://app.example"], True, False),
    ],
)
def test_a_person_before_a_terminal_may_be_asked_about_whoever_is_refused(
    plans: list[module.Plan],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    *,
    is_there: bool,
    may: bool,
) -> None:
    monkeypatch.setattr("corsmith.cli.serve_plan.is_terminal", lambda: is_there)
    assert plan(plans, *words).terminal == (0 if may else None)


ECHO = Tried(receiver='{"status": "OK"}')


@pytest.mark.parametrize(
    ("words", "tried"),
    [
        ((), ECHO),
        (("--origin", "https://app.example"), ECHO),
        (("--quiet",), replace(ECHO, has_flags=True)),
        (("a.pem",), Tried(kind=TriedKind.FILES, word="a.pem", receiver="the file a.pem")),
        ((".", "--method", "GET"), Tried(kind=TriedKind.FILES, word=".", receiver="the folder .")),
        (("x:app",), Tried(kind=TriedKind.APP, word="x:app", receiver="x:app")),
        (
            ("https://api.example/v1", "--timeout", "3"),
            Tried(
                kind=TriedKind.GATEWAY,
                word="https://api.example/v1",
                receiver="https://api.example/v1",
                has_flags=True,
            ),
        ),
    ],
)
def test_the_try_page_knows_what_it_sends_to(
    plans: list[module.Plan], words: tuple[str, ...], tried: Tried
) -> None:
    result = CliRunner().invoke(main, ["serve", *words], prog_name="corsmith")
    assert result.exit_code == 0, result.output
    assert plans[-1].tried == tried


def test_what_cannot_be_written_anywhere_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says it may be the thread that watches the policy file."""
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        serve_plan._say(["one", "two"])
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()
