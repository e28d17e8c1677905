"""`make test-all` runs each framework in the versions that `.venv` has not."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any

import pytest

from tests.architecture.tree import ROOT
from tests.frameworks import hosts
from tools import matrix
from tools.matrix import Row

if TYPE_CHECKING:
    from pathlib import Path


def finished(command: tuple[str, ...], code: int, printed: str) -> Any:
    return subprocess.CompletedProcess(command, code, printed)


def machine(monkeypatch: pytest.MonkeyPatch, **printed: tuple[int, str]) -> list[tuple[str, ...]]:
    """Pretend the commands, and return the list that they are noted in."""
    ran: list[tuple[str, ...]] = []

    def run(*command: str) -> Any:
        ran.append(command)
        kind = "into" if "into" in command else "tests" if "pytest" in command else "version"
        return finished(command, *printed.get(kind, (0, "3.0.3\n")))

    monkeypatch.setattr(matrix, "_run", run)
    return ran


def test_a_package_is_tried_once_for_all_of_its_hosts() -> None:
    found = matrix.packages()
    assert found["django"] == ("django", "django_asgi")
    assert sorted(key for keys in found.values() for key in keys) == sorted(hosts.NAMES)


@pytest.mark.parametrize(
    ("release", "expected"), [("3.1.3", "3.1"), ("2.1", "2.1"), ("25.12.1", "25.12")]
)
def test_the_second_newest_minor_version_is_the_newest_below(release: str, expected: str) -> None:
    assert matrix.minor(release) == expected
    row = Row(package="x", below=expected, keys=("x",))
    assert row.requirement == f"x<{expected}"


def test_an_environment_has_the_tests_packages_and_one_of_them_in_another_version() -> None:
    wanted = matrix.requirements(Row(package="flask", below="3.1", keys=("flask",)))
    assert [line for line in wanted if line.startswith("flask") and "cors" not in line] == [
        "flask<3.1"
    ]
    assert any(line.startswith("pytest") for line in wanted)


def test_the_tests_of_a_framework_are_the_common_ones_and_its_own() -> None:
    own = Row(package="flask", below="3.1", keys=("flask",)).tests
    assert {"tests/frameworks/test_probes.py", "tests/frameworks/test_flask.py"} < set(own)
    assert all((ROOT / path).is_file() for path in own)
    assert "tests/docs/test_blocks.py" not in own
    # Nobody else runs the page of what is not in `.venv`.
    assert "tests/docs/test_blocks.py" in Row(package="dash", below=None, keys=("dash",)).tests


def test_what_is_here_is_tried_in_its_second_newest_minor_version_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = machine(monkeypatch)
    assert matrix.main(["flask"]) == 0
    installs = [command for command in ran if "into" in command]
    assert [command[-1].startswith("flask<") for command in installs] == [True]
    assert "── flask 3.0.3: ok" in capsys.readouterr().out


def test_what_is_not_here_is_tried_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(matrix, "version", missing)
    ran = machine(monkeypatch)
    assert matrix.main(["dash"]) == 0
    assert [command[-1] for command in ran if "into" in command] == ["dash", "dash<3.0"]


def test_a_failure_is_told_with_what_was_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, tests=(1, "1 failed"))
    assert matrix.main(["flask"]) == 1
    machine(monkeypatch, into=(1, "no such version"))
    assert matrix.main(["flask"]) == 1
    printed = capsys.readouterr().out
    assert "flask 3.0.3: FAILED" in printed
    assert "1 failed" in printed
    assert "not installed\nno such version" in printed


def test_a_machine_without_an_index_says_what_it_did_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, into=(1, "corsmith: the package index cannot be reached: …"))
    monkeypatch.delenv("CORSMITH_NOT_RUN_FILE", raising=False)
    monkeypatch.delenv("CORSMITH_REQUIRE", raising=False)
    assert matrix.main([]) == 0
    told = "not run: other versions of the frameworks: the package index cannot be reached\n"
    assert capsys.readouterr().out == told
    ledger = tmp_path / "not-run"
    monkeypatch.setenv("CORSMITH_NOT_RUN_FILE", str(ledger))
    monkeypatch.setenv("CORSMITH_REQUIRE", "browsers registry")
    assert matrix.main([]) == 1
    assert ledger.read_text() == told


def test_a_package_that_is_no_framework_here_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["flsk"]) == 2
    assert "no such package: flsk; there are" in capsys.readouterr().out
