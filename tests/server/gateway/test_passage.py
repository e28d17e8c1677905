"""The short way of a gateway: what goes it, and that nobody can tell it from the long one."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.exchange import PRESS_PARAMETER
from corsmith.server.front import Front
from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer
from corsmith.server.gateway.passage import Passage
from corsmith.server.gateway.serving import GATEWAY_SEED
from corsmith.server.hosts import Hosts
from corsmith.server.log import Log, Verdict
from corsmith.server.serving import CUT, NOTE
from tests.server.gateway.asking import (
    GONE,
    OK,
    PAGE,
    PATIENCE,
    gateway,
    listening,
    living,
    read_request,
)
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from corsmith.adapters.asgi import Receive, Scope, Send
    from corsmith.server.gateway.forward import Forwarder
    from corsmith.server.shortened import Welcome

pytestmark = pytest.mark.servers

SEED = Policy.from_mapping(dict(GATEWAY_SEED))
RICH = (
    b"HTTP/1.1 201 Made\r\nDate: Thu\r\nX-Total-Count: 7\r\n"
    b"Set-Cookie: a=1; Secure\r\nVary: Accept\r\n"
    b"Access-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok"
)


class Lines(Log):
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[int, str, str, str]] = []

    def request(self, scope: Any, status: int, verdict: Verdict, problem: str | None) -> None:
        told = re.sub(r"in \d+ ms", "in 1 ms", str(problem))
        self.said.append((status, verdict.origin, verdict.words, told))


class Way:
    """A gateway's front with the short way before it, and what goes which."""

    def __init__(
        self,
        app: Forwarder,
        policy: Policy | Routes = SEED,
        layer: type[EnforcingLayer] = ExposingLayer,
        *,
        quiet: bool = False,
    ) -> None:
        self.log = Lines()
        log = None if quiet else self.log
        settings: dict[str, Any] = {"streams": True, "enforces": True, "layer": layer}
        self.front = Front(app, policy, hosts=Hosts(8000), log=log, **settings)
        self.long = self.asked = 0
        self.short = Passage(self, app, layer, log)

    @property
    def policy(self) -> Policy | Routes:
        return self.front.policy

    def welcome(self, policy: Policy | Routes, request: Scope) -> Welcome | None:
        self.asked += 1
        return self.front.welcome(policy, request)

    def __call__(self, request: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        self.long += 1
        return self.front(request, receive, send)

    async def ask(self, request: dict[str, Any], leaves: float = PATIENCE) -> list[Any]:
        """Return what is answered to a request."""
        waiting = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if waiting:
                return waiting.pop()
            await asyncio.sleep(leaves)
            return GONE

        heard: list[Any] = []

        async def send(message: Any) -> None:
            heard.append(message)

        await self.short({**request, "headers": list(request["headers"])}, receive, send)
        return heard


def answering(raw: bytes) -> Any:
    """Return an upstream that gives the same answer again and again."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(raw)
            if b"ength: 9" in raw or raw.startswith(b"HTTP/1.0"):
                return

    return script


def asked(
    *requests: dict[str, Any],
    raw: bytes = OK,
    between: Callable[[Way], object] = lambda _way: None,
    **settings: Any,
) -> tuple[Way, list[list[Any]]]:
    """Return what is answered to requests that follow one another."""

    async def scenario() -> tuple[Way, list[list[Any]]]:
        async with listening(answering(raw)) as port, living(gateway(port)) as app:
            way = Way(app, **settings)
            found = []
            for request in requests:
                found.append(await way.ask(request))
                between(way)
            return way, found

    return asyncio.run(scenario())


GET = scope("GET", "/a?b", PAGE, (b"user-agent", b"Mozilla/5.0"))


# ── nobody can tell the two apart ──────────────────────────────────────────────

NOBODY = scope("GET", "/a", (b"user-agent", b"curl/8"))
OWN = scope("GET", "/a", (b"sec-fetch-site", b"same-origin"))
REQUESTS = {
    "a page": GET,
    "another path": scope("DELETE", "/x%2Fy", PAGE, (b"cookie", b"corsmith__Host-a=1")),
    "HEAD": scope("HEAD", "/a", PAGE),
    "a program": NOBODY,
    "the gateway's own page": OWN,
    "POST without a body": scope("POST", "/", PAGE, (b"content-length", b"0")),
    "abroad": scope("GET", "/", PAGE, (b"sec-fetch-site", b"cross-site")),
    "HTTPS": scope("GET", "/", PAGE, scheme="https"),
}
ANSWERS = {
    "small": OK,
    "rich": RICH,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    "elsewhere": b"HTTP/1.1 302 No\r\nLocation: http://cdn.example/\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No\r\n\r\n",
}


@pytest.mark.parametrize("kind", [ExposingLayer, EnforcingLayer])
@pytest.mark.parametrize("request_scope", REQUESTS.values(), ids=REQUESTS)
def test_it_answers_and_tells_what_the_long_way_does(
    request_scope: dict[str, Any], kind: type[EnforcingLayer]
) -> None:
    raw = RICH[:-2] if request_scope["method"] == "HEAD" else RICH
    way, (first, second, third) = asked(*[request_scope] * 3, raw=raw, layer=kind)
    assert way.long == 1
    assert first == second == third
    assert len(way.log.said) == 3
    assert len(set(way.log.said)) == 1


@pytest.mark.parametrize("raw", ANSWERS.values(), ids=ANSWERS)
def test_whatever_the_upstream_answers(raw: bytes) -> None:
    way, (first, second) = asked(GET, GET, raw=raw)
    assert way.long == 1
    assert first == second
    assert way.log.said[0] == way.log.said[1]


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")


async def deaf(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close the connection at once."""


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize(
    ("script", "status"), [(closing, 502), (deaf, 502), (silent, 504)], ids=["bad", "deaf", "late"]
)
def test_whatever_is_wrong_with_it(script: Any, status: int) -> None:
    async def scenario() -> None:
        async with listening(script) as port, living(gateway(port, seconds=0.1)) as app:
            way = Way(app)
            first, second = await way.ask(GET), await way.ask(GET)
        assert way.long == 1
        assert first == second
        assert first[0]["status"] == status
        assert (b"access-control-allow-origin", PAGE[1]) in first[0]["headers"]
        assert way.log.said[0] == way.log.said[1]

    asyncio.run(scenario())


def test_a_page_that_leaves_inside_its_answer_is_told_as_that() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await reader.read()

    async def scenario() -> None:
        async with listening(half) as port, living(gateway(port)) as app:
            way = Way(app)
            for _ in range(2):
                await way.ask(GET, leaves=0.15)
        assert way.long == 1
        assert way.log.said[0] == way.log.said[1]
        assert way.log.said[0][3].startswith("client-left ")

    asyncio.run(scenario())


def test_one_that_is_cancelled_inside_its_answer_is_told_as_unfinished() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await reader.read()

    async def scenario() -> None:
        async with listening(half) as port, living(gateway(port)) as app:
            way = Way(app)
            for _ in range(2):
                asking = asyncio.create_task(way.ask(GET))
                await asyncio.sleep(0.1)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
        assert way.long == 1
        assert way.log.said[0] == way.log.said[1]
        assert way.log.said[0][3].startswith("unfinished ")

    asyncio.run(scenario())


@pytest.mark.parametrize("gone", [False, True])
def test_what_the_gateway_raises_is_answered_so_that_the_page_can_read_it(
    monkeypatch: pytest.MonkeyPatch, *, gone: bool
) -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            await way.ask(GET)

            async def fails(*_given: Any) -> None:
                raise LookupError("a bug")

            monkeypatch.setattr(app, "forward", fails)
            heard: list[Any] = []

            async def send(message: Any) -> None:
                if gone:
                    raise OSError
                heard.append(message)

            with pytest.raises(LookupError, match="a bug"):
                await way.short({**GET}, asyncio.Event().wait, send)  # type: ignore[arg-type]  # never returns
        assert way.long == 1
        if not gone:
            assert heard[0]["status"] == 500
            assert (b"access-control-allow-origin", PAGE[1]) in heard[0]["headers"]
            assert heard[1]["body"] == b"Internal Server Error\n"
            assert way.log.said[1][0] == 500

    asyncio.run(scenario())


def test_what_fails_inside_an_answer_is_not_answered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            await way.ask(GET)

            async def fails(_written: Any, _scope: Any, _receive: Any, send: Any) -> None:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                raise LookupError("a bug")

            monkeypatch.setattr(app, "forward", fails)
            with pytest.raises(LookupError, match="a bug"):
                await way.ask(GET)
        assert [said[0] for said in way.log.said] == [200, 200]
        assert way.log.said[1][3] == "unfinished"

    asyncio.run(scenario())


def test_a_quiet_server_has_no_line() -> None:
    way, (first, second) = asked(GET, GET, quiet=True)
    assert (way.long, way.log.said) == (1, [])
    assert first == second


# ── what goes the long way ─────────────────────────────────────────────────────

STRANGER = (b"origin", b"https://evil.example")
LONG_WAY = {
    "a stranger": scope("GET", "/", STRANGER),
    "a preflight": scope("OPTIONS", "/", PAGE, (b"access-control-request-method", b"PUT")),
    "OPTIONS": scope("OPTIONS", "/", PAGE),
    "another host": scope("GET", "/", PAGE, host=b"evil.example:8000"),
    "two origins": scope("GET", "/", PAGE, PAGE),
    "no origin": scope("GET", "/", (b"sec-fetch-site", b"cross-site")),
    "a loop": scope("GET", "/", PAGE, (b"via", b"1.1 corsmith-1")),
    "TRACE": scope("TRACE", "/", PAGE),
    "a body": scope("GET", "/", PAGE, (b"content-length", b"00")),
    "large": scope("GET", "/", PAGE, (b"cookie", b"a" * 5_000)),
    "its own page as a stranger": scope("GET", "/", STRANGER, (b"sec-fetch-site", b"same-origin")),
}


@pytest.mark.parametrize("request_scope", LONG_WAY.values(), ids=LONG_WAY)
def test_whatever_is_to_be_refused_or_read_goes_the_long_way(request_scope: dict[str, Any]) -> None:
    way, found = asked(*[request_scope] * 3)
    assert way.long == 3
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("request_scope", LONG_WAY.values(), ids=LONG_WAY)
def test_also_after_others_went_the_short_one(request_scope: dict[str, Any]) -> None:
    way, _ = asked(GET, GET, request_scope, request_scope)
    assert way.long == 3


def test_what_is_no_request_goes_the_long_way() -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            sent: list[Any] = []

            async def send(message: Any) -> None:
                sent.append(message)

            async def receive() -> Any:
                return {"type": "websocket.connect"}

            socket = {**GET, "type": "websocket", "headers": [STRANGER]}
            await way.short(socket, receive, send)
            assert way.long == 1
            assert sent == [{"type": "websocket.close", "code": 1008}]

    asyncio.run(scenario())


# ── the policy in force ────────────────────────────────────────────────────────


def test_an_edit_is_met_by_the_very_next_request() -> None:
    strict = Policy(origins=["https://app.example"])
    # Each is in force long enough that its answer is remembered.
    edits = [SEED, SEED, strict, strict, strict, SEED, SEED, strict, SEED]
    waiting = edits[1:]

    def edit(way: Way) -> None:
        if waiting:
            way.front.policy = waiting.pop(0)

    way, found = asked(*[GET] * len(edits), between=edit)
    assert [one[0]["status"] for one in found] == [200 if one is SEED else 403 for one in edits]
    for messages in found:
        allowed = (b"access-control-allow-origin", PAGE[1]) in messages[0]["headers"]
        assert allowed is (messages[0]["status"] == 200)
    words = [said[2].partition(" ")[0] for said in way.log.said]
    assert words == ["allowed" if one is SEED else "refused" for one in edits]
    assert 1 < way.long < len(edits)


def test_an_origin_that_is_allowed_in_passing_is_from_then_on() -> None:
    stranger = scope("GET", "/", STRANGER)
    way, found = asked(
        *[stranger] * 3, between=lambda way: way.front.admit(("https://evil.example",))
    )
    assert [one[0]["status"] for one in found] == [403, 200, 200]
    assert way.long == 2


@pytest.mark.parametrize("expose", [(), ("ETag",)])
def test_what_a_policy_exposes_is_that_of_the_policy_in_force(expose: tuple[str, ...]) -> None:
    other = Policy(origins=["@loopback"], expose=expose)

    def edit(way: Way) -> None:
        if len(way.log.said) == 2:
            way.front.policy = other

    _, found = asked(*[GET] * 4, raw=RICH, between=edit, layer=EnforcingLayer)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[1] != found[2]


def test_one_kind_of_heads_is_asked_about_once_and_each_path_is_its_own() -> None:
    heads = [scope("GET", f"/{number}?q={number}", PAGE) for number in range(5)]
    way, found = asked(*heads, *heads)
    assert (way.long, way.asked) == (1, 1)
    assert [one[0]["status"] for one in found] == [200] * 10
    assert len({said[3] for said in way.log.said}) == 1


@pytest.mark.parametrize("target", ["/" + "a" * 1_024, "/?" + "a" * 1_024, "/" + "a" * 9_000])
def test_a_long_path_is_asked_about_by_itself(target: str) -> None:
    way, found = asked(GET, GET, *[scope("GET", target, *GET["headers"][1:])] * 2)
    refused = len(target) > 8_192
    assert [one[0]["status"] for one in found][2:] == [414 if refused else 200] * 2
    assert way.long == (3 if refused else 1)
    # Once for what came first, and for each long one that is not remembered.
    assert way.asked == 2 + refused


ROUTES = Routes({"/a": SEED, "/b": Policy(origins=["https://app.example"]), "/c": None})


@pytest.mark.parametrize(
    ("path", "status", "long"),
    [("/a", 200, 1), ("/b", 403, 2), ("/c", 403, 2), ("/d/../a", 403, 2)],
)
def test_each_path_has_its_own_policy(path: str, status: int, long: int) -> None:
    way, found = asked(*[scope("GET", path, PAGE)] * 2, policy=ROUTES)
    assert [one[0]["status"] for one in found] == [status] * 2
    assert way.long == long


def test_also_after_a_head_of_its_kind_was_welcome_on_another_path() -> None:
    paths = ["/a", "/a", "/b", "/c", "/a/x", "/b", "/a"]
    _, found = asked(*[scope("GET", path, PAGE) for path in paths], policy=ROUTES)
    assert [one[0]["status"] for one in found] == [200, 200, 403, 403, 200, 403, 200]


# ── the try page ───────────────────────────────────────────────────────────────


def test_a_press_of_the_try_page_goes_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(way: Way) -> None:
        monkeypatch.setattr(way.front._publisher, "_address", "/nowhere")
        monkeypatch.setattr(way.front._publisher, "publish", lambda _record: None)

    press = scope("GET", f"/a?b&{PRESS_PARAMETER}=1", PAGE)
    way, found = asked(GET, press, press, between=pressed)
    assert way.long == 3
    assert [one[0]["status"] for one in found] == [200] * 3


def test_nothing_of_one_request_is_left_for_the_next() -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            await way.ask(GET)
            one = {**GET}
            await way.short(one, asyncio.Event().wait, _nowhere)  # type: ignore[arg-type]  # never returns
            assert CUT not in one
            assert NOTE in one
            other = {**GET}
            assert NOTE not in other

    asyncio.run(scenario())


async def _nowhere(_message: Any) -> None:
    """Send to nobody."""
