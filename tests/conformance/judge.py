"""What a browser concludes from an answer, and whether that is what a case expects.

A case is one object of a JSON Lines file here. An answer is what a server sent for the
case's request, however it was asked: by `decide`, or through an adapter. The judge reads
header lines only, as the Fetch Standard does; it knows nothing of policies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HERE = Path(__file__).parent

# Fetch, #cors-safelisted-method and #cors-safelisted-response-header-name
SAFELISTED_METHODS = {"GET", "HEAD", "POST"}
SAFELISTED_RESPONSE_HEADERS = {
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
}
OK = range(200, 300)

# A case is JSON: its shape is described where it is read.
Case = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server sent, and whether the application behind it ran."""

    status: int
    headers: tuple[tuple[str, str], ...]
    app_ran: bool

    def lines(self, name: str) -> list[str]:
        """Return the value of each line of a name, in any case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """Return the combined value, as Fetch's "get" on a header list does."""
        lines = self.lines(name)
        return ", ".join(lines) if lines else None

    def elements(self, name: str) -> list[str]:
        """Return the elements of a list header."""
        elements = (element.strip(" \t") for element in (self.value(name) or "").split(","))
        return [element for element in elements if element]

    def names(self, name: str) -> list[str]:
        """Return the elements of a list header, in lower case."""
        return [element.lower() for element in self.elements(name)]


def cases(name: str) -> list[Case]:
    """Return the cases of one file, from the public tests and from our own."""
    rows: list[Case] = []
    for path in (HERE / f"{name}.jsonl", HERE / "own" / f"{name}.jsonl"):
        rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return rows


def lines_of(headers: Iterable[Sequence[str]], name: str) -> list[str]:
    """Return the values that a case's request has for a header."""
    return [value.strip(" \t") for key, value in headers if key.lower() == name]


def cors_check(origins: Sequence[str], answer: Answer, *, credentials: bool) -> bool:
    """Return whether the CORS check passes (Fetch, #concept-cors-check)."""
    allowed = answer.value("access-control-allow-origin")
    if allowed == "*" and not credentials:
        return True
    if allowed is None or allowed != ", ".join(origins):
        return False
    return not credentials or answer.value("access-control-allow-credentials") == "true"


def preflight_check(request: Case, answer: Answer, *, credentials: bool) -> bool:
    """Return whether a preflight's answer lets the request go (Fetch, #cors-preflight-fetch, 7)."""
    origins = lines_of(request["headers"], "origin")
    if not cors_check(origins, answer, credentials=credentials) or answer.status not in OK:
        return False
    method = ", ".join(lines_of(request["headers"], "access-control-request-method"))
    methods = answer.elements("access-control-allow-methods")
    if method not in SAFELISTED_METHODS.union(methods) and ("*" not in methods or credentials):
        return False
    asked = lines_of(request["headers"], "access-control-request-headers")
    names = answer.names("access-control-allow-headers")
    for name in (name.strip(" \t").lower() for line in asked for name in line.split(",")):
        covered = "*" in names and not credentials and name != "authorization"
        if name and name not in names and not covered:
            return False
    return True


def verdict(request: Case, answer: Answer, kind: str, *, credentials: bool) -> bool | None:
    """Return what a browser concludes, `None` where it asks nothing."""
    if kind == "not-cors":
        return None
    if kind == "preflight":
        return preflight_check(request, answer, credentials=credentials)
    return cors_check(lines_of(request["headers"], "origin"), answer, credentials=credentials)


def readable(name: str, answer: Answer, *, credentials: bool) -> bool:
    """Return whether a page may read a response header (Fetch, #cors-safelisted-response...)."""
    names = answer.names("access-control-expose-headers")
    return name.lower() in SAFELISTED_RESPONSE_HEADERS.union(names) or (
        "*" in names and not credentials
    )


def faults(case: Case, expected: Case, answer: Answer | None) -> list[str]:
    """Return in what an answer differs from one expectation; `None`: the policy was refused."""
    if answer is None or "config" in expected:
        refused = "reject" if answer is None else "accept"
        return [] if expected.get("config") == refused else [f"the policy: {refused}"]
    credentials = bool(case["policy"].get("credentials"))
    return [
        *faults_of_verdict(case["request"], expected, answer, credentials=credentials),
        *faults_of_headers(expected, answer),
        *(
            f"{name} cannot be read"
            for name in expected.get("exposes", ())
            if not readable(name, answer, credentials=credentials)
        ),
    ]


def faults_of_verdict(
    request: Case, expected: Case, answer: Answer, *, credentials: bool
) -> Iterator[str]:
    """Yield what a browser, or the application behind, would see otherwise."""
    for key, mode in (("allowed", credentials), ("allowed_credentialed", True)):
        concluded = verdict(request, answer, expected["kind"], credentials=mode)
        if key in expected and concluded is not expected[key]:
            yield f"{key}: a browser concludes {concluded}"
    if expected.get("handler_called", answer.app_ran) is not answer.app_ran:
        yield f"the application ran: {answer.app_ran}"
    if expected.get("status") == "ok" and answer.status not in OK:
        yield f"the status is {answer.status}"


def faults_of_headers(expected: Case, answer: Answer) -> Iterator[str]:
    """Yield each header line that is not as it should be."""
    for name, value in expected.get("headers", {}).items():
        if answer.value(name) != value:
            yield f"{name}: {answer.value(name)!r}, not {value!r}"
    yield from (f"{name} is there" for name in expected.get("absent", ()) if answer.lines(name))
    vary = answer.names("vary")
    for name in expected.get("vary_includes", ()):
        if name.lower() not in vary:
            yield f"Vary lacks {name}"
    once = expected.get("single", ())
    for name in [once] if isinstance(once, str) else once:
        if len(answer.lines(name)) != 1:
            yield f"{name} has {len(answer.lines(name))} lines"
    if expected.get("forbid_literal_star"):
        for name in ("allow-origin", "allow-methods", "allow-headers", "expose-headers"):
            if "*" in answer.names(f"access-control-{name}"):
                yield f"{name} is a literal *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether an answer is right at all, and whether it is the better alternative."""

    right: bool
    better: bool
    faults: list[str]


def judge(case: Case, answer: Answer | None) -> Judgement:
    """Judge an answer to a case's request; `None` says that the policy was refused.

    Any alternative of `expect_any` is right, and its first is the better one.
    """
    alternatives = [faults(case, each, answer) for each in case.get("expect_any", [case["expect"]])]
    return Judgement(
        right=not all(alternatives), better=not alternatives[0], faults=alternatives[0]
    )
