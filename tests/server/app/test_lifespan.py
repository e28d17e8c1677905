"""The start and the end of an application, and what is told of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.errors import AppError
from corsmith.policy import Policy
from corsmith.server.app.lifespan import Lifespan
from corsmith.server.serving import Starting, Told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TOLD = Told(notes=(("found", "an app"),), policy=Policy(origins="*"))
COMPLETE = ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@dataclass
class Lived:
    """What the server library and the person were told."""

    sent: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def live(app: Callable[..., Awaitable[None]]) -> Lived:
    """Run a lifespan from its start to its end."""
    lived = Lived()
    wrapped = Lifespan(app, name="main:app", root="/nowhere", notes=TOLD.notes, policy=TOLD.policy)
    assert isinstance(wrapped, Starting)
    wrapped.on_start(lived.told.append)
    waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        lived.sent.append(message["type"])

    async def run() -> None:
        await wrapped({"type": "lifespan"}, receive, send)

    asyncio.run(run())
    assert waiting == []
    return lived


async def good(_scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "lifespan.startup"
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    await send({"type": "lifespan.shutdown.complete"})


def test_an_application_that_starts_and_ends_is_told_as_it_is() -> None:
    lived = live(good)
    assert (lived.sent, lived.told) == (COMPLETE, [TOLD])


async def raises_before(_scope: Any, _receive: Any, _send: Any) -> None:
    raise ValueError("only HTTP is spoken here")


async def returns(_scope: Any, _receive: Any, _send: Any) -> None: ...


async def returns_when_asked(_scope: Any, receive: Any, _send: Any) -> None:
    await receive()


async def answers_http(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize("app", [raises_before, returns, returns_when_asked, answers_http])
def test_an_application_without_a_lifespan_is_ready_at_once(app: Any) -> None:
    lived = live(app)
    assert (lived.sent, lived.told) == (COMPLETE, [TOLD])


async def crashes(_scope: Any, receive: Any, _send: Any) -> None:
    await receive()
    raise ConnectionError("no database")


async def fails(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def fails_and_raises(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "all frames of a framework"})
    raise ConnectionError("no database")


async def fails_silently(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed"})


@pytest.mark.parametrize(
    ("app", "trace"),
    [
        (crashes, "ConnectionError: no database"),
        (fails, "no database"),
        (fails_and_raises, "ConnectionError: no database"),
        (fails_silently, None),
    ],
)
def test_a_start_that_fails_is_told_with_its_own_traceback(app: Any, trace: str | None) -> None:
    lived = live(app)
    (told,) = lived.told
    assert isinstance(told.error, AppError)
    first, step = told.error.problem.splitlines()
    assert first == "main:app fails when it starts"
    assert step.endswith("; then start again, or use --reload")
    assert ("test_lifespan.py, line " in step) is str(trace).startswith("ConnectionError")
    if trace is None:
        assert told.error.trace is None
    else:
        assert str(told.error.trace).endswith(trace)
        assert "all frames" not in str(told.error.trace)
    assert "lifespan.startup.complete" not in lived.sent


async def ends_badly(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise ConnectionError("already closed")


async def says_that_it_ends_badly(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.failed", "message": "already closed"})


@pytest.mark.parametrize("app", [ends_badly, says_that_it_ends_badly])
def test_an_end_that_fails_is_written_to_the_log_and_ends(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lived = live(app)
    assert (lived.sent, lived.told) == (COMPLETE, [TOLD])
    (record,) = caplog.records
    assert "fails when it ends" in record.getMessage()
    assert record.getMessage().endswith("already closed")


def test_a_request_passes_untouched() -> None:
    seen: list[Any] = []

    async def app(*connection: Any) -> None:
        seen.extend(connection)

    wrapped = Lifespan(app, name="main:app", root="/nowhere")
    scope = {"type": "http"}
    asyncio.run(wrapped(scope, good, good))  # type: ignore[arg-type]  # nobody calls them
    assert seen == [scope, good, good]
    assert seen[0] is scope


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt()])
def test_a_handler_that_ends_the_program_has_raised_an_error(error: BaseException) -> None:
    """So that its answer is a 500 that a page can read, and the server goes on."""

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise error

    async def serve() -> None:
        await Lifespan(app, name="main:app", root="/nowhere")({"type": "http"}, good, good)  # type: ignore[arg-type]  # nobody calls them

    with pytest.raises(RuntimeError, match=f"the application raised {type(error).__name__}"):
        asyncio.run(serve())


def test_an_application_that_nobody_waits_for_starts_all_the_same() -> None:
    async def run() -> None:
        waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> Any:
            return waiting.pop(0)

        async def send(_message: Any) -> None: ...

        await Lifespan(good, name="main:app", root="/nowhere")({"type": "lifespan"}, receive, send)

    asyncio.run(run())
