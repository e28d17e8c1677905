"""A coroutine cancelled where it waits for the n-th time, for every n."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

PATIENCE = 5.0


class _Counted:
    """Runs a coroutine, and cancels the task that runs it when it waits for the n-th time."""

    def __init__(self, work: Coroutine[Any, Any, None], at: int) -> None:
        self._work = work
        self._left = at

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        waited = next(steps, None)
        step: Callable[[Any], Any]
        while True:
            if self._left == 0:
                task = asyncio.current_task()
                assert task is not None
                # Once it waits: at its n-th wait, not before.
                asyncio.get_running_loop().call_soon(task.cancel)
            self._left -= 1
            try:
                value = yield waited
            except BaseException as error:  # noqa: BLE001 - whatever it is, the work's to handle
                step, given = steps.throw, error
            else:
                step, given = steps.send, value
            try:
                waited = step(given)
            except StopIteration:
                return


async def cancelled_at(work: Coroutine[Any, Any, None], at: int) -> bool:
    """Cancel the work at its n-th wait; return whether it waited so often."""

    async def run() -> None:
        await _Counted(work, at)

    task = asyncio.create_task(run())
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(PATIENCE):
            await task
    return task.cancelled()


async def settled(before: set[asyncio.Task[Any]]) -> None:
    """Return when no task is left but those of before; raise if one stays."""
    async with asyncio.timeout(PATIENCE):
        # No task that is over tells of it to who did not begin it.
        while asyncio.all_tasks() - before - {asyncio.current_task()}:  # noqa: ASYNC110 - so
            await asyncio.sleep(0.01)
