"""The exceptions of corsmith.

::

    CorsmithError
    ├── PolicyError(ValueError)      .problems: every problem at once, never the first only
    └── UsageError                   a wrong command line, or a file that cannot be read

Nothing here is ever raised while a request is answered: decisions are values.
"""

from collections.abc import Iterable
from typing import Self

from corsmith.diagnostics import Diagnostic

__all__ = ["CorsmithError", "PolicyError", "UsageError"]


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


class UsageError(CorsmithError):
    """A wrong command line, or a file that cannot be read; carries the next step."""
