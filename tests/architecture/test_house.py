"""The house rules that are data: what is locked, what is depended on, what `make` offers."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import metadata
from urllib.parse import urlsplit

import pytest

import corsmith
from tests.architecture.tree import ROOT, text
from tests.conftest import OPTIONAL, required
from tools import mutants, pins

PROJECT = tomllib.loads(text("pyproject.toml"))
RECIPES = ("serve", "check", "test", "test-all", "laws", "mutants", "bench", "docs")


def test_the_lock_names_no_host_but_the_public_index() -> None:
    addresses = set(re.findall(r'https?://[^"]+', text("uv.lock")))
    assert {urlsplit(address).hostname for address in addresses} == {
        "files.pythonhosted.org",
        "pypi.org",
    }


def test_the_lock_belongs_to_this_project() -> None:
    packages = {package["name"]: package for package in tomllib.loads(text("uv.lock"))["package"]}
    locked = {need["name"] for need in packages["corsmith"]["dependencies"]}
    assert locked == set(runtime_dependencies())
    for group in PROJECT["dependency-groups"].values():
        names = {re.split(r"[\[<>=]", need)[0] for need in group if isinstance(need, str)}
        assert names - packages.keys() == set()


def runtime_dependencies() -> list[str]:
    """Return the names of what everyone gets."""
    return [re.split(r"[<>=]", need)[0] for need in PROJECT["project"]["dependencies"]]


def test_everyone_gets_five_small_packages_and_no_more() -> None:
    assert runtime_dependencies() == ["click", "h11", "h2", "idna", "publicsuffixlist"]


def test_the_installed_package_has_the_version_that_the_source_says() -> None:
    assert metadata("corsmith")["Version"] == corsmith.__version__


@pytest.mark.parametrize("recipe", RECIPES)
def test_make_alone_lists_each_recipe(recipe: str) -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - the one on PATH
    assert re.search(rf"^make {recipe} +\S", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("script", ["tools/bootstrap", "tools/browsers.sh"])
def test_a_shell_script_is_good_posix_shell(script: str) -> None:
    done = subprocess.run(["sh", "-n", script], cwd=ROOT, capture_output=True, check=False)  # noqa: S607 - the one on PATH
    assert done.stderr == b""


def test_ci_runs_what_a_person_runs_and_insists_on_browsers() -> None:
    assert "CORSMITH_REQUIRE=browsers,registry make test" in text(".ci/run")


def test_what_must_run_is_named_in_the_environment() -> None:
    assert required({}) == frozenset()
    assert required({"CORSMITH_REQUIRE": " browsers, "}) == {"browsers"}
    with pytest.raises(pytest.UsageError, match="CORSMITH_REQUIRE names cats"):
        required({"CORSMITH_REQUIRE": "cats"})


def test_each_optional_marker_is_declared() -> None:
    declared = {line.partition(":")[0] for line in PROJECT["tool"]["pytest"]["markers"]}
    assert set(OPTIONAL) <= declared


def test_pip_is_held_to_what_uv_locked() -> None:
    lock = '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "x" }\n'
    twice = lock + lock.replace('"1"', '"2"').replace('"a"', '"b"') + lock.replace('"a"', '"b"')
    assert pins.constraints(lock + '[[package]]\nname="me"\nsource={editable="."}') == ["a==1"]
    assert pins.constraints(twice) == ["a==1"]


def test_pip_installs_the_same_things_as_uv() -> None:
    assert pins.requirements("serve") == [f"--editable {ROOT}[serve]"]
    dev = pins.requirements("dev")
    assert dev[0] == f"--editable {ROOT}[serve]"
    assert {"pytest>=9.0", "mypy==2.4.1", "sphinx>=8.1"} <= set(dev)


@pytest.mark.parametrize("mutant", mutants.read_table(), ids=lambda mutant: mutant.name)
def test_a_planted_bug_still_fits_the_source(mutant: mutants.Mutant) -> None:
    assert mutant.problem(ROOT) is None
