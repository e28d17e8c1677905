"""Findings as text for people and as JSON for programs.

What lives here: words, columns and marks. What does not: what was found.

The first line is the answer. Marks are words or signs beside words, never colour alone;
they fall back to ASCII where the terminal cannot show them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from corsmith.cli.columns import encodable, wrapped
from corsmith.cli.findings import PAGE, Answer, Findings, complete, header_sets
from corsmith.diagnostics import Diagnostic
from corsmith.policy import Policy
from corsmith.question import Question, Stage, Verdict
from corsmith.routes import Routes
from corsmith.words import join_words

__all__ = ["as_json", "as_text"]


def as_text(findings: Findings) -> str:
    """Return the findings as text, without a final line feed."""
    if findings.policy is None:
        lines = _invalid(findings)
    elif not findings.answers:
        lines = _valid(findings, findings.policy)
    elif len(findings.answers) == 1:
        lines = _one(findings, findings.answers[0])
    else:
        lines = _table(findings)
    return encodable("\n".join(lines))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _invalid(findings: Findings) -> Iterator[str]:
    yield f"no: {findings.target} cannot be used: {_count(len(findings.problems), 'problem')}"
    yield from _diagnostics(findings.problems)


def _diagnostics(items: Iterable[Diagnostic]) -> Iterator[str]:
    for item in items:
        yield ""
        field = "" if item.field is None else f"{item.field}: "
        yield f"  {item.code}"
        yield from wrapped(f"{field}{item.message}", "    ")
        if item.fix is not None:
            yield from wrapped(item.fix, "    ")


def _valid(findings: Findings, policy: Policy | Routes) -> Iterator[str]:
    yield f"yes: {findings.target} is a valid policy"
    if isinstance(policy, Policy):
        yield from _policy(policy)
    else:
        for path, entry in policy.entries.items():
            yield ""
            below = f"{path} and below" if not path.endswith("/") else f"below {path}"
            yield f"{below}:" if entry is not None else f"{below}: no CORS headers"
            if entry is not None:
                yield from _policy(entry)
    if policy.warnings:
        yield ""
        yield _count(len(policy.warnings), "warning")
        yield from _diagnostics(policy.warnings)


def _policy(policy: Policy) -> Iterator[str]:
    yield ""
    yield from _rows(_words(policy))
    sets = header_sets(policy)
    whose = "any origin" if policy.answers.any_origin else "an allowed origin"
    yield ""
    yield f"  a preflight of {whose} is answered {sets.status} with"
    yield from _headers(sets.preflight)
    yield "  and its request with"
    yield from _headers(sets.request)
    if not policy.answers.any_origin:
        yield "  any other origin, and none, gets"
        yield from _headers(sets.others)


def _words(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "origins", "any" if policy.answers.any_origin else _listed(policy.origins)
    if policy.origin_regex is not None:
        yield "", f"what matches {policy.origin_regex}"
    yield "methods", "any" if "*" in policy.methods else _listed(policy.methods)
    yield "headers", _listed(policy.headers)
    yield "expose", "every one" if "*" in policy.expose else _listed(policy.expose)
    yield "credentials", "included" if policy.credentials else "not included"
    yield (
        "max-age",
        "not sent: browsers keep it 5 seconds"
        if policy.max_age is None
        else (f"{policy.max_age} seconds"),
    )
    if policy.accept_risks:
        yield "risks taken", ", ".join(sorted(policy.accept_risks))


def _listed(values: tuple[str, ...]) -> str:
    return join_words(values) or "none beyond the CORS-safelisted"


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in rows:
        yield f"  {name:<12} {value}"


def _headers(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in pairs:
        shown = "(the page's own origin)" if value == PAGE else value
        shown = shown.replace("the-method-asked-for", "(the method asked for)")
        shown = shown.replace("the-headers-asked-for", "(the headers asked for)")
        yield f"      {name}: {shown}"


def _does(question: Question) -> str:
    """Return what the page does, in words."""
    text = question.method
    if question.unsafe:
        text += f" with {join_words(question.unsafe)}"
    return f"{text}, with credentials" if question.credentials else text


def _one(findings: Findings, answer: Answer) -> Iterator[str]:
    question, verdict = answer.question, answer.verdict
    may = "may" if answer.allowed else "may not"
    word = "yes" if answer.allowed else "no"
    yield f"{word}: a page of {question.origin} {may} {_does(question)}"
    yield ""
    if verdict is None:
        yield f"  no policy in {findings.target} covers {findings.path}, so it has no CORS headers"
        return
    yield from _ladder(answer, verdict)
    if verdict.allowed:
        return
    yield ""
    if answer.nearest is not None:
        yield from _rows([("nearest", f"{answer.nearest.origin} ({answer.nearest.difference})")])
    if answer.advice is not None and answer.advice.line is not None:
        for index, line in enumerate(answer.advice.line.split("\n")):
            yield from _rows([("write" if not index else "", line)])
    if answer.advice is not None and answer.advice.note:
        yield from wrapped(answer.advice.note, " " * 15, f"  {'note':<12} ")
    code = verdict.reasons[0].code
    yield from _rows([("about", f"docs/codes/{code}.md"), ("", verdict.reasons[0].spec or "")])


def _ladder(answer: Answer, verdict: Verdict) -> Iterator[str]:
    """Yield the exchange step by step, with the failing step marked."""
    question = answer.question
    if verdict.preflight is not None:
        stops = verdict.stops is Stage.PREFLIGHT
        asked = join_words([question.method, *question.unsafe])
        mark = "✗" if stops else "✓"
        yield f"  {mark} preflight  OPTIONS, asks for {asked}; answered {answer.status}"
        yield from _headers(complete(verdict.preflight))
        if stops:
            yield from _reasons(verdict)
            yield f"  - request    {question.method} is not sent"
            return
    stops = verdict.stops is Stage.REQUEST
    yield f"  {'✗' if stops else '✓'} request    {question.method}"
    yield from _headers(complete(verdict.request))
    if stops:
        yield from _reasons(verdict)
        yield "      the server has answered, and the page may not read it"


def _reasons(verdict: Verdict) -> Iterator[str]:
    for reason in verdict.reasons:
        yield from wrapped(f"{reason.code}: {reason.message}", " " * 8, " " * 6)


def _table(findings: Findings) -> Iterator[str]:
    answers = findings.answers
    allowed = sum(answer.allowed for answer in answers)
    word = "yes" if allowed == len(answers) else "no"
    yield f"{word}: {allowed} of {len(answers)} origins may {_does(answers[0].question)}"
    yield ""
    width = max(len(answer.question.origin) for answer in answers)
    for answer in answers:
        mark = "✓ yes" if answer.allowed else "✗ no "
        row = f"  {mark}  {answer.question.origin:<{width}}"
        yield row.rstrip() if answer.allowed else f"{row}  {_cause(findings, answer)}"
        if answer.nearest is not None:
            yield f"         nearest {answer.nearest.origin} ({answer.nearest.difference})"


def _cause(findings: Findings, answer: Answer) -> str:
    if answer.verdict is None:
        return f"no policy covers {findings.path}"
    return answer.verdict.reasons[0].code


def as_json(findings: Findings) -> str:
    """Return the findings as JSON, whose schema is docs/reference/check-policy.schema.json."""
    policy = findings.policy
    warnings = () if policy is None else policy.warnings
    document: dict[str, object] = {
        "format": 1,
        "target": findings.target,
        "valid": policy is not None,
        "allowed": _allowed(findings),
        "problems": [asdict(item) for item in findings.problems],
        "warnings": [asdict(item) for item in warnings],
        "policies": list(_policies(policy)),
        "answers": [_answer(answer) for answer in findings.answers],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _allowed(findings: Findings) -> bool | None:
    if not findings.answers:
        return None
    return all(answer.allowed for answer in findings.answers)


def _policies(policy: Policy | Routes | None) -> Iterator[dict[str, object]]:
    if policy is None:
        return
    entries = {None: policy} if isinstance(policy, Policy) else policy.entries
    for path, entry in entries.items():
        yield {
            "path": path,
            "cors": entry is not None,
            "policy": None if entry is None else entry.to_mapping(),
            "headers": None if entry is None else asdict(header_sets(entry)),
        }


def _answer(answer: Answer) -> dict[str, object]:
    question, verdict = answer.question, answer.verdict
    return {
        "from": question.origin,
        "method": question.method,
        "headers": list(question.unsafe),
        "cookies": question.credentials,
        "allowed": answer.allowed,
        "stops": None if verdict is None else verdict.stops,
        "reasons": [] if verdict is None else [asdict(reason) for reason in verdict.reasons],
        "preflight": None
        if verdict is None or verdict.preflight is None
        else list(complete(verdict.preflight)),
        "request": None if verdict is None else list(complete(verdict.request)),
        "nearest": None if answer.nearest is None else asdict(answer.nearest),
        "advice": None if answer.advice is None else asdict(answer.advice),
    }
