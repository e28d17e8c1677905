"""Where in the user's files a function or a class is written.

What lives here: file and line of an object. What does not: calls in a syntax tree (``sites``).
"""

import inspect
from functools import partial
from types import CodeType

from corsmith.application.frames import is_theirs, shorten

__all__ = ["code_of", "name_of", "place_of"]


def place_of(value: object) -> str | None:
    """Return file and line of what the user wrote, ``None`` for what somebody else did."""
    code = code_of(_first_function(value) if isinstance(value, type) else value)
    if code is None or not is_theirs(code.co_filename):
        return None
    return f"{shorten(code.co_filename)}:{code.co_firstlineno}"


def name_of(value: object) -> str:
    """Return what an endpoint is called; empty where it has no name."""
    return str(getattr(_innermost(value), "__qualname__", "")).rpartition("<locals>.")[2]


def code_of(value: object) -> CodeType | None:
    """Return the code of a function, below its decorators."""
    code = getattr(_innermost(value), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _innermost(value: object) -> object:
    while isinstance(value, partial):
        # What a framework wraps a handler in has the handler among its arguments.
        inner = [one for one in value.args if inspect.isroutine(one)]
        value = inner[0] if inner else value.func
    return inspect.unwrap(value) if callable(value) else value


def _first_function(kind: type) -> object:
    own = [one for one in vars(kind).values() if inspect.isfunction(one)]
    return min(own, key=lambda one: one.__code__.co_firstlineno, default=None)
