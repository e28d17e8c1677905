"""Applications of older forms, as the servers of today call them.

What lives here: the two-step form of ASGI 2, and classes whose objects are the answers (PEP
3333, "The Application/Framework Side"). What does not: finding an application (``loading``).
"""

import inspect
from collections.abc import Callable
from typing import Any, Final

__all__ = ["Asgi2", "modern"]

_ASGI_2_ARGUMENTS: Final = 1  # scope
_WSGI_ARGUMENTS: Final = 2  # environ, start_response


class Asgi2:
    """An ASGI 3 application made of one of ASGI 2, which gets its scope in a call of its own."""

    def __init__(self, app: Callable[..., Any]) -> None:
        """Take the class or function that is called with the scope."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  as ASGI leaves them open
        """Answer one connection."""
        await self.app(scope)(receive, send)


def modern(value: object) -> Callable[..., Any] | None:
    """Return an application of an older form as one of today; ``None`` for anything else.

    >>> def app(scope): ...
    >>> type(modern(app)).__name__
    'Asgi2'
    """
    if isinstance(value, type):
        if not any("__init__" in vars(base) for base in value.__mro__[:-1]):
            return None  # its objects are made without arguments
        count = len(_required(value))
        if count == _ASGI_2_ARGUMENTS and inspect.iscoroutinefunction(value.__call__):
            return Asgi2(value)
        return value if count == _WSGI_ARGUMENTS and hasattr(value, "__iter__") else None
    if inspect.isfunction(value) and _required(value) == ["scope"]:
        return Asgi2(value)
    return None


def _required(call: Callable[..., Any]) -> list[str]:
    """Return the arguments that a call must give; empty where that is not told."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        one.name
        for one in parameters
        if one.default is one.empty
        and one.kind is not one.VAR_POSITIONAL
        and one.kind is not one.VAR_KEYWORD
    ]
