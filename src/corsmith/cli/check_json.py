"""The reports of ``corsmith check URL`` as JSON for programs.

What lives here: the document, whose schema is docs/reference/check-url.schema.json. What does
not: the words for people (``ladder``).
"""

import json
from collections.abc import Iterable
from dataclasses import asdict

from corsmith.exchange import Leg, NoAnswer, Trial
from corsmith.inquiry.clients import ClientResult
from corsmith.inquiry.report import Conclusion, Report

__all__ = ["as_json"]

_READABLE = {Conclusion.YES: True, Conclusion.NO: False, Conclusion.UNKNOWN: None}


def as_json(reports: Iterable[Report]) -> str:
    """Return the reports as one document."""
    rows = [_report(report) for report in reports]
    return json.dumps({"format": 1, "reports": rows}, indent=2, ensure_ascii=False)


def _report(report: Report) -> dict[str, object]:
    request = report.request
    remedy, who = report.remedy, report.witness
    return {
        "url": request.url,
        "from": request.page,
        "assumed": report.inquiry.assumed,
        "method": request.method,
        "headers": [list(pair) for pair in request.headers],
        "credentials": request.credentials,
        "conclusion": report.conclusion,
        "readable": _READABLE[report.conclusion],
        "code": report.code,
        "blocked_in": list(report.blocked_in),
        "unfollowed": report.main.unfollowed,
        "trials": [_trial(trial) for trial in report.trials],
        "exchange": [_leg(leg) for leg in report.main.legs],
        "layers": [
            {"title": layer.title, "stack": layer.stack, "evidence": layer.evidence}
            for layer in report.layers
        ],
        "answered_by": None
        if who is None
        else {"kind": who.kind, "says": who.says, "evidence": list(who.evidence)},
        "remedy": None if remedy is None else asdict(remedy),
        "findings": [asdict(finding) for finding in report.findings],
        "client": [_client(result) for result in report.client],
        "notes": list(report.notes),
        "requests_sent": report.sent,
    }


def _trial(trial: Trial) -> dict[str, object]:
    verdict = trial.verdict
    return {
        "engine": trial.engine,
        "readable": trial.readable,
        "code": None if verdict is None else verdict.code,
        "status": None if verdict is None else verdict.status,
        "visible": [] if verdict is None else [name for name, _ in verdict.visible],
        "hidden": [] if verdict is None else list(verdict.hidden),
        "steps": [] if verdict is None else [asdict(step) for step in verdict.steps],
    }


def _leg(leg: Leg) -> dict[str, object]:
    sent, result = leg.sent, leg.result
    row: dict[str, object] = {
        "kind": sent.kind,
        "method": sent.method,
        "url": sent.url,
        "headers": [list(pair) for pair in sent.headers],
        "answer": None,
        "failure": None,
    }
    if isinstance(result, NoAnswer):
        row["failure"] = {
            "failure": result.failure,
            "step": result.step,
            "problem": result.problem,
            "hint": result.hint,
        }
    else:
        row["answer"] = {
            "status": result.status,
            "reason": result.reason,
            "version": result.version,
            "headers": [list(pair) for pair in result.headers],
            "body": result.ended,
            "peer": result.peer,
        }
    return row


def _client(result: ClientResult) -> dict[str, object]:
    return {
        "step": result.step.name,
        "method": result.step.method,
        "passed": result.passed,
        "code": result.code,
        "problem": result.problem,
        "fix": result.fix,
        "exchange": [_leg(leg) for leg in result.trial.legs],
    }
