"""What is told of a slip on the command line of ``corsmith serve``, beside click's own words.

What lives here: other tools' names of our flags, and several targets. What does not: which
flags there are (``serve_flags``), and a target that is none (``corsmith.target``).
"""

import os.path
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["OTHERS_WORDS", "several_targets"]

OTHERS_WORDS: Final[Mapping[str, str]] = {
    "-H": "--header",
    "-o": "--open",
    "-p": "--port",
    "--allow-credentials": "--credentials",
    "--allow-header": "--header",
    "--allow-headers": "--header",
    "--allow-method": "--method",
    "--allow-methods": "--method",
    "--allow-origin": "--origin",
    "--allow-origins": "--origin",
    "--bind": "--host",
    "--cacert": "--ca",
    "--cors": "--origin",
    "--expose-header": "--expose",
    "--expose-headers": "--expose",
    "--from": "--origin",
}
"""The flag that is meant by a word of uvicorn, http-server, curl and libraries of CORS."""


def several_targets(words: Sequence[str]) -> str:
    """Return what is wrong with several targets, and what to type where they share a folder.

    >>> print(several_targets(["data/a.csv", "data/b.csv"]))
    2 targets are named, and a server has one
      to serve them all, write corsmith serve data
    """
    first = f"{len(words)} targets are named, and a server has one"
    folders = {os.path.dirname(word) or "." for word in words}  # noqa: PTH120  as they were typed
    if len(folders) == 1 and "://" not in "".join(words):
        return f"{first}\n  to serve them all, write corsmith serve {shlex.quote(folders.pop())}"
    return f"{first}\n  start one for each, with --port of its own"
