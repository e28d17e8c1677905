"""The line below the traceback of an application that does not start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from corsmith.server.app.remedies import remedy

HERE = str(Path(__file__).parent)


def raised(error: BaseException) -> BaseException:
    try:
        raise error  # noqa: TRY301  so that it has a traceback
    except BaseException as caught:  # noqa: BLE001  every kind is asked about
        return caught


@pytest.mark.parametrize(
    ("module", "name"), [("fastapi", "fastapi"), ("yaml.loader", "PyYAML"), ("PIL", "pillow")]
)
def test_a_missing_package_is_installed_where_corsmith_runs(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ModuleNotFoundError("no module", name=module)
    for active in ("", sys.prefix):
        monkeypatch.setenv("VIRTUAL_ENV", active)
        said = remedy(error, root=HERE, reloads=False)
        assert said == f"{sys.executable} -m pip install {name}"


def test_where_another_environment_is_active_corsmith_belongs_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    said = remedy(ModuleNotFoundError("no module", name="fastapi"), root=HERE, reloads=False)
    assert said == f"the active environment is {tmp_path}: install corsmith there, and start that"


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt()])
def test_what_ends_the_program_belongs_below(error: BaseException) -> None:
    assert remedy(error, root=HERE, reloads=True).startswith("put what ends it below: if __name__")


def test_anything_else_is_mended_at_the_innermost_line_of_theirs() -> None:
    error = raised(ValueError("x"))
    line = error.__traceback__.tb_lineno if error.__traceback__ else 0
    said = remedy(error, root=HERE, reloads=False)
    assert said.endswith(f"{Path(__file__).name}, line {line}; then start again, or use --reload")
    assert remedy(error, root=HERE, reloads=True).endswith(f"line {line}; the next edit is tried")


def test_a_line_that_is_no_python_is_named() -> None:
    error = SyntaxError("invalid syntax", ("main.py", 3, 1, "def (", 3, 2))
    assert remedy(error, root=HERE, reloads=True) == "fix main.py, line 3; the next edit is tried"


@pytest.mark.parametrize("error", [None, ValueError("of nobody"), ModuleNotFoundError("nameless")])
def test_what_has_no_place_is_mended_all_the_same(error: BaseException | None) -> None:
    assert remedy(error, root=HERE, reloads=True) == "fix it; the next edit is tried"
