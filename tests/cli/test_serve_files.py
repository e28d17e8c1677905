"""Files on the command line of `serve`: what is planned, and what is told instead."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from corsmith.cli import main
from corsmith.cli.status import Status
from corsmith.policy import Policy
from corsmith.server import ports
from corsmith.server import run as module
from corsmith.server.folder.serving import FOLDER_SEED, Files
from corsmith.server.ports import address_of

if TYPE_CHECKING:
    from click.testing import Result

SEED = Policy.from_mapping(dict(FOLDER_SEED))


@pytest.fixture
def plans(plans: list[module.Plan], tmp_path: Path) -> list[module.Plan]:
    """What is planned, in a folder with some data; no server is started."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.pmtiles").touch()
    (tmp_path / "x.har").touch()
    return plans


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["serve", *words], prog_name="corsmith")


def plan(plans: list[module.Plan], *words: str) -> tuple[module.Plan, Files]:
    result = run("--port", "0", *words)
    assert (result.exit_code, result.output) == (0, "")
    made = plans[-1]
    assert isinstance(made.serving, Files)
    return made, made.serving


def told(*words: str) -> list[str]:
    result = run("--port", "0", *words)
    assert result.exit_code == Status.USAGE, result.output
    lines = result.stderr.splitlines()
    assert len(lines) <= 3
    assert lines[0].startswith("corsmith: ")
    return lines


@pytest.mark.parametrize(
    ("target", "title"),
    [
        ("data", "the folder data"),
        (".", "the folder ."),
        ("data/a.pmtiles", "the file data/a.pmtiles"),
        ("x.har", "the file x.har"),
    ],
)
def test_a_folder_and_a_file_are_served_for_pages_of_this_machine(
    plans: list[module.Plan], target: str, title: str
) -> None:
    made, serving = plan(plans, target)
    assert made.policy == SEED
    assert (serving.title, serving.isolated, serving.viewer) == (title, False, None)


def test_a_flag_of_the_policy_replaces_its_field_of_the_seed(plans: list[module.Plan]) -> None:
    made, _ = plan(plans, "data", "--origin", "https://app.example")
    assert made.policy == Policy.from_mapping({**FOLDER_SEED, "origins": ["https://app.example"]})


def test_isolation_and_a_viewer_are_asked_for_by_flags(plans: list[module.Plan]) -> None:
    made, serving = plan(plans, "data", "--isolated", "--viewer", "pmtiles")
    assert serving.isolated
    assert serving.viewer is not None
    assert isinstance(made.policy, Policy)
    assert made.policy.origins == ("@loopback", "https://pmtiles.io")


@pytest.mark.parametrize(
    ("words", "origins"),
    [
        (["--origin", "https://app.example"], ("https://app.example", "https://pmtiles.io")),
        (["--origin-regex", r"https://[a-z]{1,9}\.a\.example"], ("https://pmtiles.io",)),
        (["--max-age", "5"], ("@loopback", "https://pmtiles.io")),
    ],
)
def test_a_viewer_is_allowed_beside_whoever_is(
    plans: list[module.Plan], words: list[str], origins: tuple[str, ...]
) -> None:
    made, _ = plan(plans, "data", "--viewer", "pmtiles", *words)
    assert isinstance(made.policy, Policy)
    assert made.policy.origins == origins


@pytest.mark.parametrize(
    "content",
    ['[policy]\norigins = ["https://pmtiles.io"]\n',
     '[[routes]]\npath = "/"\norigins = ["https://pmtiles.io"]\n'],
)  # fmt: skip
def test_a_viewer_that_a_file_allows_is_linked(
    plans: list[module.Plan], tmp_path: Path, content: str
) -> None:
    (tmp_path / "cors.toml").write_text(content)
    plan(plans, "data", "--viewer", "pmtiles", "--policy", "cors.toml")


VIEWER = 'origins = ["https://pmtiles.io"]\n'
OTHER = 'origins = ["https://app.example"]\n'


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (f"[policy]\n{OTHER}", ""),
        (f'[[routes]]\npath = "/"\n{OTHER}', " at /a.pmtiles"),
        (f'[[routes]]\npath = "/open/"\n{VIEWER}', " at /a.pmtiles"),
    ],
)
def test_no_link_is_printed_that_the_policy_refuses(
    plans: list[module.Plan], tmp_path: Path, content: str, where: str
) -> None:
    (tmp_path / "data" / "a.pmtiles").touch()
    (tmp_path / "cors.toml").write_text(content)
    first, second = told("data", "--viewer", "pmtiles", "--policy", "cors.toml")
    assert first == (
        f"corsmith: cors.toml does not allow https://pmtiles.io{where}, so the viewer pmtiles "
        "could read nothing"
    )
    assert second == "  add it to origins in cors.toml"
    assert not plans


def test_flags_about_files_are_not_ignored_where_there_are_none(plans: list[module.Plan]) -> None:
    for flags in (["--isolated"], ["--viewer", "pmtiles"]):
        first, second = told(*flags)
        flag = " ".join(flags)
        assert first == f"corsmith: {flag} is about files, and no folder or file is named"
        assert second == f"  to serve this folder, write corsmith serve . {flag}"
    assert not plans


def test_a_missing_folder_and_an_unknown_viewer_are_told(plans: list[module.Plan]) -> None:
    assert told("./dta") == ["corsmith: there is no file or folder ./dta"]
    assert len(told("data", "--viewer", "nobody")) == 3
    assert not plans


def test_code_is_served_as_files_with_a_warning(plans: list[module.Plan]) -> None:
    Path("mysite").mkdir()
    for name in ("manage.py", "mysite/__init__.py", "mysite/settings.py", "mysite/wsgi.py"):
        Path(name).write_text("application = 1\n")
    assert run("mysite").stderr.splitlines() == [
        "warning: mysite is Python code, which is served as files here, settings.py too",
        "  to serve the app, write corsmith serve mysite.wsgi:application",
    ]
    assert len(plans) == 1


# ── the port ───────────────────────────────────────────────────────────────────


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A port that is taken, standing for 8000, and the one after it for 8010."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("corsmith.cli.serve_plan._FIRST_PORT", port)
        monkeypatch.setattr("corsmith.cli.serve_plan._LAST_PORT", port + 10)
        yield port


def test_files_take_the_next_free_port_and_say_so(plans: list[module.Plan], first: int) -> None:
    result = run("data")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"corsmith: port {first} is taken")
    assert ", so this is port " in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert len(plans) == 1


def test_nothing_is_said_of_a_port_that_was_free(
    plans: list[module.Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    monkeypatch.setattr("corsmith.cli.serve_plan._FIRST_PORT", port)
    monkeypatch.setattr("corsmith.cli.serve_plan._LAST_PORT", port)
    assert run("data").output == ""
    assert len(plans) == 1


def test_a_port_that_is_asked_for_is_that_or_none(plans: list[module.Plan], first: int) -> None:
    for words in (["data", "--port", str(first)], []):
        result = run(*words)
        assert result.exit_code == Status.USAGE
        assert f"port {first} is taken" in result.stderr
    assert not plans


def test_the_first_free_port_of_several_is_taken() -> None:
    with ports.listen("127.0.0.1", 0) as other:
        _, port = address_of(other)
        listening, words = ports.listen_near("127.0.0.1", port, port + 10)
        with listening:
            assert words is not None
            assert words.endswith(f"so this is port {address_of(listening)[1]}")
        with pytest.raises(ports.PortTakenError, match=rf"port {port} is taken"):
            ports.listen_near("127.0.0.1", port, port)
    listening, words = ports.listen_near("127.0.0.1", port, port)
    listening.close()
    assert words is None
    with pytest.raises(ValueError, match="no port"):
        ports.listen_near("127.0.0.1", 2, 1)
