"""What ``--format json`` prints of a text, a recording, an application and a policy is stable.

Each document is what its published schema says; the one of a URL has a test of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from tests.cli.applications import checked, stand_in
from tests.cli.asking import check, fields, problems, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = (
    "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been "
    "blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested "
    "resource.\n"
)
TEXTS = {
    "a console line": LINE,
    "a line without an address": "TypeError: Failed to fetch",
    "a curl command": "curl -k -s https://api.example/items -X PUT -H 'x-key: 1' -d a=1",
    "a program": "fetch('https://api.example/items', {credentials: 'include', method: 'PUT'})",
    "a URL": "https://api.example/items",
    "nothing": "it does not work",
}
APP = """\
from fastapi import FastAPI
app = FastAPI()
@app.get("/items")
def items() -> list[str]:
    return []
"""
POLICY = """\
[policy]
origins = ["https://app.example", "http://localhost:8000"]
origin_regex = "https://[a-z]+\\\\.example"
max_age = 600
"""
ROUTES = """\
[[routes]]
path = "/api/"
origins = "*"
[[routes]]
path = "/health"
cors = false
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from stand_in(tmp_path, monkeypatch)


def document(stdout: str, name: str) -> Any:
    """Return a document once it was found to be what its schema says."""
    found = json.loads(stdout)
    assert list(problems(found, schema(name))) == []
    return found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_pasted_text_is_told_as_its_schema_says(text: str) -> None:
    document(check("--format", "json", text=text).stdout, "paste")


def test_a_recording_is_told_as_its_schema_says(tmp_path: Path) -> None:
    def entry(allowed: str, **more: Any) -> dict[str, Any]:
        asked = {"name": "Origin", "value": "https://app.example"}
        answered = {"name": "Access-Control-Allow-Origin", "value": allowed}
        return {
            "request": {
                "method": "GET",
                "url": "https://api.example/a",
                "headers": [asked],
                **more,
            },
            "response": {"status": 200, "headers": [answered]},
        }

    path = tmp_path / "a.har"
    entries = [entry("*"), entry("https://b.example"), entry("https://app.example/")]
    path.write_text(json.dumps({"log": {"entries": entries}}))
    found = document(check(str(path), "--format", "json").stdout, "har")
    assert (found["requests"], found["crossing"], len(found["failed"])) == (3, 3, 2)


def test_an_application_is_told_as_its_schema_says(folder: Path) -> None:
    found = document(checked(folder, APP, "--format", "json").stdout, "app")
    assert found["conclusion"] == "no"
    assert found["assumed"] is True
    words = ["--format", "json", "--from", "https://app.example"]
    source = APP + "from corsmith import install\napp = install(app, origins='*')\n"
    found = document(checked(folder, source, *words).stdout, "app")
    assert (found["conclusion"], found["assumed"], found["findings"]) == ("yes", False, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (POLICY, []),
        (POLICY, ["--from", "https://b.test", "--from", "https://app.example"]),
        (POLICY, ["--from", "https://app.example", "-X", "PUT"]),
        (ROUTES, []),
        (ROUTES, ["--path", "/health", "--from", "https://app.example"]),
        ("[policy]\norigins = []\n", []),
    ],
)
def test_a_policy_is_told_as_its_schema_says(folder: Path, text: str, words: list[str]) -> None:
    (folder / "cors.toml").write_text(text)
    document(check("cors.toml", "--format", "json", *words).stdout, "policy")


@pytest.mark.parametrize("name", ["url", "paste", "har", "app", "policy"])
def test_every_field_of_a_schema_is_promised(name: str) -> None:
    """A program need not ask whether a field is there; two of a policy are as it was written."""
    read = schema(name)
    for title, one in {"": read, **read["$defs"]}.items():
        optional = set(one["properties"]) - set(one["required"])
        expected = {"origin_regex", "max_age"} if (name, title) == ("policy", "policy") else set()
        assert optional == expected, title


# Programs read these: a field may be added, and none may go or change its name.


def test_the_fields_of_a_pasted_text_stay() -> None:
    assert fields(schema("paste")) == snapshot(
        {
            "": ["format", "ignored", "kind", "next", "notes", "recognised", "request"],
            "recognised": ["causes", "code", "cors", "engine"],
            "cause": ["ask", "cors", "says"],
            "request": ["body", "body_bytes", "credentials", "from", "headers", "method", "url"],
        }
    )


def test_the_fields_of_a_recording_stay() -> None:
    assert fields(schema("har")) == snapshot(
        {
            "": ["crossing", "failed", "format", "requests"],
            "failed": ["next", "recognised", "request", "status"],
            "recognised": ["causes", "code", "cors", "engine"],
            "cause": ["ask", "cors", "says"],
            "request": ["body", "body_bytes", "credentials", "from", "headers", "method", "url"],
        }
    )


def test_the_fields_of_an_application_stay() -> None:
    assert fields(schema("app")) == snapshot(
        {
            "": [
                "assumed",
                "conclusion",
                "cors",
                "diffable",
                "findings",
                "format",
                "framework",
                "from",
                "place",
                "probes",
                "raised",
                "target",
            ],
            "probe": ["absent", "code", "evidence", "kind", "method", "outcome", "status", "url"],
            "finding": [
                "code",
                "field",
                "fix",
                "lines",
                "message",
                "place",
                "severity",
                "spec",
                "value",
            ],
        }
    )


def test_the_fields_of_a_policy_stay() -> None:
    assert fields(schema("policy")) == snapshot(
        {
            "": [
                "allowed",
                "answers",
                "format",
                "policies",
                "problems",
                "target",
                "valid",
                "warnings",
            ],
            "diagnostic": ["code", "field", "fix", "message", "severity", "spec", "value"],
            "policy_row": ["cors", "headers", "path", "policy"],
            "policy": [
                "accept_risks",
                "credentials",
                "expose",
                "headers",
                "max_age",
                "methods",
                "origin_regex",
                "origins",
                "preflight_status",
            ],
            "header_sets": ["others", "preflight", "request", "status"],
            "answer": [
                "advice",
                "allowed",
                "cookies",
                "from",
                "headers",
                "method",
                "nearest",
                "preflight",
                "reasons",
                "request",
                "stops",
            ],
            "nearest": ["difference", "origin"],
            "advice": ["added", "line", "note"],
        }
    )
