"""``corsmith check @ollama`` and its neighbours, where they refuse a page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from corsmith import profiles
from corsmith.cli.status import Status
from tests.broken.serving import Asked, Reply, serve
from tests.cli.asking import SCHEMA, check, problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.broken.serving import Server

pytestmark = pytest.mark.servers


def refuses(_: Asked) -> Reply:
    return Reply(status=403)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Run a server in the place of each program."""
    with serve(refuses) as running:
        rows = {name: replace(row, url=running.origin) for name, row in profiles.PROFILES.items()}
        monkeypatch.setattr(profiles, "PROFILES", rows)
        yield running


def test_a_program_that_refuses_a_page_is_told_by_its_own_word_and_by_a_gateway(
    server: Server,
) -> None:
    done = check("@ollama", "--from", "https://ui.example", "-H", "X-Key: 1")
    assert done.exit_code == Status.NO
    assert server.asked[0].target == "/api/tags"
    assert (
        """\
  type         Ollama itself, or a gateway before it
    OLLAMA_ORIGINS=https://ui.example ollama serve
    corsmith serve @ollama --origin https://ui.example
  note         Where it runs"""
        in done.stdout
    )


def test_one_that_has_no_word_for_it_is_told_by_a_gateway(server: Server) -> None:
    done = check("@mcp", "--from", "https://ui.example")
    assert server.asked[0].target == "/mcp"
    assert (
        """\
  type         a gateway before an MCP server
    corsmith serve @mcp --origin https://ui.example
  note"""
        in done.stdout
    )


def test_a_stack_that_the_person_names_comes_before_the_program(server: Server) -> None:
    done = check("@ollama", "--for", "nginx")
    assert server.asked
    assert "  write        nginx: the location" in done.stdout
    assert "OLLAMA_ORIGINS=" not in done.stdout


def test_an_address_is_no_name_of_a_program(server: Server) -> None:
    assert "OLLAMA_ORIGINS=" not in check(f"{server.origin}/api/tags").stdout
    both = json.loads(check(f"{server.origin}/other", "@ollama", "--format", "json").stdout)
    assert [report["remedy"]["stack"] for report in both["reports"]] == [None, "@ollama"]


def test_the_json_is_as_its_schema_says(server: Server) -> None:
    done = check("@jupyter", "--format", "json")
    assert server.asked
    document = json.loads(done.stdout)
    assert list(problems(document, SCHEMA)) == []
    assert document["reports"][0]["remedy"]["lines"][0].startswith("jupyter server --ServerApp.")
