"""A URL and the name of a server on the command line of `serve`: what is planned, what is told."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from corsmith.cli import main
from corsmith.cli.status import Status
from corsmith.policy import Policy
from corsmith.server import run as module
from corsmith.server.gateway.serving import GATEWAY_SEED, Gateway
from corsmith.server.ports import address_of

if TYPE_CHECKING:
    from click.testing import Result

SEED = Policy.from_mapping(dict(GATEWAY_SEED))
URL = "https://api.example"


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[module.Plan, int]]:
    """What is planned, and its port; no server is started."""
    found: list[tuple[module.Plan, int]] = []

    class Supervisor:
        def __init__(self, plan: module.Plan, _say: object) -> None:
            found.append((plan, address_of(plan.listening)[1]))

        def run(self) -> bool:
            return True

    monkeypatch.setattr(module, "Supervisor", Supervisor)
    monkeypatch.setattr("corsmith.cli.serve.signal.signal", lambda *_arguments: None)
    return found


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["serve", *words], prog_name="corsmith")


def plan(plans: list[tuple[module.Plan, int]], *words: str) -> tuple[module.Plan, Gateway]:
    result = run("--port", "0", *words)
    assert (result.exit_code, result.output) == (0, "")
    made = plans[-1][0]
    assert isinstance(made.serving, Gateway)
    return made, made.serving


def told(*words: str) -> list[str]:
    result = run(*words)
    assert result.exit_code == Status.USAGE, result.output
    lines = result.stderr.splitlines()
    assert len(lines) <= 3
    assert lines[0].startswith("corsmith: ")
    return lines


def test_a_url_is_served_for_pages_of_this_machine(plans: list[tuple[module.Plan, int]]) -> None:
    made, gateway = plan(plans, URL)
    assert gateway.upstream.origin == URL.encode()
    assert (made.policy, made.limit_body) == (SEED, None)
    assert (gateway.seconds, gateway.trust.insecure, gateway.trust.ca) == (300.0, False, None)


def test_each_flag_of_a_gateway_is_heeded(
    plans: list[tuple[module.Plan, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    words = ("-k", "--timeout", "5", "--add-header", "X-Key: $TOKEN", "--limit-body", "9")
    made, gateway = plan(plans, URL, *words)
    assert gateway.trust.insecure
    assert gateway.seconds == 5.0
    assert gateway.added == {b"x-key": b"hunter2"}
    assert made.limit_body == 9


def test_a_profile_is_served_by_its_name(plans: list[tuple[module.Plan, int]]) -> None:
    made, gateway = plan(plans, "@ollama", "--origin", "https://ui.example")
    assert gateway.upstream.origin == b"http://127.0.0.1:11434"
    assert isinstance(made.policy, Policy)
    assert made.policy.origins == ("https://ui.example",)
    assert made.policy.credentials


def test_everybody_may_be_let_in_without_cookies(plans: list[tuple[module.Plan, int]]) -> None:
    made, _ = plan(plans, URL, "--origin", "*")
    assert isinstance(made.policy, Policy)
    assert not made.policy.credentials


def test_everybody_with_cookies_is_refused() -> None:
    result = run("--port", "0", URL, "--origin", "*", "--credentials")
    assert result.exit_code == Status.USAGE
    assert "wildcard-with-credentials" in result.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((f"{URL}/?a=b",), f'"{URL}/?a=b" has a query'),
        ((f"{URL}/#a",), f'"{URL}/#a" has a fragment'),
        (("https://ann:hunter2@api.example",), "the URL has a user name or password"),
        ((URL, "--add-header", "hunter2"), "--add-header needs a name and a value"),
        ((URL, "--add-header", "X-Key: $CORSMITH_NO_SUCH"), "--add-header X-Key: the environment"),
        ((URL, "--ca", "gone.pem"), "--ca gone.pem cannot be read: No such file or directory"),
        (("@olama",), "@olama is not known; did you mean @ollama?"),
        (("--ca", "x.pem"), "--ca x.pem is about a gateway, and no URL is named"),
        ((".", "-k"), "--insecure is about a gateway"),
        ((URL, "--isolated"), "--isolated is about files"),
        (("http://localhost:8000", "--port", "8000"), "port 8000 is the upstream's own"),
        (("http://localhost:65535", "--port", "65535"), "port 65535 is the upstream's own"),
    ],
)
def test_a_wrong_command_line_is_told_and_no_secret_repeated(
    words: tuple[str, ...], line: str
) -> None:
    lines = told(*words)
    assert lines[0].startswith(f"corsmith: {line}")
    assert "hunter2" not in "".join(lines)


def test_the_upstreams_own_port_is_left_to_it(
    plans: list[tuple[module.Plan, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        first = address_of(free)[1]
    monkeypatch.setattr("corsmith.cli.serve_plan._FIRST_PORT", first)
    monkeypatch.setattr("corsmith.cli.serve_plan._LAST_PORT", first + 20)
    result = run(f"http://127.0.0.1:{first}")
    assert result.exit_code == 0
    found = plans[-1][1]
    assert first < found <= first + 21
    assert result.stderr == (
        f"corsmith: port {first} is the upstream's own, so this is port {found}\n"
    )


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("corsmith.server.gateway")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert told(URL) == [
        "corsmith: serve needs aiohttp, which is not installed",
        "  pip install 'corsmith[gateway]'",
    ]
