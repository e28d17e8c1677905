"""The wheel, alone in a fresh environment: nothing of a checkout, nothing of development."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import corsmith
from tests.architecture.tree import ROOT, files
from tests.packaging.machine import run

pytestmark = [pytest.mark.registry, pytest.mark.slow, pytest.mark.timeout(240)]

POLICY = '[policy]\norigins = ["https://app.example"]\n'
# The five of pyproject.toml, and the two that h2 stands on.
EXPECTED = {"click", "corsmith", "h11", "h2", "hpack", "hyperframe", "idna", "publicsuffixlist"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the backend that `pip` would use, and return it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    done = subprocess.run(
        ["sh", str(ROOT / "tools" / "bootstrap"), "into", str(folder), str(wheel)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "reached" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return folder


def corsmith_in(environment: Path, folder: Path, *arguments: str) -> str:
    """Run the installed command away from the checkout and return what it prints."""
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return run(folder, variables, str(environment / "bin" / "corsmith"), *arguments)


def test_the_wheel_holds_the_package_and_its_licence_and_no_more(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    inside = {name for name in names if not name.startswith("corsmith-")}
    assert inside == {p.removeprefix("src/") for p in files() if p.startswith("src/")}
    information = f"corsmith-{corsmith.__version__}.dist-info"
    assert {f"{information}/licenses/LICENSE", f"{information}/METADATA"} <= names


def test_the_wheel_brings_only_what_everyone_needs(environment: Path, tmp_path: Path) -> None:
    program = "from importlib.metadata import distributions as d; print(*{x.name for x in d()})"
    printed = run(tmp_path, {}, str(environment / "bin" / "python"), "-I", "-c", program)
    assert set(printed.split()) - {"pip", "setuptools", "wheel"} == EXPECTED


def test_the_installed_package_is_imported_and_makes_a_policy(
    environment: Path, tmp_path: Path
) -> None:
    program = "import corsmith as c; c.Policy(origins=['https://app.example']); print(c.__file__)"
    printed = run(tmp_path, {}, str(environment / "bin" / "python"), "-I", "-c", program)
    assert Path(printed.strip()).is_relative_to(environment.resolve())


def test_the_installed_command_shows_its_help(environment: Path, tmp_path: Path) -> None:
    assert "serve" in corsmith_in(environment, tmp_path, "--help")


def test_the_installed_command_checks_a_policy_file(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "cors.toml").write_text(POLICY, encoding="utf-8")
    assert "https://app.example" in corsmith_in(environment, tmp_path, "check", "cors.toml")


def test_serving_without_its_extra_says_what_to_install(environment: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [environment / "bin" / "corsmith", "serve"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "corsmith[serve]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
