"""``corsmith`` in a process that ends with the one that started it.

What lives here: noticing that it has gone. What does not: starting it (``beside``). It is
run as ``python -m corsmith.server.follower serve …``, with a pipe for its standard input that
whoever starts it holds open.
"""

import os
import signal
import sys
import threading
from importlib import import_module

from corsmith.server.serving import FOLLOWED

__all__ = ["follow"]


def follow() -> None:
    """Do what the command line says, until standard input ends."""
    threading.Thread(target=_wait, name="corsmith-follower", daemon=True).start()
    sys.argv[0] = "corsmith"
    import_module("corsmith.__main__").main(prog_name="corsmith", obj=FOLLOWED)


def _wait() -> None:
    # Not through sys.stdin, which belongs to the program, and a lock of it to this thread.
    while os.read(0, 1024):
        """Nothing is ever written there."""
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    follow()
