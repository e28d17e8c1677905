"""FastAPI, Flask and Django behind ``install``: every answer carries the headers."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.adapters import frameworks
from tests.adapters.frameworks import APP, POLICY, PROBES, Answer, ask_asgi, ask_wsgi, request_of
from tests.architecture.tree import ROOT


@cache
def fastapi_app() -> Any:
    return frameworks.fastapi_app()


@cache
def flask_app() -> Any:
    return frameworks.flask_app()


@cache
def django_answers() -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.adapters.frameworks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    answers: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return answers


def answer(framework: str, probe: str) -> Answer:
    """Return what a framework answers to a probe."""
    if framework == "FastAPI":
        return ask_asgi(fastapi_app(), request_of(probe))
    if framework == "Flask":
        return ask_wsgi(flask_app(), request_of(probe))
    return Answer(**django_answers()[framework.removeprefix("Django, ")][probe])


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("framework", ["FastAPI", "Flask", "Django, wsgi", "Django, asgi"])
def test_every_answer_can_be_read_by_the_page(
    framework: str, probe: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    got = answer(framework, probe)
    method, _, status = PROBES[probe]
    assert got.status == status or (not status and got.status in {301, 307, 308})
    assert got.headers["access-control-allow-origin"] == APP
    assert "Origin" in got.headers["vary"]
    preflight = ("access-control-allow-methods", "access-control-allow-headers")
    lists = [got.headers.get(name) for name in (*preflight, "access-control-expose-headers")]
    if method == "OPTIONS":
        assert lists == [",".join(POLICY.methods), ",".join(POLICY.headers), None]
    else:
        assert lists == [None, None, "x-total"]
