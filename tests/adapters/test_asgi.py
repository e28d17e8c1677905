"""What only ASGI has: messages, scopes, WebSocket handshakes, event loops."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio

from corsmith.adapters.asgi import CORSMiddleware
from tests.adapters.hosts import Request, run, scope_of
from tests.adapters.table import APP, OPEN, OTHER, POLICY, ROUTES, get, preflight

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from corsmith import Policy

START = {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]}
BODY = {"type": "http.response.body", "body": b"hello"}


async def receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def answering(*messages: Any) -> Callable[..., Awaitable[None]]:
    """Return an application that sends these messages."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


def sent_by(app: Any, scope: Any) -> tuple[list[Any], Exception | None]:
    """Return what an application sends, and what it raises."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    return sent, run(app(scope, receive, send))


def test_servers_see_an_application_of_asgi_3() -> None:
    app = CORSMiddleware(answering(), POLICY)
    assert inspect.iscoroutinefunction(app.__call__)
    assert len(inspect.signature(app).parameters) == 3


def test_only_the_start_of_the_response_is_touched_and_that_on_a_copy() -> None:
    hint = {"type": "http.response.early_hint", "links": []}
    trailers = {"type": "http.response.trailers", "headers": []}
    messages = (hint, START, BODY, trailers, BODY)
    sent, raised = sent_by(CORSMiddleware(answering(*messages), POLICY), scope_of(get(APP)))
    assert raised is None
    assert [a is b for a, b in zip(sent, messages, strict=True)] == [True, False, True, True, True]
    assert START["headers"] == [(b"x", b"y")]
    assert sent[1] == {
        **START,
        "headers": [(b"x", b"y"), *POLICY.byte_answers.actual(APP.encode())],
    }


def test_what_the_start_says_besides_is_kept() -> None:
    start = {**START, "trailers": True, "extension": object()}
    sent, _ = sent_by(CORSMiddleware(answering(start), POLICY), scope_of(get()))
    assert sent[0] == {**start, "headers": [(b"x", b"y"), (b"vary", b"Origin")]}


@pytest.mark.parametrize(
    "headers",
    [
        (),
        None,
        ((b"vary", b"a"),),
        [[b"Vary", b"a"]],
        iter([(b"x", b"y")]),
        ((name, b"1") for name in (b"a", b"b")),
        [(b"ACCESS-CONTROL-ALLOW-ORIGIN", b"*"), (b"VARY", b"origin")],
    ],
    ids=["empty", "none", "tuple", "lists", "iterator", "generator", "upper case"],
)
def test_headers_may_have_any_form(headers: Any) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    sent, raised = sent_by(CORSMiddleware(answering(start), POLICY), scope_of(get(APP)))
    assert raised is None
    names = [name.lower() for name, _ in sent[0]["headers"]]
    assert names.count(b"access-control-allow-origin") == names.count(b"vary") == 1


def test_a_start_without_headers_gets_them() -> None:
    start = {"type": "http.response.start", "status": 204}
    sent, _ = sent_by(CORSMiddleware(answering(start), OPEN), scope_of(get()))
    assert sent[0]["headers"] == list(OPEN.byte_answers.unmatched)
    assert "headers" not in start


@pytest.mark.parametrize("request_", [get(APP), get(OTHER), get(), preflight(APP)])
def test_a_server_that_changes_what_it_got_changes_nothing_later(request_: Request) -> None:
    app = CORSMiddleware(answering(START, BODY), POLICY)
    first, _ = sent_by(app, scope_of(request_))
    before = list(first[0]["headers"])
    first[0]["headers"].append((b"set-cookie", b"secret"))
    first[0]["status"] = 500
    second, _ = sent_by(app, scope_of(request_))
    assert second[0]["headers"] == before


def test_the_request_and_its_scope_reach_the_application_as_they_are() -> None:
    seen: list[Any] = []

    async def app(*arguments: Any) -> None:
        seen.extend(arguments)

    scope = scope_of(get(APP))
    run(CORSMiddleware(app, POLICY)(scope, receive, receive))  # type: ignore[arg-type]
    assert seen[:2] == [scope, receive]
    assert seen[0] is scope


@pytest.mark.parametrize("kind", ["lifespan", "websocket", "mcp", "http.tunnel"])
def test_what_is_not_http_passes_untouched(kind: str) -> None:
    seen: list[Any] = []

    async def app(*arguments: Any) -> None:
        seen.append(arguments)

    scope = {"type": kind, "headers": [(b"origin", b"https://other.example")]}

    async def send(message: Any) -> None:
        """Take a message."""

    assert run(CORSMiddleware(app, POLICY)(scope, receive, send)) is None
    assert seen == [(scope, receive, send)]
    assert seen[0][2] is send


def failing(error: BaseException, *messages: Any) -> Callable[..., Awaitable[None]]:
    """Return an application that sends messages and raises."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        raise error

    return app


def test_an_exception_before_the_start_is_answered_and_raised_again() -> None:
    error = LookupError("nothing there")
    sent, raised = sent_by(CORSMiddleware(failing(error), POLICY), scope_of(get(APP)))
    assert raised is error
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 500
    assert (b"access-control-allow-origin", APP.encode()) in sent[0]["headers"]
    assert (b"content-type", b"text/plain; charset=utf-8") in sent[0]["headers"]
    assert (b"content-length", str(len(sent[1]["body"])).encode()) in sent[0]["headers"]
    assert sent[1]["body"] == b"Internal Server Error\n"


def test_an_exception_after_the_start_is_only_raised_again() -> None:
    error = LookupError("nothing there")
    app = CORSMiddleware(failing(error, START, BODY), POLICY)
    sent, raised = sent_by(app, scope_of(get(APP)))
    assert raised is error
    assert len(sent) == 2


def test_the_exception_of_the_application_counts_where_the_client_is_gone() -> None:
    async def send(message: Any) -> None:
        raise ConnectionResetError

    error = LookupError("nothing there")
    app = CORSMiddleware(failing(error), POLICY)
    assert run(app(scope_of(get(APP)), receive, send)) is error


def test_a_cancelled_request_is_not_answered() -> None:
    app = CORSMiddleware(failing(asyncio.CancelledError()), POLICY)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(asyncio.CancelledError):
        app(scope_of(get(APP)), receive, send).send(None)
    assert sent == []


def test_where_no_policy_holds_an_exception_passes_unanswered() -> None:
    error = LookupError("nothing there")
    app = CORSMiddleware(failing(error), ROUTES)
    assert sent_by(app, scope_of(get(APP, path="/elsewhere"))) == ([], error)


def test_where_a_function_exempts_an_exception_is_answered_with_vary() -> None:
    async def nobody(*shared: Any) -> None:
        """Exempt everyone."""

    error = LookupError("nothing there")
    sent, raised = sent_by(CORSMiddleware(failing(error), nobody), scope_of(get(APP)))
    assert raised is error
    assert sent[0]["headers"][-1] == (b"vary", b"Origin")
    app = CORSMiddleware(failing(error, START), nobody)
    assert len(sent_by(app, scope_of(get(APP)))[0]) == 1


# ── event loops ────────────────────────────────────────────────────────────────


async def waiting(scope: Any, receive: Any, send: Any) -> None:
    """Wait in the way of the loop that runs, then answer or fail."""
    await scope["sleep"](0)
    if scope["path"] == "/fails":
        raise LookupError
    await send(START)
    await scope["sleep"](0)
    await send(BODY)


async def ask_waiting(sleep: Any) -> list[Any]:
    """Ask an application that waits, with a function that waits too, and return all answers."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        await sleep(0)
        sent.append(message)

    async def choose(*shared: Any) -> Policy:
        await sleep(0)
        return POLICY

    for source in (POLICY, choose):
        app = CORSMiddleware(waiting, source, enforce=True)
        for request in (get(APP), get(OTHER), preflight(APP)):
            await app({**scope_of(request), "sleep": sleep}, receive, send)
        with pytest.raises(LookupError):
            await app({**scope_of(get(APP, path="/fails")), "sleep": sleep}, receive, send)
        await app({**scope_of(get(OTHER)), "type": "lifespan", "sleep": sleep}, receive, send)
    return sent


@pytest.mark.parametrize(
    "all_of_it",
    [
        lambda: asyncio.run(ask_waiting(asyncio.sleep)),
        lambda: trio.run(ask_waiting, trio.sleep),
    ],
    ids=["asyncio", "trio"],
)
def test_it_runs_under_any_event_loop(all_of_it: Callable[[], list[Any]]) -> None:
    sent = all_of_it()
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert [start["status"] for start in starts] == [200, 403, 200, 500, 200] * 2


def test_it_imports_no_event_loop() -> None:
    program = "import sys, corsmith.adapters.asgi; print('asyncio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
