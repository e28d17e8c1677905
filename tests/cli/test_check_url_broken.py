"""``corsmith check URL`` names the failing step of each broken server, and the change."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from corsmith.cli import main
from tests.broken import servers
from tests.broken.serving import Broken, Server, serve

if TYPE_CHECKING:
    from click.testing import Result

pytestmark = pytest.mark.servers

NAMES = sorted(path.stem for path in Path(servers.__path__[0]).glob("*.py"))


def broken(name: str) -> Broken:
    found = import_module(f"tests.broken.servers.{name}").BROKEN
    assert isinstance(found, Broken)
    return found


def check(url: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["check", url, *words], catch_exceptions=False)


def reached(case: Broken, server: Server) -> list[str]:
    """Return the words that lead a name to this machine."""
    return [] if case.host is None else ["--resolve", f"{case.host}:{server.port}:127.0.0.1"]


def one_line(text: str) -> str:
    """Return a report without its line breaks, so that a sentence is found across them."""
    return re.sub(r"\s+", " ", text)


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_check_names_the_failing_step_and_the_change(name: str) -> None:
    case = broken(name)
    with serve(case.answer, case.tls, case.host) as server:
        done = check(server.origin + case.path, *case.words, *reached(case, server))
    said = one_line(done.stdout)
    assert done.exit_code == case.status, done.output
    marked = re.findall(r"^  ✗ (preflight|request)", done.stdout, re.MULTILINE)
    assert marked == ([] if case.stops is None else [case.stops]), done.output
    assert f"{case.code}:" in said, done.output
    for sentence in case.says:
        assert sentence in said, done.output


@pytest.mark.parametrize("name", NAMES)
def test_the_change_makes_it_readable(name: str) -> None:
    case = broken(name)
    words = [word for word in case.words if word not in {"--timeout", "0.3"}]
    if case.tls is not None and "-k" not in words:
        words.append("-k")
    with serve(case.repair, case.tls, case.host) as server:
        done = check(
            server.origin + (case.repair_path or case.path), *words, *reached(case, server)
        )
    assert done.exit_code == 0, done.output
    assert f"{case.code}:" not in done.stdout, done.output


@pytest.mark.parametrize("name", NAMES)
def test_a_report_fits_80_columns_but_for_what_cannot_be_broken(name: str) -> None:
    case = broken(name)
    with serve(case.answer, case.tls, case.host) as server:
        done = check(server.origin + case.path, *case.words, *reached(case, server))
    for line in done.stdout.splitlines()[1:]:
        # A header line is to be copied, so it stays whole.
        copied = re.fullmatch(r" {17}[A-Z][A-Za-z-]+: .*", line)
        assert len(line) <= 80 or " " not in line.strip() or copied, line
