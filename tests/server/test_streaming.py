"""Bodies that the application reads by itself, WebSockets and lifespans, behind the limits."""

from __future__ import annotations

import asyncio
import json
import weakref
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.server.body import Patience
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from corsmith.server.streaming import Streamed
from tests.server.in_memory import parts, run, scope
from tests.server.test_front import Lines

OPEN = Policy(origins="*")
STRICT = Policy(origins=["https://app.example"])
CHUNKED = (b"transfer-encoding", b"chunked")
PAGE = (b"origin", b"https://app.example")
STRANGER = (b"origin", b"https://evil.example")


async def upper(scope: Any, receive: Any, send: Any) -> None:
    """Answer each part of a body in upper case, as it comes."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
        body = message.get("body", b"").upper()
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def whole(scope: Any, receive: Any, send: Any) -> None:
    """Answer how long a body is, once it is whole; 499 where it never is."""
    size, status, more = 0, 200, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            status = 499
            break
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def front(app: Any = whole, policy: Policy = OPEN, **settings: Any) -> Front:
    return Front(app, policy, hosts=Hosts(8000), streams=True, **settings)


def test_a_body_is_streamed_to_the_application_and_back() -> None:
    answer = run(front(upper), scope("PUT", "/", CHUNKED), parts(b"ab", b"cd"))
    assert answer.body == b"ABCD"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("limit", [None, 4])
def test_a_body_within_the_limit_is_the_applications(limit: int | None) -> None:
    answer = run(front(limit_body=limit), scope("POST", "/", CHUNKED), parts(b"ab", b"cd"))
    assert (answer.status, answer.body) == (200, b"4")


def test_a_length_over_the_limit_never_reaches_the_application() -> None:
    line = (b"content-length", b"5")
    answer = run(front(limit_body=4), scope("POST", "/", line), parts(b"abcde"))
    assert answer.status == 413
    assert json.loads(answer.body)["status"] == "Content Too Large"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_that_grows_over_the_limit_is_answered_by_the_server() -> None:
    answer = run(front(limit_body=3), scope("POST", "/", CHUNKED), parts(b"ab", b"cd", b"ef"))
    assert answer.status == 413
    assert answer.headers["access-control-allow-origin"] == "*"


def test_what_the_application_has_begun_to_answer_stays() -> None:
    answer = run(front(upper, limit_body=3), scope("PUT", "/", CHUNKED), parts(b"ab", b"cd"))
    assert answer.status == 200


def test_a_body_that_nobody_reads_is_read_away() -> None:
    async def deaf(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    answer = run(front(deaf), scope("POST", "/", CHUNKED), parts(b"ab", b"cd"))
    assert (answer.status, answer.received) == (204, 2)


def test_a_body_that_breaks_off_or_is_malformed_is_a_400_whatever_the_application_says() -> None:
    """A server tells malformed chunks by the same message as a client that left."""
    told: list[Any] = []

    async def careful(scope: Any, receive: Any, send: Any) -> None:
        told.extend([await receive() for _ in range(3)])
        await whole(scope, receive, send)

    answer = run(front(careful), scope("POST", "/", CHUNKED), parts(b"ab", broken=True))
    assert (answer.status, len(answer.messages)) == (400, 2)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [message["type"] for message in told] == ["http.request", *["http.disconnect"] * 2]


class LeftError(Exception):
    """What frameworks raise where a body is read whose client has gone."""


@pytest.mark.parametrize("begins", [False, True])
def test_what_an_application_raises_at_a_broken_body_is_no_failure_of_it(begins: bool) -> None:
    async def raising(scope: Any, receive: Any, send: Any) -> None:
        if begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        while (await receive())["type"] == "http.request":
            pass
        raise LeftError

    log = Lines()
    answer = run(front(raising, log=log), scope("POST", "/", CHUNKED), parts(b"a", broken=True))
    assert answer.status == (200 if begins else 400)
    assert log.said == [(answer.status, None, "body-incomplete")]


def test_what_an_application_raises_without_a_broken_limit_is_its_own() -> None:
    async def raising(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise LeftError

    with pytest.raises(LeftError):
        run(front(raising), scope("POST", "/", CHUNKED), parts(b"a"))


def test_an_application_without_an_answer_is_a_500_that_a_page_can_read() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    for request, body in ((scope("POST", "/", CHUNKED), parts(b"a")), (scope(), parts(b""))):
        assert run(front(silent), request, body).status == 500
    log = Lines()
    answer = run(front(silent, log=log), scope("POST", "/", CHUNKED), parts(b"a"))
    assert json.loads(answer.body)["detail"] == "The application ended without an answer."
    assert answer.headers["access-control-allow-origin"] == "*"
    assert log.said == [(500, None, "no-answer")]


def test_what_an_application_leaves_behind_holds_no_channel_of_the_server() -> None:
    """As an exception does whose frames hold what they were called with."""
    kept: list[Any] = []

    async def keeps(scope: Any, receive: Any, send: Any) -> None:
        kept.extend([receive, send])
        await whole(scope, receive, send)

    answer = run(front(keeps), scope(), parts(b""))
    before = len(answer.messages)
    receive, send = kept

    async def late() -> Any:
        await send({"type": "http.response.body", "body": b"late"})
        return await asyncio.wait_for(receive(), 1)

    assert asyncio.run(late()) == {"type": "http.disconnect"}
    assert len(answer.messages) == before


def test_what_an_application_raises_holds_no_channel_of_the_server() -> None:
    """A traceback holds each frame that it has passed, and what that was called with."""
    kept: list[LeftError] = []
    channels: list[weakref.ref[Any]] = []

    async def raising(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] == "http.request":
            pass
        kept.append(LeftError())
        raise kept[0]

    served = front(raising, log=Lines())

    def noting(scope: Any, receive: Any, send: Any) -> Any:
        # Of their own: a frame also holds those that called it, down to the one that runs it all.
        def take() -> Any:
            return receive()

        def give(message: Any) -> Any:
            return send(message)

        channels.extend([weakref.ref(take), weakref.ref(give)])
        return served(scope, take, give)

    answer = run(noting, scope("POST", "/", CHUNKED), parts(b"a", broken=True))
    assert answer.status == 400
    assert kept[0].__traceback__ is not None
    assert [channel() for channel in channels] == [None, None]


def test_an_application_whose_client_left_owes_no_answer() -> None:
    async def listening(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    assert run(front(listening), scope(), parts(b"", broken=True)).messages == []


@pytest.mark.parametrize(
    ("news", "word"), [([], "unfinished"), ([{"type": "http.disconnect"}], "client-left")]
)
def test_an_answer_without_an_end_has_a_line_that_says_so(news: list[Any], word: str) -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        if news:
            assert (await receive())["type"] == "http.disconnect"

    log = Lines()
    answer = run(front(half, log=log), scope(), news)
    assert answer.body == b"a"
    assert log.said == [(200, None, word)]


def test_a_client_that_is_silent_inside_a_body_is_given_up() -> None:
    async def play() -> tuple[Any, list[Any], Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        streamed = Streamed(receive, send, Patience(0.05), None)
        first = await streamed.receive()
        await streamed.send({"type": "http.response.start", "status": 499, "headers": []})
        again = await streamed.receive()
        return first, sent, (again, streamed.problem)

    first, sent, (again, problem) = asyncio.run(play())
    assert first == again == {"type": "http.disconnect"}
    assert sent == []
    assert problem.status == 408


def test_an_application_that_is_cancelled_is_cancelled() -> None:
    async def play() -> Streamed:
        async def receive() -> Any:
            await asyncio.Event().wait()

        streamed = Streamed(receive, receive, Patience(60), None)  # type: ignore[arg-type]
        task = asyncio.create_task(streamed.receive())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return streamed

    assert asyncio.run(play()).problem is None


def test_whoever_waits_for_the_client_to_go_may_wait_for_ever() -> None:
    """A server-sent event stream listens for the end of its client, not for a body."""

    async def play() -> Any:
        messages = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await asyncio.sleep(0.3)
            return {"type": "http.disconnect"}

        streamed = Streamed(receive, receive, Patience(0.05), None)  # type: ignore[arg-type]
        await streamed.receive()
        message = await streamed.receive()
        return message, streamed.problem

    assert asyncio.run(play()) == ({"type": "http.disconnect"}, None)


def connect(front: Front, *lines: tuple[bytes, bytes], kind: str = "websocket", **more: Any) -> Any:
    """Return what is sent to a client that opens a WebSocket."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    request = {**scope("GET", "/chat", *lines, **more), "type": kind}
    asyncio.run(front(request, receive, send))  # type: ignore[arg-type]
    return sent


async def chat(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": f"{scope['type']}.accept"})


def test_a_websocket_is_the_applications_where_it_streams() -> None:
    assert connect(front(chat)) == [{"type": "websocket.accept"}]
    refused = [{"type": "websocket.close", "code": 1008}]
    assert connect(Front(chat, OPEN)) == refused


def test_no_application_is_asked_for_a_tunnel() -> None:
    log = Lines()
    answer = run(front(log=log), scope("CONNECT", ""), parts(b""))
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (501, "*")
    assert log.said == [(501, None, "no-tunnel")]


ACCEPTED = [{"type": "websocket.accept"}]
REFUSED = [{"type": "websocket.close", "code": 1008}]
SELF = (b"origin", b"http://127.0.0.1:8000")


@pytest.mark.parametrize("enforces", [False, True])
@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ((), True),
        ((PAGE,), True),
        ((STRANGER,), False),
        ((PAGE, PAGE), False),
        ((PAGE, STRANGER), False),
        (((b"origin", b"https://app.example, https://app.example"),), False),
        (((b"origin", b"https://\xe9.example"),), False),
        (((b"origin", b""),), False),
        (((b"origin", b"null"),), False),
        (((b"origin", b"http://evil.example:8000"),), False),
        (((b"origin", b"http://localhost:8000"),), False),
    ],
)
def test_a_websocket_is_for_whom_the_policy_allows_whether_or_not_it_is_enforced(
    enforces: bool, lines: tuple[tuple[bytes, bytes], ...], allowed: bool
) -> None:
    """No CORS header keeps a page from reading a WebSocket, so nothing else would."""
    app = front(chat, STRICT, enforces=enforces)
    assert connect(app, *lines) == (ACCEPTED if allowed else REFUSED)


def test_an_edit_of_the_policy_is_one_for_websockets_too() -> None:
    app = front(chat, STRICT)
    app.policy = Policy(origins=["https://evil.example"])
    assert connect(app, STRANGER) == ACCEPTED
    assert connect(app, PAGE) == REFUSED


def test_a_page_of_the_application_itself_has_its_websockets() -> None:
    assert connect(front(chat, STRICT), SELF) == ACCEPTED
    assert connect(front(chat, STRICT, enforces=True), SELF) == REFUSED
    anywhere = Front(chat, STRICT, hosts=Hosts(8000, addresses=True), streams=True)
    assert connect(anywhere, SELF) == ACCEPTED
    phone = (b"origin", b"http://192.168.1.5:8000")
    assert connect(anywhere, phone, host=b"192.168.1.5:8000") == ACCEPTED
    rebound = (b"origin", b"http://evil.example:8000")
    assert connect(anywhere, rebound, host=b"evil.example:8000") == REFUSED


@pytest.mark.parametrize(
    ("lines", "more", "said"),
    [
        ((), {}, (101, None, None)),
        ((PAGE,), {}, (101, True, None)),
        ((STRANGER,), {}, (403, False, None)),
        ((SELF,), {}, (101, None, None)),
        ((SELF,), {"host": b"evil.example"}, (403, None, "host-not-allowed")),
        ((SELF, (b"host", b"localhost:8000")), {}, (403, None, "two-hosts")),
    ],
)
def test_a_handshake_has_one_line(
    lines: tuple[tuple[bytes, bytes], ...], more: dict[str, Any], said: tuple[Any, ...]
) -> None:
    async def talk(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        await send({"type": "websocket.close", "code": 1000})

    log = Lines()
    connect(front(talk, STRICT, log=log), *lines, **more)
    assert log.said == [said]


def test_an_application_is_told_that_it_starts() -> None:
    assert connect(front(chat), kind="lifespan") == [{"type": "lifespan.accept"}]


def test_a_stranger_gets_403_and_no_application_where_the_policy_is_enforced() -> None:
    strict = front(whole, STRICT, enforces=True)
    assert run(strict, scope("GET", "/", STRANGER)).status == 403
    assert run(strict, scope("GET", "/", PAGE), parts(b"")).status == 200
