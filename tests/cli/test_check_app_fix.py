"""``corsmith check main:app``: the diff, the policy around it, and what is refused."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.applications import BARE, ONE, RIGHT, STARLETTE, checked, stand_in
from tests.cli.asking import check

if TYPE_CHECKING:
    from pathlib import Path

folder = pytest.fixture(autouse=True)(stand_in)


def test_a_policy_is_put_around_the_application_first(folder: Path) -> None:
    (folder / "cors.toml").write_text('[policy]\norigins = ["https://shop.example"]\n')
    result = checked(folder, BARE, "--policy", "cors.toml")
    assert result.exit_code == 0
    assert "a page of https://shop.example may read all" in result.stdout
    assert "CORS by the policy cors.toml" in result.stdout
    assert "https://shop.example  (the policy names it; another with" in result.stdout


def test_routes_are_put_around_the_application_too(folder: Path) -> None:
    (folder / "cors.toml").write_text('[[routes]]\npath = "/"\norigins = ["*"]\n')
    assert checked(folder, BARE, "--policy", "cors.toml").exit_code == 0


def test_the_diff_stands_alone_on_standard_output_and_makes_it_right(folder: Path) -> None:
    result = checked(folder, STARLETTE.format(arguments=ONE), "--fix")
    assert result.exit_code == 1
    assert result.stdout.startswith("--- a/main.py\n+++ b/main.py\n")
    assert result.stderr.splitlines()[-1].startswith("corsmith: no: main:app: a 500")
    (folder / "change.diff").write_text(result.stdout)
    subprocess.run(["git", "apply", "change.diff"], cwd=folder, check=True)  # noqa: S607  on PATH
    after = (folder / "main.py").read_text()
    assert checked(folder, after).exit_code == 0


def test_an_application_without_cors_gets_its_diff_once_the_page_is_named(folder: Path) -> None:
    without = checked(folder, BARE, "--fix")
    assert without.stdout == ""
    assert "or name the page: --from ORIGIN" in without.stderr
    named = checked(folder, BARE, "--fix", "--from", "https://app.example", "--cookies")
    assert '+app = install(app, origins=["https://app.example"], credentials=True)' in named.stdout


def test_the_line_that_prints_the_diff_asks_the_same(folder: Path) -> None:
    words = ["--from", "https://app.example", "-X", "PUT", "-H", "X-A: 1", "-H", "X-B", "--cookies"]
    told = " ".join(checked(folder, BARE, *words).stdout.split())
    assert (
        "as a diff corsmith check main:app --from https://app.example -X PUT -H 'X-A: 1' -H X-B "
        "--cookies --fix about"
    ) in told


def test_there_is_no_diff_where_no_place_is_known_or_nothing_is_wrong(folder: Path) -> None:
    listed = BARE.replace(
        "from starlette.app",
        "from starlette.middleware.cors import CORSMiddleware as C\nfrom starlette.app",
    ).replace("app = Starlette(", "app = Starlette(middleware=[M(C, allow_origins=['*'])], ")
    listed = "from starlette.middleware import Middleware as M\n" + listed
    result = checked(folder, listed, "--fix")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no change is certain enough" in result.stderr
    right = checked(folder, RIGHT.format(arguments="origins='*'"), "--fix")
    assert (right.exit_code, right.stdout) == (0, "")


def test_an_application_that_fails_to_import_shows_its_own_traceback(folder: Path) -> None:
    result = checked(folder, "import json\napp = json.loads('{')\n")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("  File ") == 1
    assert "JSONDecodeError" in result.stderr


def test_an_application_that_raises_by_itself_says_where(folder: Path) -> None:
    source = STARLETTE.format(arguments=ONE).replace(
        '    return ["tea"]', '    raise KeyError("tea")'
    )
    assert "it raised KeyError: 'tea' at main.py:11" in " ".join(
        checked(folder, source).stdout.split()
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "https://a.example", "--from", "https://b.example"], "one page at a time"),
        (["-k"], "-k is for a URL; an application is asked in memory"),
        (["--cacert", "ca.pem"], "--cacert is for a URL; an application is asked in memory"),
        (["--path", "/x"], "--path is for a policy file with [[routes]]"),
        (["--send"], "--send is for what was pasted"),
        (["--fix", "--format", "json"], "--fix prints a diff"),
        (["main:other"], "one application at a time"),
        (["--policy", "none.toml"], "there is no file none.toml"),
    ],
)
def test_what_means_nothing_to_an_application_is_refused(
    folder: Path, words: list[str], told: str
) -> None:
    result = checked(folder, BARE, *words)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize("words", [("--fix",), ("--policy", "x")])
def test_what_means_something_only_to_an_application_is_refused_elsewhere(
    folder: Path, words: tuple[str, ...]
) -> None:
    result = check("https://127.0.0.1:9/", *words)
    assert result.exit_code == 2
    assert f"{words[0]} is for a Python application" in result.stderr


def test_an_application_that_answers_nothing_is_told(folder: Path) -> None:
    source = "def app(environ, start_response):\n    return []\n"
    result = checked(folder, source)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "main:app gives no answer to any request: no answer" in result.stderr


def test_a_source_file_that_cannot_be_shown_is_left_out(folder: Path) -> None:
    (folder / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    (folder / "large.py").write_text("#" * 1_100_000)
    source = "import latin, large\n" + STARLETTE.format(arguments=ONE)
    assert "main.py:6: crash-without-headers" in checked(folder, source).stdout
