"""`corsmith serve` of a Python app, from the command line to a plan."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from corsmith.cli import main, serve_kinds
from corsmith.cli.status import Status
from corsmith.errors import AppError, UsageError
from corsmith.policy import Policy
from corsmith.server import run as module
from corsmith.server.app.program import APP_SEED, Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

NAMED = "corsmith: the Python app main:app; its code is imported\n"


pytestmark = pytest.mark.usefixtures("plans")


def serve(*words: str) -> Result:
    return CliRunner().invoke(main, ["serve", "--port", "0", *words], prog_name="corsmith")


def test_an_app_is_served_to_this_machines_pages_and_nothing_is_imported_yet(
    plans: list[module.Plan],
) -> None:
    result = serve("main:app")
    assert (result.exit_code, result.output) == (0, NAMED)
    (plan,) = plans
    assert plan.serving == Program(target="main:app", is_file=False)
    assert plan.policy == Policy(origins=["@loopback"], methods="*", headers=["*", "Authorization"])
    assert plan.source.seed == APP_SEED
    # The app knows best how much it wants to read.
    assert plan.limit_body is None
    assert plan.watched == ()
    assert "main" not in sys.modules


@pytest.mark.parametrize("word", ["main.py", "./main.py"])
def test_a_python_file_is_an_app(word: str, tmp_path: Path, plans: list[module.Plan]) -> None:
    (tmp_path / "main.py").write_text("")
    assert serve(word).stderr == f"corsmith: the Python app {word}; its code is imported\n"
    assert plans[0].serving == Program(target=word, is_file=True)


@pytest.mark.parametrize(
    "words",
    [
        ("--origin", "https://app.example"),
        ("--credentials",),
        ("--policy", "cors.toml"),
    ],
)
def test_a_policy_of_the_command_line_comes_before_the_apps(
    words: tuple[str, ...], tmp_path: Path, plans: list[module.Plan]
) -> None:
    (tmp_path / "cors.toml").write_text('[policy]\norigins = ["https://app.example"]\n')
    assert serve("main:app", *words).exit_code == 0
    assert plans[0].serving == Program(target="main:app", is_file=False, keeps=False)


def test_a_limit_that_is_given_holds(plans: list[module.Plan]) -> None:
    serve("main:app", "--limit-body", "10", "--enforce")
    assert plans[0].limit_body == 10
    assert plans[0].serving.enforces


def test_with_reload_the_current_folder_is_watched(
    tmp_path: Path, plans: list[module.Plan]
) -> None:
    serve("main:app", "--reload")
    assert plans[0].watched == (str(tmp_path.resolve()),)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("main:app", "--isolated"),
            [
                "--isolated is about files, and no folder or file is named",
                "  to serve this folder, write corsmith serve . --isolated",
            ],
        ),
        (
            (".", "--enforce"),
            [
                "--enforce is about Python apps, and none is named",
                "  name yours: corsmith serve main:app --enforce",
            ],
        ),
        (
            (".", "--reload"),
            [
                "--reload is about Python apps, and none is named",
                "  name yours: corsmith serve main:app --reload",
            ],
        ),
    ],
)
def test_a_flag_of_another_kind_is_refused(words: tuple[str, ...], told: list[str]) -> None:
    result = serve(*words)
    assert result.exit_code == Status.USAGE
    assert result.stderr.removeprefix("corsmith: ").splitlines() == told


def test_without_its_extra_reload_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(name: str) -> Any:
        if name == "corsmith.server.app.edits":
            raise ModuleNotFoundError("No module named 'watchfiles'", name="watchfiles")
        return import_module(name)

    monkeypatch.setattr(serve_kinds, "import_module", lacks)
    result = serve("main:app", "--reload")
    assert result.exit_code == Status.USAGE
    assert result.stderr.endswith(
        "corsmith: serve needs watchfiles, which is not installed\n"
        "  pip install 'corsmith[reload]'\n"
    )


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Have the server end with an error."""

    def with_error(error: Exception) -> None:
        def run(_self: object) -> bool:
            raise error

        monkeypatch.setattr(module.Supervisor, "run", run)

    return with_error


def test_an_app_that_cannot_start_is_status_1_with_its_traceback_above_what_it_means(
    fails: Callable[[Exception], None],
) -> None:
    fails(AppError("main:app cannot be imported\n  fix it", trace="NameError: x"))
    result = serve("main:app")
    assert result.exit_code == Status.NO
    assert result.stderr == (
        f"{NAMED}NameError: x\ncorsmith: main:app cannot be imported\n  fix it\n"
    )


def test_a_name_that_is_not_there_is_a_wrong_command_line(
    fails: Callable[[Exception], None],
) -> None:
    fails(UsageError("there is no module main"))
    result = serve("main:app")
    assert result.exit_code == Status.USAGE
    assert result.stderr == f"{NAMED}corsmith: there is no module main\n"


def test_a_module_without_a_name_is_told_how_to_name_it(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "web.py").write_text("")
    assert serve("main").stderr == (
        "corsmith: there is no file or folder main; for the app in main.py write main.py\n"
    )
    assert serve("shop.web").stderr.endswith("; for the app in shop/web.py write shop/web.py\n")
