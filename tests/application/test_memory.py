"""An application called in memory: what a browser would get, and what left the application."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.application.memory import InMemory
from corsmith.errors import AppError, PolicyError
from corsmith.exchange import Answer, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corsmith.application.memory import Called

URL = "https://localhost:8443/a%20b?c=d"
HEADERS = (("Origin", "https://app.example"), ("X-A", "1"), ("X-A", "2"))


def answer(called: Called) -> Answer:
    """Return the answer of a call, which there must be."""
    assert isinstance(called.result, Answer)
    return called.result


def test_an_asgi_application_gets_the_request_as_a_server_gives_it() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.update(scope, body=(await receive())["body"])
            await send({"type": "http.response.start", "status": 201, "headers": [(b"A", b"1")]})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await send({"type": "http.response.body", "body": b"y"})
            await send({"type": "http.response.debug"})

    with InMemory(app) as server:
        called = server.call("PUT", URL, HEADERS, b"body")
    assert called.raised is None
    assert (answer(called).status, answer(called).headers) == (201, (("A", "1"),))
    assert answer(called).body == b"xy"
    assert (seen["method"], seen["scheme"], seen["path"]) == ("PUT", "https", "/a b")
    assert (seen["raw_path"], seen["query_string"]) == (b"/a%20b", b"c=d")
    assert seen["server"] == ("localhost", 8443)
    assert seen["body"] == b"body"
    assert seen["headers"] == [
        (b"host", b"localhost:8443"),
        (b"origin", b"https://app.example"),
        (b"x-a", b"1"),
        (b"x-a", b"2"),
        (b"content-length", b"4"),
    ]


def test_a_wsgi_application_gets_the_request_as_a_server_gives_it() -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("201 Created", [("A", "1")])(b"w")
        return [b"x", b"y"]

    called = InMemory(app).call("PUT", URL, HEADERS, b"body")
    assert (answer(called).status, answer(called).reason) == (201, "Created")
    assert (answer(called).headers, answer(called).body) == ((("A", "1"),), b"wxy")
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/a b", "c=d")
    assert (seen["wsgi.url_scheme"], seen["SERVER_PORT"]) == ("https", "8443")
    assert (seen["HTTP_X_A"], seen["CONTENT_LENGTH"], seen["body"]) == ("1,2", "4", b"body")


def test_what_is_no_application_is_refused() -> None:
    with pytest.raises(PolicyError, match="no ASGI or WSGI application"):
        InMemory(lambda: None)


async def failing(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"] == "/late":
        await send({"type": "http.response.start", "status": 200})
    raise RuntimeError("first line\nsecond line")


def failing_wsgi(environ: Any, start_response: Any) -> Iterator[bytes]:
    if environ["PATH_INFO"] == "/late":
        start_response("200 OK", [])
    yield from ()
    raise RuntimeError


@pytest.mark.parametrize("app", [failing, failing_wsgi])
def test_what_raises_gets_a_servers_plain_500_and_names_the_users_line(app: Any) -> None:
    with InMemory(app) as server:
        early, late = (
            server.call("GET", "http://localhost/"),
            server.call("GET", "http://localhost/late"),
        )
    assert (answer(early).status, answer(late).status) == (500, 200)
    assert answer(early).get("access-control-allow-origin") is None
    for called in (early, late):
        assert called.raised is not None
        assert called.raised.file is not None
        assert called.raised.file.endswith("test_memory.py")
        assert str(called.raised).startswith("RuntimeError")
        assert f":{called.raised.line}" in str(called.raised)
        assert "second" not in str(called.raised)


def test_an_exception_without_a_line_of_the_users_has_no_place() -> None:
    code = compile("def app(environ, start_response): raise KeyError('x')", "<string>", "exec")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  a function without a file
    called = InMemory(names["app"]).call("GET", "http://localhost/")
    assert called.raised is not None
    # The calling lines are ours, and the raising one has no file.
    assert str(called.raised).startswith("KeyError: 'x'")


def test_the_start_up_runs_once_and_its_state_reaches_each_request() -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                told.append((await receive())["type"])
                scope["state"]["key"] = "value"
                await send({"type": f"{told[-1]}.complete"})
            return
        told.append(scope["state"].pop("key"))
        await send({"type": "http.response.start", "status": 200, "headers": iter([])})
        await send({"type": "http.response.body"})

    with InMemory(app) as server:
        server.start()
        server.start()
        assert [answer(server.call("GET", "http://localhost/")).status for _ in range(2)] == [
            200,
            200,
        ]
    server.close()
    assert told == ["lifespan.startup", "value", "value", "lifespan.shutdown"]


@pytest.mark.parametrize(("message", "told"), [("no database", "no database"), ("", "no reason")])
def test_a_start_up_that_fails_says_why(message: str, told: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": message})

    with pytest.raises(AppError, match="start-up fails") as caught:
        InMemory(app).start()
    assert told in str(caught.value)


def test_a_start_up_that_never_ends_is_given_up() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    with pytest.raises(AppError, match=r"start-up takes over 0\.1 seconds"):
        InMemory(app, seconds=0.1).start()


def test_an_asgi_application_that_does_not_answer_is_given_up() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.Event().wait()

    with InMemory(app, seconds=0.1) as server:
        called = server.call("GET", "http://localhost/")
    assert isinstance(called.result, NoAnswer)
    assert called.result.problem == "no answer within 0.1 seconds"


@pytest.mark.parametrize("seconds", [0.1, 5])
def test_a_wsgi_application_is_given_up_after_its_time(seconds: float) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        time.sleep(0.3)
        start_response("200 OK", [])
        return []

    called = InMemory(app, seconds=seconds).call("GET", "http://localhost/")
    assert isinstance(called.result, NoAnswer if seconds < 0.3 else Answer)


def test_an_endless_body_ends_by_a_disconnect_and_is_kept_as_far_as_it_went() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 70_000, "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    with InMemory(app) as server:
        called = server.call("GET", "http://localhost/")
    assert answer(called).ended == "time"
    assert len(answer(called).body) == 64 * 1024


def test_an_application_that_stays_until_its_client_leaves_has_answered_in_whole() -> None:
    left: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body"})
        left.append((await receive())["type"])

    with InMemory(app) as server:
        called = server.call("GET", "http://localhost/")
    assert left == ["http.disconnect"]
    assert (answer(called).ended, answer(called).body) == ("complete", b"x")


def test_an_endless_wsgi_body_is_closed() -> None:
    closed: list[bool] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x" * 10_000

        def close(self) -> None:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body()

    assert len(answer(InMemory(app).call("GET", "http://localhost/")).body) == 64 * 1024
    assert closed == [True]


def test_an_application_that_returns_without_an_answer_is_told() -> None:
    async def asgi(scope: Any, receive: Any, send: Any) -> None: ...

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        return []

    with InMemory(asgi) as server:
        result = server.call("GET", "http://localhost/").result
    assert isinstance(result, NoAnswer)
    assert result.problem == "the application returns without an answer"
    result = InMemory(wsgi).call("GET", "http://localhost/").result
    assert isinstance(result, NoAnswer)
    assert result.problem == "no answer"


def test_a_status_that_is_none_is_told() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("OK", [])
        return []

    result = InMemory(app).call("GET", "http://localhost/").result
    assert isinstance(result, NoAnswer)
    assert result.problem == "start_response was given 'OK'"


def test_a_second_start_response_needs_exc_info() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/again":
            start_response("500 Oh", [], (None, None, None))
        else:
            start_response("500 Oh", [])
        return []

    server = InMemory(app)
    assert answer(server.call("GET", "http://localhost/again")).status == 500
    wrong = server.call("GET", "http://localhost/")
    assert wrong.raised is not None
    assert isinstance(wrong.raised.error, AssertionError)


def test_a_running_loop_is_no_obstacle() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})

    async def caller() -> int:
        with InMemory(app) as server:
            return answer(server.call("GET", "http://localhost/")).status

    assert asyncio.run(caller()) == 204


def test_an_asgi_application_that_blocks_its_loop_is_given_up_too() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            time.sleep(0.5)  # noqa: ASYNC251  the mistake that is tested

    with InMemory(app, seconds=0.1) as server:
        called = server.call("GET", "http://localhost/")
    assert isinstance(called.result, NoAnswer)


def test_a_stream_that_listens_to_nobody_is_cancelled() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.Event().wait()

    with InMemory(app) as server:
        called = server.call("GET", "http://localhost/")
    assert (answer(called).ended, called.raised) == ("time", None)
