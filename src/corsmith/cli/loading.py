"""Loading modules without a look for garbage in between.

What lives here: one block to load in. What does not: what is loaded, and how a worker has its
garbage collected (``corsmith.server.worker``).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["loading"]


@contextmanager
def loading() -> Iterator[None]:
    """Have no garbage looked for in this block, unless somebody turns that on again.

    Loading makes many objects and no garbage: looking for some took a twelfth of a start.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
