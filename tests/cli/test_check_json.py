"""``corsmith check FILE.toml --format json``: names that programs may rely on."""

import json
from pathlib import Path

from inline_snapshot import snapshot

from corsmith.cli.status import Status
from tests.cli.checking import Check

ANSWER = {
    "from": "https://app.example.com",
    "method": "PATCH",
    "headers": [],
    "cookies": False,
    "allowed": False,
    "stops": "preflight",
    "reasons": [
        {
            "code": "method-not-allowed",
            "severity": "info",
            "field": "methods",
            "value": "PATCH",
            "message": "the policy allows GET, HEAD, POST, PUT, not PATCH.",
            "fix": None,
            "spec": "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
        }
    ],
    "preflight": [
        ["Access-Control-Allow-Origin", "https://app.example.com"],
        ["Access-Control-Allow-Credentials", "true"],
        ["Access-Control-Allow-Methods", "GET,PUT"],
        ["Access-Control-Allow-Headers", "Content-Type,X-API-Key"],
        ["Access-Control-Max-Age", "600"],
        ["Vary", "Origin"],
    ],
    "request": [
        ["Access-Control-Allow-Origin", "https://app.example.com"],
        ["Access-Control-Allow-Credentials", "true"],
        ["Access-Control-Expose-Headers", "X-Total-Count"],
        ["Vary", "Origin"],
    ],
    "nearest": None,
    "advice": {
        "line": 'methods = ["GET", "PUT", "PATCH"]',
        "note": "",
        "added": ['"PATCH"'],
    },
}
"""What a program reads of a PATCH that is not allowed."""


def test_json_holds_the_same_findings(check: Check) -> None:
    """The names are stable; diagnostics have their own fields."""
    result = check(
        "cors.toml", "--from", "https://app.example.com", "-X", "PATCH", "--format", "json"
    )
    assert result.exit_code == Status.NO
    document = json.loads(result.stdout)
    assert list(document) == snapshot(
        ["format", "target", "valid", "allowed", "problems", "warnings", "policies", "answers"]
    )
    assert document["answers"] == [ANSWER]


def test_json_without_a_page_has_no_answer_and_each_route_has_a_row(check: Check) -> None:
    """Nothing was asked, so nothing is allowed or refused."""
    assert json.loads(check("cors.toml", "--format", "json").stdout)["allowed"] is None
    routes = json.loads(check("routes.toml", "--format", "json").stdout)
    assert [(row["path"], row["cors"]) for row in routes["policies"]] == [
        ("/api/", True),
        ("/health", False),
    ]


def test_json_of_an_invalid_policy_holds_its_problems(check: Check, tmp_path: Path) -> None:
    """Exit status 2, and the problems as data."""
    (tmp_path / "bad.toml").write_text("[policy]\norigins = []\n")
    result = check("bad.toml", "--format", "json")
    assert result.exit_code == Status.USAGE
    document = json.loads(result.stdout)
    assert (document["valid"], document["allowed"], document["policies"]) == (False, None, [])
    assert [problem["code"] for problem in document["problems"]] == ["origins-empty"]
