"""The mark of a route: the policy that one endpoint asks for, beside the policy of the whole.

What lives here: putting a mark on an endpoint and reading it. What does not: which endpoint a
request goes to (each framework's adapter asks its router) and what a policy answers.

A mark is the attribute ``cors_policy``: of a function, where ``@cors(…)`` puts it, or of a
class whose objects answer requests, where its author writes it.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import Final, TypeAlias, TypeVar

from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.policy import Policy

__all__ = ["UNMARKED", "Mark", "Marks", "Unmarked", "cors", "mark_of", "read_mark"]

_ATTRIBUTE: Final = "cors_policy"
_MOST_WRAPPED: Final = 64
"""The deepest chain of wrappers that is followed: a longer one is a circle."""

Endpoint = TypeVar("Endpoint")


class Unmarked(Enum):
    """What stands for the absence of a mark: the policy of the whole application holds."""

    UNMARKED = "unmarked"


UNMARKED: Final = Unmarked.UNMARKED

Mark: TypeAlias = Policy | Unmarked | None
"""A policy, or ``None`` for an endpoint that is exempt, or no mark."""

Marks: TypeAlias = Callable[[str, str], Mark]
"""Finds the mark of the endpoint that a method and a decoded path go to.

For a preflight the method is the one that it asks for.
"""


def cors(policy: Policy | None = None, /, **fields: object) -> Callable[[Endpoint], Endpoint]:
    """Return a decorator that gives an endpoint a policy of its own.

    ``@cors(policy)``, or its fields: ``@cors(origins=["https://app.example"])``; ``@cors(None)``
    exempts the endpoint: no header is added, and its OPTIONS goes to the application. Raises
    ``PolicyError``.

    >>> @cors(origins=["https://partner.example"])
    ... def report(): ...
    >>> mark_of(report)
    Policy(origins=['https://partner.example'])
    """
    if fields and policy is not None:
        names = ", ".join(fields)
        message = f"a policy is given, and its fields beside it: {names}."
        raise PolicyError([diagnose("unknown-field", None, names, message, "Give one of the two.")])
    mark = read_mark(Policy.from_mapping(fields) if fields else policy)

    def put(endpoint: Endpoint) -> Endpoint:
        try:
            setattr(endpoint, _ATTRIBUTE, mark)
        except AttributeError:
            message = f"{quote(endpoint)} cannot be marked."
            fix = "Put @cors(…) on the function or class itself, below the route's decorator."
            raise PolicyError(
                [diagnose("wrong-type", "endpoint", quote(endpoint), message, fix)]
            ) from None
        return endpoint

    return put


def read_mark(value: object) -> Policy | None:
    """Return what was written as a mark, checked: a policy, its fields, or ``None``.

    Raises ``PolicyError``.
    """
    if value is None or isinstance(value, Policy):
        return value
    if isinstance(value, Mapping):
        return Policy.from_mapping(value)
    message = f"{quote(value)} is no policy of a route."
    fix = 'Give a Policy, or its fields: @cors(origins=["https://app.example"]); None exempts it.'
    raise PolicyError([diagnose("wrong-type", _ATTRIBUTE, quote(value), message, fix)])


def mark_of(*endpoints: object) -> Mark:
    """Return the mark of the first endpoint that has one; also below its decorators."""
    for endpoint in endpoints:
        inner = endpoint
        for _ in range(_MOST_WRAPPED):
            if hasattr(inner, _ATTRIBUTE):
                return read_mark(getattr(inner, _ATTRIBUTE))
            below = (
                inner.func if isinstance(inner, partial) else getattr(inner, "__wrapped__", None)
            )
            if below is None:
                break
            inner = below
    return UNMARKED
