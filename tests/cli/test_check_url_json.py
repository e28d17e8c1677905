"""``corsmith check URL --format json``: the document is what its published schema says."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.broken.serving import Broken, Reply, allow, serve
from tests.cli.asking import SCHEMA, check, problems

pytestmark = pytest.mark.servers

NAMES = ["auth_before_preflight", "redirect_to_cdn", "reset_mid_preflight", "suffix_range_refused"]


def document(*words: str) -> Any:
    return json.loads(check(*words, "--format", "json").stdout)


@pytest.mark.parametrize("name", NAMES)
def test_a_report_of_a_broken_server_is_as_its_schema_says(name: str) -> None:
    case: Broken = import_module(f"tests.broken.servers.{name}").BROKEN
    with serve(case.answer) as server:
        found = document(server.origin + case.path, *case.words)
    assert list(problems(found, SCHEMA)) == []
    (report,) = found["reports"]
    assert report["conclusion"] == "no"
    assert report["readable"] is False
    assert report["code"].endswith(case.code)


def test_a_report_of_a_server_that_answers_is_as_its_schema_says() -> None:
    with serve(lambda asked: Reply(headers=allow(asked))) as server:
        found = document(server.origin, "--from", "http://a.example", "-X", "PUT")
    assert list(problems(found, SCHEMA)) == []
    (report,) = found["reports"]
    facts = {name: report[name] for name in ("conclusion", "readable", "code", "blocked_in")}
    assert facts == {"conclusion": "yes", "readable": True, "code": None, "blocked_in": []}
    assert [leg["kind"] for leg in report["exchange"]] == ["preflight", "actual"]
    assert report["remedy"] is report["answered_by"] is report["unfollowed"] is None


def test_several_urls_are_several_reports_in_their_order() -> None:
    with serve(lambda asked: Reply(headers=allow(asked))) as server:
        found = document(server.origin + "/a", "http://127.0.0.1:1/", server.origin + "/b")
    assert list(problems(found, SCHEMA)) == []
    conclusions = [report["conclusion"] for report in found["reports"]]
    assert conclusions == ["yes", "unknown", "yes"]
    failure = found["reports"][1]["exchange"][0]["failure"]
    assert failure["failure"] == "refused"


def test_a_document_that_is_not_as_the_schema_says_is_noticed() -> None:
    assert list(problems({"format": 2, "reports": []}, SCHEMA)) == ["$.format is 2, none of [1]"]
    assert list(problems({"format": 1}, SCHEMA)) == ["$ has ['reports'] too many or less"]
    assert list(problems({"format": 1, "reports": 1}, SCHEMA)) == ["$.reports is 1, no array"]
    answer = {"anyOf": [{"type": "null"}, {"type": "string"}]}
    assert list(problems(7, answer)) == ["$ is 7, no null"]


def test_the_fields_of_the_schema_stay() -> None:
    # Programs read these: a field may be added, and none may go or change its name.
    fields = {name: sorted(one["properties"]) for name, one in SCHEMA["$defs"].items()}
    assert fields == snapshot(
        {
            "report": [
                "answered_by",
                "assumed",
                "blocked_in",
                "client",
                "code",
                "conclusion",
                "credentials",
                "exchange",
                "findings",
                "from",
                "headers",
                "layers",
                "method",
                "notes",
                "readable",
                "remedy",
                "requests_sent",
                "trials",
                "unfollowed",
                "url",
            ],
            "trial": ["code", "engine", "hidden", "readable", "status", "steps", "visible"],
            "step": ["evidence", "hop", "name", "passed", "spec"],
            "leg": ["answer", "failure", "headers", "kind", "method", "url"],
            "answer": ["body", "headers", "peer", "reason", "status", "version"],
            "failure": ["failure", "hint", "problem", "step"],
            "layer": ["evidence", "stack", "title"],
            "witness": ["evidence", "kind", "says"],
            "remedy": ["lines", "need", "note", "preflight", "request", "says", "stack"],
            "diagnostic": ["code", "field", "fix", "message", "severity", "spec", "value"],
            "client_step": ["code", "exchange", "fix", "method", "passed", "problem", "step"],
        }
    )
