"""``corsmith check``: may this page, and if not, why.

What lives here: the command line, read into questions and put to a policy. What does not:
the judgement (``question``), the line to write instead (``advice``), and how the findings
are written (``render``).
"""

from pathlib import Path
from typing import Literal

import click

from corsmith.advice import advise
from corsmith.cli import render
from corsmith.cli.findings import Answer, Findings
from corsmith.cli.status import Status
from corsmith.diagnostics import quote
from corsmith.errors import PolicyError, UsageError
from corsmith.gate import load
from corsmith.headers import (
    FORBIDDEN_METHODS,
    is_forbidden_request_header,
    is_token,
    normalize_method,
)
from corsmith.nearest import nearest
from corsmith.pattern import OriginPattern, parse_pattern
from corsmith.policy import Policy
from corsmith.question import Question, Stage, ask
from corsmith.routes import Routes
from corsmith.safelists import unsafe_request_header_names
from corsmith.target import Target, TargetKind, read_target

__all__ = ["check"]

_EXAMPLES = """\b
Examples:
  corsmith check cors.toml
  corsmith check cors.toml --from https://app.example -X PUT -H 'X-Key: 1'
"""

# Longer than any safelisted value: a name without a value stands for one that is asked.
_UNSAFE_VALUE = "?" * 129


@click.command(epilog=_EXAMPLES)
@click.argument("target", required=False)
@click.option(
    "--from",
    "origins",
    metavar="ORIGIN",
    multiple=True,
    help="The origin of the page; give several for a table.",
)
@click.option(
    "-X",
    "method",
    metavar="METHOD",
    default="GET",
    show_default=True,
    help="The method that the page sends.",
)
@click.option(
    "-H",
    "headers",
    metavar="'NAME[: VALUE]'",
    multiple=True,
    help="A request header that the page sets.",
)
@click.option("--cookies", is_flag=True, help="The page includes cookies or other credentials.")
@click.option("--path", metavar="PATH", help="The path asked for, where a file has [[routes]].")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
@click.pass_context
def check(  # one parameter for each option
    context: click.Context,
    target: str | None,
    origins: tuple[str, ...],
    method: str,
    headers: tuple[str, ...],
    cookies: bool,  # noqa: FBT001  click gives a flag like any other option
    path: str | None,
    form: Literal["text", "json"],
) -> None:
    """Say what a policy file means, and whether a page may do what it wants.

    TARGET is a policy file in TOML. Nothing is sent, and nothing is imported.

    Exit status: 0 if every page may, or the policy is valid and no page is named; 1 if one
    may not; 2 if the policy is invalid or the command line wrong.
    """
    found = _policy_file(target)
    unsafe = _unsafe_names(headers)
    questions = [
        Question(origin=_origin(origin), method=_method(method), unsafe=unsafe, credentials=cookies)
        for origin in origins
    ]
    click.echo(f"corsmith: {found.sentence}", err=True)
    try:
        policy = load(found.value)
    except PolicyError as error:
        findings = Findings(target=found.value, problems=error.problems)
        status = Status.USAGE
    else:
        covering = _covering(policy, path, asked=bool(questions))
        answers = tuple(_answer(covering, question) for question in questions)
        findings = Findings(target=found.value, policy=policy, path=path, answers=answers)
        allowed = all(answer.allowed for answer in answers)
        status = Status.OK if allowed else Status.NO
    click.echo(render.as_json(findings) if form == "json" else render.as_text(findings))
    context.exit(status)


def _policy_file(word: str | None) -> Target:
    """Return the policy file that is meant; raise ``UsageError`` for anything else."""
    target = read_target(word, _probe)
    if target.kind is TargetKind.POLICY:
        return target
    here = "corsmith check cors.toml --from https://app.example"
    match target.kind:
        case TargetKind.NONE:
            message = f"what shall be checked? Name a policy file:\n  {here}"
        case TargetKind.FOLDER:
            file = Path(target.value) / "cors.toml"
            message = (
                f"{target.value} is a folder, which this version does not check; type one of\n"
                f"  corsmith check {file}\n  corsmith serve --policy {file}"
            )
        case TargetKind.FILE:
            message = f"{target.value} does not end in .toml, as a policy file does; type\n  {here}"
        case TargetKind.URL:
            message = (
                f"this version sends nothing to {target.value}; type one of\n"
                f"  curl -i -H 'Origin: https://app.example' {target.value}\n  {here}"
            )
        case _:
            message = (
                f"this version does not check {target.value}; it checks a policy file:\n  {here}"
            )
    raise UsageError(message)


def _probe(path: str) -> Literal["folder", "file"] | None:
    if Path(path).is_dir():
        return "folder"
    return "file" if Path(path).exists() else None


def _origin(text: str) -> str:
    if text == "null":
        return text
    pattern = parse_pattern(text)
    if isinstance(pattern, OriginPattern):
        if pattern.is_exact:
            return text
        raise UsageError(f"--from {text}: a page has one origin, not a pattern")
    problem = pattern[0]
    raise UsageError(f"--from: {problem.message}\n  {problem.fix or ''}".rstrip())


def _method(text: str) -> str:
    if not is_token(text):
        raise UsageError(f"-X {quote(text)} is no method: a method is a token")
    if text.upper() in FORBIDDEN_METHODS:
        raise UsageError(f"-X {text}: browsers let no page send {text.upper()}")
    return normalize_method(text)


def _unsafe_names(headers: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a preflight asks for; a name without a value counts as asked for."""
    pairs: list[tuple[str, str]] = []
    for header in headers:
        name, colon, value = header.partition(":")
        name = name.strip()
        if not is_token(name):
            raise UsageError(f"-H {quote(header)} is no header; write -H 'X-Key: 1'")
        if is_forbidden_request_header(name):
            hint = "; cookies are --cookies" if name.lower() == "cookie" else ""
            raise UsageError(f"-H {name}: browsers let no page set it{hint}")
        pairs.append((name, value.strip() if colon else _UNSAFE_VALUE))
    return unsafe_request_header_names(pairs)


def _covering(policy: Policy | Routes, path: str | None, *, asked: bool) -> Policy | None:
    """Return the policy that a question is put to; ``None``: the path has none."""
    if isinstance(policy, Policy):
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
