"""``python -m corsmith``, and the program ``corsmith``."""

import gc
import signal
import threading

__all__ = ["main"]

# Who interrupts the program while it is still being loaded needs no traceback of that. Only a
# main thread may say what a signal does.
_IS_MAIN = threading.current_thread() is threading.main_thread()
_BEFORE = signal.signal(signal.SIGINT, signal.SIG_DFL) if _IS_MAIN else None

# Loading makes no garbage (``corsmith.cli.loading``, which is not loaded yet).
_COLLECTS = gc.isenabled()
gc.disable()

from corsmith.cli import main  # noqa: E402  after those lines is the point

if _COLLECTS:
    gc.enable()
if _IS_MAIN:
    signal.signal(signal.SIGINT, _BEFORE)

if __name__ == "__main__":
    main(prog_name="corsmith")
