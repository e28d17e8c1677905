"""``InForce``: the policy that is in force, as the try page shows it.

What lives here: the value. What does not: how it comes into force (``herald``), and what it
predicts (``prediction``), which is loaded once somebody opens the page.
"""

from dataclasses import dataclass

from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["InForce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The policy in force, the file it is from if it is from one, and what is wrong with that.

    ``flags`` are the fields that the command line sets, whatever the file says of them;
    ``is_brought`` says that the application has brought the policy; ``problems`` are those
    of an edit that could not take the place of ``policy``.
    """

    policy: Policy | Routes
    source: str | None = None
    flags: tuple[str, ...] = ()
    is_brought: bool = False
    problems: tuple[str, ...] = ()
