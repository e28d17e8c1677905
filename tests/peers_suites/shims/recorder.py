"""A pytest plug-in that runs in the peer's own process: what each of its tests expected and got.

What lives here: counting expectations, leaving out what is named, writing the results as JSON.
What does not: what may be missed, and why (``deviations.toml``).

An expectation that is missed does not end its test, so one that differs in a word hides
nothing of what the same test expects further on.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

RESULTS = os.environ["PEER_RESULTS"]
LEFT_OUT = tuple(json.loads(os.environ["PEER_LEFT_OUT"]))

_tests: dict[str, dict[str, Any]] = {}
_left_out: list[str] = []
_running: list[dict[str, Any]] = [{}]


@contextmanager
def expect(source: str) -> Iterator[None]:
    """Note whether the expectation that the block is, written ``source``, holds."""
    expectations = _running[0].setdefault("expectations", {})
    expectations.setdefault(source, True)
    try:
        yield
    except Exception:  # noqa: BLE001  a header that is not there is a KeyError, or a TypeError
        expectations[source] = False


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a whole file that is named: it may need names that nothing of ours has."""
    name = collection_path.relative_to(config.rootpath).as_posix()
    if name not in LEFT_OUT:
        return None
    _left_out.append(name)
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out a test or a class that is named."""
    _left_out.extend(item.nodeid for item in items if item.nodeid.startswith(LEFT_OUT))
    items[:] = [item for item in items if not item.nodeid.startswith(LEFT_OUT)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Count for the test that runs now."""
    _running[0] = _tests[item.nodeid] = {"expectations": {}, "ends": "passed"}
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a test ended, where it did not simply pass."""
    if report.outcome != "passed":
        _tests[report.nodeid]["ends"] = f"{report.when} {report.outcome}: {report.longreprtext}"


def pytest_sessionfinish() -> None:
    """Write what was seen."""
    results = {"tests": _tests, "left_out": _left_out}
    Path(RESULTS).write_text(json.dumps(results), encoding="utf-8")
