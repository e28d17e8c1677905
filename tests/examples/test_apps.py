"""The recipes for FastAPI, Django and Flask keep a 404 and a 500 readable from elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PAGE = "https://app.example"

ASKED: dict[str, tuple[str, str, dict[str, str], Any]] = {
    "200": ("GET", "/items/1", {"Origin": PAGE}, None),
    "404": ("GET", "/items/2", {"Origin": PAGE}, None),
    "500": ("PUT", "/items/1", {"Origin": PAGE}, {}),
    "unknown path": ("GET", "/nothing/here", {"Origin": PAGE}, None),
    "preflight": (
        "OPTIONS",
        "/items/1",
        {
            "Origin": PAGE,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type",
        },
        None,
    ),
    "written": ("PUT", "/items/1", {"Origin": PAGE}, {"name": "mate"}),
    "stranger": ("GET", "/items/1", {"Origin": "https://evil.example"}, None),
    "no origin": ("GET", "/items/1", {}, None),
}


@cache
def answers(module: str, name: str) -> dict[str, dict[str, Any]]:
    """Return what the example answers to each request of the table, in that order."""
    requests = [
        {"method": method, "url": url, "headers": headers, "json": body}
        for method, url, headers, body in ASKED.values()
    ]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("ask.py"), module, name],
        input=json.dumps(requests),
        env={**os.environ, "PYTHONPATH": str(EXAMPLES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(ASKED, json.loads(done.stdout), strict=True))


APPS = [("fastapi_app", "app"), ("django_app", "application"), ("flask_app", "app")]
each_app = pytest.mark.parametrize(("module", "name"), APPS, ids=[module for module, _ in APPS])


@each_app
@pytest.mark.parametrize(
    ("asked", "status"), [("200", 200), ("404", 404), ("500", 500), ("unknown path", 404)]
)
def test_a_page_can_read_the_answer(module: str, name: str, asked: str, status: int) -> None:
    answer = answers(module, name)[asked]
    assert answer["status"] == status
    assert answer["headers"]["access-control-allow-origin"] == PAGE
    assert "Origin" in answer["headers"]["vary"]
    assert answer["text"]


@each_app
def test_a_preflight_is_answered_with_what_the_policy_says(module: str, name: str) -> None:
    answer = answers(module, name)["preflight"]
    assert answer["status"] == 200
    assert answer["text"] == ""
    assert answer["headers"]["access-control-allow-origin"] == PAGE
    assert answer["headers"]["access-control-allow-methods"] == "GET,PUT"
    assert answer["headers"]["access-control-allow-headers"] == "Content-Type"


@each_app
def test_a_page_can_write(module: str, name: str) -> None:
    answer = answers(module, name)["written"]
    assert (answer["status"], json.loads(answer["text"])) == (200, {"name": "mate"})
    assert answer["headers"]["access-control-allow-origin"] == PAGE


@each_app
@pytest.mark.parametrize("asked", ["stranger", "no origin"])
def test_a_stranger_gets_no_permission(module: str, name: str, asked: str) -> None:
    answer = answers(module, name)[asked]
    assert answer["status"] == 200
    assert "access-control-allow-origin" not in answer["headers"]
    assert "Origin" in answer["headers"]["vary"]
