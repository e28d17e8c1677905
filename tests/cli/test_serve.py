from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pytest
from click.testing import CliRunner

from corsmith.cli import main
from corsmith.cli.status import Status
from corsmith.policy import Policy
from corsmith.server import run as module
from corsmith.server.limits import USUAL_BODY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

POLICY = '[policy]\norigins = ["https://app.example"]\nmethods = ["PUT"]\n'


@dataclass
class Supervised:
    """What a supervisor was given, and what it is to say."""

    plans: list[module.Plan]
    ends: Callable[[], bool] = lambda: True


@pytest.fixture(autouse=True)
def supervised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Supervised:
    """Have no server started, in a folder of its own: `tests/server/test_run.py` starts some."""
    found = Supervised([])

    class Supervisor:
        def __init__(self, plan: module.Plan, _say: object) -> None:
            found.plans.append(plan)

        def run(self) -> bool:
            found.plans[-1].listening.close()
            return found.ends()

    monkeypatch.setattr(module, "Supervisor", Supervisor)
    monkeypatch.setattr("corsmith.cli.serve.signal.signal", lambda *_arguments: None)
    monkeypatch.chdir(tmp_path)
    return found


def serve(*words: str) -> Result:
    return CliRunner().invoke(main, ["serve", "--port", "0", *words], prog_name="corsmith")


@pytest.fixture
def plan(supervised: Supervised) -> Callable[..., module.Plan]:
    """Return what is planned for a command line."""

    def of(*words: str) -> module.Plan:
        result = serve(*words)
        assert (result.exit_code, result.output) == (0, "")
        return supervised.plans[-1]

    return of


Planned: TypeAlias = "Callable[..., module.Plan]"


def test_without_flags_it_is_the_tutorials_server_on_loopback(plan: Planned) -> None:
    made = plan()
    assert made.policy == Policy(
        origins="*", methods=["GET", "POST", "OPTIONS"], headers=["x-api-key", "Content-Type"]
    )
    assert (made.workers, made.grace, made.limit_body) == (1, 5.0, USUAL_BODY)
    assert (made.quiet, made.try_page) == (False, True)
    assert made.hosts is not None
    assert made.hosts.allows(b"localhost:1")
    assert not made.hosts.allows(b"evil.example")


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--origin", "https://a.example", "--origin", "https://b.example"], "origins",
         ("https://a.example", "https://b.example")),
        (["--origin", "https://a.example, https://b.example,"], "origins",
         ("https://a.example", "https://b.example")),
        (["--method", "GET,PUT"], "methods", ("GET", "PUT")),
        (["--header", "X-A", "--header", "X-B,X-C"], "headers", ("X-A", "X-B", "X-C")),
        (["--header", ""], "headers", ()),
        (["--expose", "X-Total"], "expose", ("X-Total",)),
        (["--max-age", "60"], "max_age", 60),
        (["--preflight-status", "204"], "preflight_status", 204),
        (["--origin", "null", "--accept-risk", "null-origin"], "accept_risks", {"null-origin"}),
        (["--origin", "https://a.example", "--credentials"], "credentials", True),
        (["--origin-regex", r"https://[a-z]{1,9}\.a\.example"], "origin_regex",
         r"https://[a-z]{1,9}\.a\.example"),
    ],
)  # fmt: skip
def test_each_field_of_a_policy_has_its_flag(
    plan: Planned, words: list[str], field: str, value: object
) -> None:
    assert getattr(plan(*words).policy, field) == value


def test_flags_replace_the_fields_of_a_file(plan: Planned, tmp_path: Path) -> None:
    (tmp_path / "cors.toml").write_text(POLICY + "credentials = true\n")
    made = plan("--policy", "cors.toml", "--method", "GET", "--no-credentials")
    assert made.policy == Policy(origins=["https://app.example"], methods=["GET"])
    assert made.source.file == "cors.toml"


def test_the_rest_is_about_the_server(plan: Planned) -> None:
    words = ("--workers", "3", "--grace", "0.5", "--limit-body", "10", "--quiet", "--no-try")
    made = plan(*words)
    assert (made.workers, made.grace, made.limit_body) == (3, 0.5, 10)
    assert (made.quiet, made.try_page) == (True, False)


def test_names_may_be_allowed_beside_those_of_loopback(plan: Planned) -> None:
    made = plan("--allow-host", "dev.example", "--allow-host", "*.a.example")
    assert all(map(made.hosts.allows, (b"dev.example", b"b.a.example", b"localhost")))


def test_off_loopback_any_address_will_do_and_no_name_that_was_not_given(plan: Planned) -> None:
    everywhere = ("--host", "0.0.0.0")  # noqa: S104  that is the point
    for flags, given in (((), False), (("--allow-host", "dev.example"), True)):
        hosts = plan(*everywhere, *flags).hosts
        assert hosts.allows(b"192.0.2.7:8000")
        assert hosts.allows(b"dev.example") is given
        assert not hosts.allows(b"evil.example:8000")


# ── how it ends ────────────────────────────────────────────────────────────────


def test_a_signal_is_the_way_to_end_it(supervised: Supervised) -> None:
    assert serve().exit_code == Status.OK


def test_a_signal_before_it_serves_is_that_too(supervised: Supervised) -> None:
    def interrupt() -> bool:
        raise KeyboardInterrupt

    supervised.ends = interrupt
    assert (serve().exit_code, serve().output) == (0, "")


def test_a_server_that_fails_says_so(supervised: Supervised) -> None:
    supervised.ends = lambda: False
    result = serve()
    assert result.exit_code == Status.NO
    assert result.stderr == "corsmith: the server ended by itself; what it said last is above\n"


# ── what it does not do ────────────────────────────────────────────────────────


NOT_SERVED = "this version does not serve {}\n  {}\n"


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("-", "serve the API: corsmith serve"),
    ],
)
def test_a_target_is_told_what_to_type_instead(target: str, told: str) -> None:
    result = serve(target)
    assert result.exit_code == Status.USAGE
    assert result.stderr == f"corsmith: {NOT_SERVED.format(target, told)}"
    assert result.stdout == ""


def test_a_policy_in_place_of_a_target_is_told_its_flag(tmp_path: Path) -> None:
    (tmp_path / "cors.toml").write_text(POLICY)
    assert told("cors.toml") == [
        "corsmith: a policy has its flag: corsmith serve --policy cors.toml"
    ]


def test_a_slip_is_told_as_it_was_meant() -> None:
    assert told("nothing") == ["corsmith: there is no file or folder nothing"]
    assert "write http://localhost:8000" in told("localhost:8000")[0]


# ── bad input ──────────────────────────────────────────────────────────────────


def told(*words: str) -> list[str]:
    """Return the lines of a wrong command line."""
    result = serve(*words)
    assert result.exit_code == Status.USAGE, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    assert lines[0].startswith("corsmith: ")
    return lines


@pytest.mark.parametrize(
    ("words", "words_told"),
    [
        (["--orign", "x"], "there is no option --orign; did you mean --origin"),
        (["--port", "70000"], "--port: 70000 is not from 0 to 65535"),
        (["--port", "-1"], "--port: -1 is not from 0 to 65535"),
        (["--port", "http"], "--port: 'http' is no whole number"),
        (["--workers", "0"], "--workers: 0 is not from 1 to 64"),
        (["--grace", "-1"], "--grace: -1.0 is not 0 or more"),
        (["--limit-body", "1M"], "--limit-body: '1M' is no whole number"),
        (["--max-age", "soon"], "--max-age: 'soon' is no whole number"),
        (["--grace", "soon"], "--grace: 'soon' is no number"),
        (["--allow-origin", "x"], "there is no option --allow-origin; did you mean --origin?"),
        (["-p", "1"], "there is no option -p; did you mean --port?"),
    ],
)
def test_a_wrong_flag_is_told_in_two_lines(words: list[str], words_told: str) -> None:
    first, second = told(*words)
    assert words_told in first
    assert second == "  see corsmith serve --help"


def test_several_targets_are_told_with_their_folder() -> None:
    assert told("data/a.csv", "--port", "1", "data/b.parquet") == [
        "corsmith: 2 targets are named, and a server has one",
        "  to serve them all, write corsmith serve data",
        "  see corsmith serve --help",
    ]


def test_a_flag_without_its_value_is_told() -> None:
    assert told("--policy") == ["corsmith: option '--policy' requires an argument."]


def test_a_wrong_flag_is_told_with_the_nearest_right_one() -> None:
    assert "did you mean --origin" in told("--orign", "x")[0]
    assert "did you mean --header" in told("--headers", "x")[0]


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        ("not TOML", ["document-not-toml"]),
        ("", ["document-without-policy"]),
        ('[policy]\norigin = ["https://app.example"]\n', ["unknown-field"]),
        ("[policy]\nallow_origins = ['*']\n", ["unknown-field"]),
        ('[policy]\norigins = "https://app.example"\n', ["not-a-list"]),
        ("[policy]\norigins = ['*']\nmax_age = true\ncredentials = 1\n",
         ["wrong-type", "wrong-type"]),
        ("[policy]\norigins = ['https://app.example/', 'http://b.example:80']\n",
         ["origin-has-path", "origin-default-port"]),
    ],
)  # fmt: skip
def test_a_bad_policy_file_is_told_with_every_problem(
    tmp_path: Path, content: str, codes: list[str]
) -> None:
    (tmp_path / "cors.toml").write_text(content)
    first, *rest = told("--policy", "cors.toml")
    count = "1 problem" if len(codes) == 1 else f"{len(codes)} problems"
    assert first == f"corsmith: cors.toml cannot be used: {count}"
    assert sorted(line.split()[0] for line in rest) == sorted(f"{code}:" for code in codes)


def test_a_bad_policy_of_flags_is_told_the_same_way() -> None:
    first, second = told("--credentials")
    assert first == "corsmith: this policy cannot be used: 1 problem"
    assert second.startswith("  wildcard-with-credentials: ")
    _, second = told("--credentials", "--origin", "http://192.168.1.5")
    assert second.endswith(' Write "https://192.168.1.5", or --accept-risk insecure-origin.')


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert told("--policy", "gone.toml") == ["corsmith: there is no file gone.toml"]
    assert told("--policy", str(tmp_path)) == [
        f"corsmith: {tmp_path} is a folder; a policy is a TOML file"
    ]


def test_flags_beside_routes_are_told(tmp_path: Path) -> None:
    (tmp_path / "cors.toml").write_text('[[routes]]\npath = "/a"\norigins = ["*"]\n')
    first, second = told("--policy", "cors.toml", "--method", "PUT")
    assert first == "corsmith: cors.toml has [[routes]], so --method cannot say which is meant"
    assert second == "  write it into cors.toml, in the route that it is for"


def test_a_host_name_that_is_none_is_told() -> None:
    (line,) = told("--allow-host", "http://dev.example/")
    assert line.startswith('corsmith: --allow-host "http://dev.example/" is more than a name; ')
    assert line.endswith("write --allow-host dev.example")


@pytest.mark.servers
def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        first, second = told("--port", str(port))
    assert first.startswith(f"corsmith: port {port} is taken")
    assert f"--port {port + 1}" in second


def test_a_terminal_that_knows_ascii_only_is_told_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cors.toml").write_text(f"[policy]\norigins = ['{'a' * 200}']\n")
    for charset in ("ascii", "utf-8"):
        result = CliRunner(charset=charset).invoke(main, ["serve", "--policy", "cors.toml"])
        assert ("…" in result.stderr) is (charset == "utf-8")
        assert result.exit_code == Status.USAGE
    assert sys.stderr.encoding
