from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from corsmith.cli.loading import loading


@pytest.fixture(autouse=True)
def _collects() -> object:
    gc.enable()
    yield
    gc.enable()


def test_no_garbage_is_looked_for_in_between_and_again_afterwards() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_looked_for_again_after_an_error() -> None:
    with pytest.raises(RuntimeError), loading():
        raise RuntimeError
    assert gc.isenabled()


def test_where_nobody_looks_nobody_does_afterwards() -> None:
    gc.disable()
    with loading():
        pass
    assert not gc.isenabled()


def test_somebody_may_turn_it_on_again_before_the_end() -> None:
    """A server that has started is no longer loading."""
    with loading():
        gc.enable()
    assert gc.isenabled()


@pytest.mark.parametrize("before", ["enable", "disable"])
def test_to_load_the_program_changes_nothing_about_garbage(before: str) -> None:
    code = f"import gc; gc.{before}(); import corsmith.__main__; print(gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == str(before == "enable")
