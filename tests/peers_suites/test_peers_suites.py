"""The CORS tests that the peers ship, run against our adapters: what passes, and why not all."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.peers_suites.shims.words import Preflight, is_preflight
from tests.peers_suites.suites import PEERS, Peer, Run, counting, fetch, run, unpack
from tools import peers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Results = Callable[..., Run]

TOLD = peers.read()
THEIRS = pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
ORIGIN = ("Origin", "https://app.example")
METHOD = ("Access-Control-Request-Method", "PUT")
WITHDRAWN = "private-network"
"""The reason of those that test what no browser does any more."""


def rows(table: str, peer: Peer) -> list[dict[str, Any]]:
    """Return the rows of a table that are about one peer."""
    return [row for row in TOLD[table] if row["peer"] == peer.name]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Fetch the tests, and return where those of each peer are."""
    folder = tmp_path_factory.mktemp("peers")
    fetch(PEERS, folder)
    return {peer.name: unpack(peer, folder) for peer in PEERS}


@pytest.fixture(scope="module")
def results(trees: dict[str, Path]) -> Results:
    """Return what runs the tests of a peer, each way once."""

    @cache
    def once(peer: Peer, *, words: bool = True) -> Run:
        names = [row["test"] for row in rows("left_out", peer)]
        return run(peer, trees[peer.name], names, words=words)

    return once


FETCHED = (pytest.mark.registry, pytest.mark.slow, pytest.mark.timeout(240))


def fetched(test: Any) -> Any:
    """Mark a test as one that fetches from the package index."""
    for mark in FETCHED:
        test = mark(test)
    return test


@fetched
@THEIRS
def test_every_test_of_a_peer_comes_to_its_end(peer: Peer, results: Results) -> None:
    ends = results(peer).ends
    assert {test: end for test, end in ends.items() if end != "passed"} == {}


@fetched
@THEIRS
def test_what_is_missed_is_what_has_a_reason(peer: Peer, results: Results) -> None:
    assert results(peer).missed == {(row["test"], row["expects"]) for row in rows("missed", peer)}


@fetched
@THEIRS
def test_the_figures_are_those_of_a_run(peer: Peer, results: Results) -> None:
    seen = results(peer)
    (stated,) = [row for row in TOLD["peer"] if row["name"] == peer.name]
    withdrawn = {row["test"] for row in rows("missed", peer) if row["reason"] == WITHDRAWN}
    assert stated == {
        "name": peer.name,
        "tests": len(seen.ends),
        "withdrawn": sum(test.partition("[")[0] in withdrawn for test in seen.ends),
        "passed": seen.passed,
        "as_sent": results(peer, words=False).passed,
        "expectations": seen.expected,
        "held": seen.held,
    }


@fetched
@THEIRS
def test_what_is_left_out_is_there_and_counted(
    peer: Peer, trees: dict[str, Path], results: Results
) -> None:
    stated = {row["test"]: row["count"] for row in rows("left_out", peer)}
    counted = {
        name: functions_in(trees[peer.name] / name) if name.endswith(".py") else 1
        for name in results(peer).left_out
    }
    assert counted == stated


def functions_in(path: Path) -> int:
    """Return how many test functions a file has."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return sum(isinstance(node, functions) and node.name.startswith("test_") for node in nodes)


def test_the_page_says_what_the_table_says() -> None:
    text = peers.PAGE.read_text(encoding="utf-8")
    assert peers.renewed(text) == text, "python -m tools.peers writes it anew"


@pytest.mark.parametrize(
    ("table", "named"), [("reasons", "missed"), ("left_out_reasons", "left_out")]
)
def test_every_reason_is_given_and_every_one_is_needed(table: str, named: str) -> None:
    assert set(TOLD[table]) == {row["reason"] for row in TOLD[named]}


def test_each_expectation_of_a_test_is_counted_by_itself() -> None:
    source = '"""Doc."""\nfrom __future__ import annotations\ndef test(): assert 1 == 2\n'
    assert ast.dump(ast.parse(counting(source))) == ast.dump(
        ast.parse(
            '"""Doc."""\nfrom __future__ import annotations\n'
            "from shims.recorder import expect\n"
            "def test():\n with expect('assert 1 == 2'):\n  assert 1 == 2\n"
        )
    )
    inside = "class T:\n def test(self):\n  self.assertTrue(f())\n  self.get('/')\n"
    assert counting(inside).count("with expect(") == 1
    assert "with expect('self.assertTrue(f())')" in counting(inside)


def preflight(*answer: tuple[str, str], names: str = "") -> Preflight:
    """Return a preflight for PUT with this answer."""
    request = (ORIGIN, METHOD, ("Access-Control-Request-Headers", names))
    return Preflight(request=request, answer=answer)


@pytest.mark.parametrize(
    ("allowed", "is_allowed"),
    [("https://app.example", True), ("*", True), ("https://other.example", False), ("", False)],
)
def test_the_words_for_an_origin_come_from_the_answer(allowed: str, *, is_allowed: bool) -> None:
    seen = preflight(("access-control-allow-origin", allowed))
    assert seen.is_origin_allowed is is_allowed


@pytest.mark.parametrize(
    ("listed", "is_allowed"), [("GET,PUT", True), ("*", True), ("GET", False), ("", False)]
)
def test_the_words_for_a_method_come_from_the_answer(listed: str, *, is_allowed: bool) -> None:
    seen = preflight(("Access-Control-Allow-Methods", listed))
    assert seen.is_method_allowed is is_allowed


def test_the_words_for_headers_come_from_the_answer() -> None:
    asked = "X-One, x-two"
    seen = preflight(("Access-Control-Allow-Headers", "X-Two,X-Three"), names=asked)
    assert (seen.allowed_names(), seen.refused_names()) == (["x-two"], ["X-One"])
    seen = preflight(("Access-Control-Allow-Headers", "*"), names=asked)
    assert (seen.allowed_names(), seen.refused_names()) == (["X-One", "x-two"], [])
    assert preflight(names=asked).refused_names() == ["X-One", "x-two"]


def test_only_what_we_answer_is_put_in_other_words() -> None:
    assert is_preflight("OPTIONS", [ORIGIN, METHOD])
    assert not is_preflight("OPTIONS", [ORIGIN])
    assert not is_preflight("OPTIONS", [METHOD])
    assert not is_preflight("PUT", [ORIGIN, METHOD])
