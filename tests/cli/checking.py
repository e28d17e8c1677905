"""What the tests of ``corsmith check`` share: how the command is run."""

from collections.abc import Callable
from typing import TypeAlias

from click.testing import Result

__all__ = ["Check"]

Check: TypeAlias = Callable[..., Result]
"""Runs ``corsmith check`` with these words, in a folder with policy files."""
