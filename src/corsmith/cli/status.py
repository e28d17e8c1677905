"""The exit status of every verb, in one place."""

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """What a shell or a CI job learns from a run."""

    OK = 0
    """Yes, or clean; also ``serve`` ended by Ctrl-C or SIGTERM."""

    NO = 1
    """No, or findings."""

    USAGE = 2
    """A wrong command line, or an invalid policy."""

    UNKNOWN = 3
    """It could not be found out."""

    INTERRUPTED = 130
    """Interrupted, in every verb but ``serve``."""
