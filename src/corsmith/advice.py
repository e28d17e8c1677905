"""``advise``: what to write in the policy so that a refused request is allowed.

What lives here: the line of TOML that would change a decision, and the sentence beside
it. What does not: the decision and its reason (``decision``), and who prints them.

Three rules hold:

* a line is offered only if the policy that has it can be made and allows the request:
  each one has been tried here, by the same judge that answers requests;
* what is dangerous is never offered: not ``null``, not ``*`` with credentials, not what
  needs ``accept_risks``. The note then names the risk, and the choice stays the user's;
* what the policy has is kept: a line holds the present values and the missing one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from corsmith.decision import CorsRequest, Decision, Kind, decide
from corsmith.diagnostics import Diagnostic, quote
from corsmith.errors import PolicyError
from corsmith.headers import split_list
from corsmith.policy import Policy

__all__ = ["Advice", "advise", "write_field"]

_NULL: Final = (
    "null is what every sandboxed frame and every page from a file sends, so whoever "
    "allows it allows any site (the risk null-origin). Serve the page from an origin of its own."
)
_ANY_WITH_CREDENTIALS: Final = (
    '"*" with credentials would let every site act as the signed-in user '
    "(wildcard-with-credentials), so name each origin that may."
)
_CREDENTIALS: Final = (
    "Every page of the listed origins then acts as the signed-in user: list only those you trust."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What would change a decision: ``line`` in TOML, and ``note`` beside it in words.

    ``line`` replaces the field of that name, or is added; it has a second line where one
    field alone cannot do it, and is ``None`` where nothing should be written. ``added``
    holds what the policy lacks, as it stands in the line.

    >>> policy = Policy(origins=["https://app.example"])
    >>> asked = CorsRequest("OPTIONS", "https://app.example", "PUT")
    >>> print(advise(policy, asked, decide(policy, asked)).line)
    methods = ["GET", "HEAD", "POST", "PUT"]
    """

    line: str | None
    note: str
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One obstacle removed: the fields to change, or none where nothing should be."""

    note: str
    fields: Mapping[str, object] | None = None
    added: tuple[object, ...] = ()
    request: CorsRequest | None = None  # what the page must send instead, if it must


def advise(
    policy: Policy, request: CorsRequest, decision: Decision, *, credentials: bool = False
) -> Advice:
    """Return what to write so that ``policy`` allows what ``decision`` refuses.

    ``credentials`` says that the page includes cookies or other credentials, which no
    request tells: with them a policy must say ``credentials = true``.
    """
    if decision.kind is Kind.NOT_CORS:
        return Advice(line=None, note="Without an Origin header no policy is asked.")
    changes: dict[str, object] = {}
    notes: list[str] = []
    added: list[object] = []
    current = policy
    # Each step removes one obstacle for good: origin, method, headers, credentials.
    while (step := _next_step(current, request, decision, credentials=credentials)) is not None:
        if step.fields is None:
            return Advice(line=None, note=step.note)
        changes |= step.fields
        try:
            current = Policy.from_mapping({**policy.to_mapping(), **changes})
        except PolicyError as error:
            return Advice(line=None, note=_because(error.problems))
        notes.append(step.note)
        added.extend(step.added)
        request = step.request or request
        decision = decide(current, request)
    if not changes:
        return Advice(line=None, note="Nothing needs changing.")
    return Advice(
        line="\n".join(write_field(name, value) for name, value in changes.items()),
        note=" ".join(note for note in notes if note),
        added=tuple(write_value(value) for value in added),
    )


def _next_step(
    policy: Policy, request: CorsRequest, decision: Decision, *, credentials: bool
) -> _Step | None:
    """Return how to remove the first obstacle; ``None`` if there is none."""
    if decision.reasons:
        reason = decision.reasons[0]
        if reason.code == "origin-not-allowed":
            return _allow_origin(policy, request.origins[0].strip(" \t"))
        if reason.code == "method-not-allowed":
            return _allow_method(policy, request)
        if reason.code == "header-not-allowed":
            return _allow_headers(policy, request)
        return _Step(note="No browser sends this: no line of the policy would change it.")
    if credentials and not policy.credentials:
        return _allow_credentials(policy, request.origins)
    return None


def _allow_origin(policy: Policy, origin: str) -> _Step:
    if origin == "null":
        return _Step(note=_NULL)
    return _Step(
        fields={"origins": [*policy.origins, origin]},
        note=f"Every page of {origin} may then read these answers.",
        added=(origin,),
    )


def _allow_method(policy: Policy, request: CorsRequest) -> _Step:
    method = request.request_method or ""
    upper = method.upper()
    if method == upper:
        return _Step(fields={"methods": [*policy.methods, method]}, note="", added=(method,))
    # A page's `put` arrives as PUT, its `patch` as patch (Fetch, #concept-method-normalize).
    note = f"In the page write method: {quote(upper)}: methods compare with case."
    if upper in policy.methods:
        return _Step(note=note)
    return _Step(
        fields={"methods": [*policy.methods, upper]},
        note=note,
        added=(upper,),
        request=replace(request, request_method=upper),
    )


def _allow_headers(policy: Policy, request: CorsRequest) -> _Step:
    asked = dict.fromkeys(
        name.lower() for line in request.request_headers for name in split_list(line)
    )
    missing = [
        name for name in asked if decide(policy, replace(request, request_headers=(name,))).reasons
    ]
    return _Step(fields={"headers": [*policy.headers, *missing]}, note="", added=tuple(missing))


def _allow_credentials(policy: Policy, origins: Sequence[str]) -> _Step:
    if "*" not in policy.origins:
        return _Step(fields={"credentials": True}, note=_CREDENTIALS, added=(True,))
    if "null" in origins:
        return _Step(note=f"{_ANY_WITH_CREDENTIALS} {_NULL}")
    return _Step(
        fields={"origins": list(origins), "credentials": True},
        note=_ANY_WITH_CREDENTIALS,
        added=(*origins, True),
    )


def _because(problems: Sequence[Diagnostic]) -> str:
    """Return why the policy that would allow the request is not to be made."""
    return " ".join(str(problem) for problem in problems)


def write_field(name: str, value: object) -> str:
    """Return one field of a policy as a line of TOML.

    >>> write_field("max_age", 600), write_field("origins", ["*"])
    ('max_age = 600', 'origins = ["*"]')
    """
    return f"{name} = {write_value(value)}"


def write_value(value: object) -> str:
    """Return a value of a policy's mapping as TOML writes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(write_value, value))}]"
    # A JSON string is a TOML basic string, except that TOML has DEL escaped too; the
    # truth values and whole numbers are spelled alike (TOML 1.0.0, string, integer).
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
