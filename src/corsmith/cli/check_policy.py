"""``corsmith check FILE.toml``: what a policy file means, and whether a page may.

What lives here: questions put to a policy. What does not: the judgement (``question``), the
line to write instead (``advice``), and how the findings are written (``render``).
"""

from typing import Final, Literal

import click

from corsmith.advice import advise
from corsmith.cli import render
from corsmith.cli.asked import Asking
from corsmith.cli.findings import Answer, Findings
from corsmith.cli.status import Status
from corsmith.errors import PolicyError, UsageError
from corsmith.gate import load
from corsmith.nearest import nearest
from corsmith.policy import Policy
from corsmith.question import Question, Stage, ask
from corsmith.routes import Routes
from corsmith.safelists import unsafe_request_header_names

__all__ = ["check_policy"]

# Longer than any safelisted value: a name without a value stands for one that is asked.
_UNSAFE_VALUE: Final = "?" * 129


def check_policy(
    file: str, asking: Asking, path: str | None, form: Literal["text", "json"]
) -> Status:
    """Put each page's question to a policy file, write the findings, return the status."""
    unsafe = unsafe_request_header_names(
        (name, _UNSAFE_VALUE if value is None else value) for name, value in asking.headers
    )
    questions = [
        Question(origin=origin, method=asking.method, unsafe=unsafe, credentials=asking.cookies)
        for origin in asking.origins
    ]
    try:
        policy = load(file)
    except PolicyError as error:
        findings = Findings(target=file, problems=error.problems)
        status = Status.USAGE
    else:
        covering = _covering(policy, path, asked=bool(questions))
        answers = tuple(_answer(covering, question) for question in questions)
        findings = Findings(target=file, policy=policy, path=path, answers=answers)
        status = Status.OK if all(answer.allowed for answer in answers) else Status.NO
    click.echo(render.as_json(findings) if form == "json" else render.as_text(findings))
    return status


def _covering(policy: Policy | Routes, path: str | None, *, asked: bool) -> Policy | None:
    """Return the policy that a question is put to; ``None``: the path has none."""
    if isinstance(policy, Policy):
        if path is not None:
            raise UsageError(f"--path {path}: the file has one [policy], the same on every path")
        return policy
    if path is None:
        if asked:
            first = next(iter(policy.entries), "/")
            raise UsageError(f"the file has [[routes]]: say which path, as in --path {first}")
        return None
    return policy.policy_for(path)


def _answer(policy: Policy | None, question: Question) -> Answer:
    if policy is None:
        return Answer(question=question)
    verdict = ask(policy, question)
    if verdict.allowed:
        return Answer(question=question, verdict=verdict, status=policy.preflight_status)
    refused = any(reason.field == "origins" for reason in verdict.reasons)
    stopped = verdict.stops is Stage.PREFLIGHT and verdict.preflight is not None
    request = question.preflight if stopped else question.request
    decision = verdict.preflight if stopped and verdict.preflight else verdict.request
    return Answer(
        question=question,
        verdict=verdict,
        status=policy.preflight_status,
        nearest=nearest(question.origin, policy.origins) if refused else None,
        advice=advise(policy, request, decision, credentials=question.credentials),
    )
