"""The exceptions of corsmith.

::

    CorsmithError
    ├── PolicyError(ValueError)      .problems: every problem at once, never the first only
    ├── NetworkError(OSError)        could not ask; says what was asked and what failed
    ├── AppError                     an application that cannot be imported or started
    └── UsageError                   a wrong command line, or a file that cannot be read

Nothing here is ever raised while a request is answered: decisions are values.
"""

from collections.abc import Iterable
from typing import Any, Self

from corsmith.diagnostics import Diagnostic

__all__ = ["AppError", "CorsmithError", "NetworkError", "PolicyError", "UsageError"]


class CorsmithError(Exception):
    """The base of everything corsmith raises on purpose."""


class PolicyError(CorsmithError, ValueError):
    """A policy that cannot work or is dangerous; ``problems`` holds every reason.

    >>> from corsmith import Policy
    >>> try:
    ...     Policy(origins=["https://app.example/"], max_age=-1)
    ... except PolicyError as error:
    ...     print([problem.code for problem in error.problems])
    ['origin-has-path', 'max-age-out-of-range']
    """

    def __init__(self, problems: Iterable[Diagnostic]) -> None:
        """Keep the problems; the message is composed from them when it is read."""
        self.problems: tuple[Diagnostic, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return one line a problem, under a line with their number if several."""
        lines = [str(problem) for problem in self.problems]
        if len(lines) == 1:
            return lines[0]
        return "\n  ".join([f"{len(lines)} problems:", *lines])

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Diagnostic, ...]]]:
        """Pickle as the problems alone."""
        return type(self), (self.problems,)


class NetworkError(CorsmithError, OSError):
    """No answer came back: what was asked, which step failed, why, and what to try.

    ``failure`` is one of the words of ``corsmith.browser.Failure``; ``step`` is resolve,
    connect, tls, send, first byte or headers.

    >>> print(
    ...     NetworkError(
    ...         asked="GET http://127.0.0.1:9/",
    ...         step="connect",
    ...         failure="refused",
    ...         problem="127.0.0.1:9 refuses the connection",
    ...         hint="start the server",
    ...     )
    ... )
    GET http://127.0.0.1:9/: connect: 127.0.0.1:9 refuses the connection; start the server
    """

    def __init__(
        self, *, asked: str, step: str, failure: str, problem: str, hint: str | None = None
    ) -> None:
        """Keep the facts apart; the message is composed when it is read."""
        super().__init__(asked, problem)
        self.asked = asked
        self.step = step
        self.failure = failure
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        """Return what was asked, the step, the problem and the hint as one line."""
        hint = "" if self.hint is None else f"; {self.hint}"
        return f"{self.asked}: {self.step}: {self.problem}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as the facts."""
        return _restore, ({name: getattr(self, name) for name in _FACTS},)


_FACTS = ("asked", "step", "failure", "problem", "hint")


def _restore(facts: dict[str, Any]) -> NetworkError:  # the keywords of its __init__
    return NetworkError(**facts)


class AppError(CorsmithError):
    """An application that cannot be imported or started; ``trace`` is its own traceback.

    >>> print(AppError("main.py cannot be imported", trace="NameError: name 'x' is not defined"))
    main.py cannot be imported
    NameError: name 'x' is not defined
    """

    def __init__(self, problem: str, *, trace: str | None = None) -> None:
        """Keep both apart; the message has the traceback below."""
        super().__init__(problem, trace)
        self.problem = problem
        self.trace = trace

    def __str__(self) -> str:
        """Return what is wrong, and the traceback on the lines below."""
        return self.problem if self.trace is None else f"{self.problem}\n{self.trace}"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as the facts."""
        return _restore_app_error, (self.problem, self.trace)


def _restore_app_error(problem: str, trace: str | None) -> AppError:
    return AppError(problem, trace=trace)


class UsageError(CorsmithError):
    """A wrong command line, or a file that cannot be read; carries the next step."""
