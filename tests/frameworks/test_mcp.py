"""What is particular to the MCP SDK: its transport, its handshake, and its own security."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.routing import Route

from corsmith import Policy, PolicyError, Routes, install
from corsmith.adapters import mcp
from tests.adapters.hosts import Reply, Request, scope_of
from tests.frameworks.hosts.starlette import items
from tests.frameworks.pages import APP, OTHER, ask

if TYPE_CHECKING:
    from tests.adapters.hosts import Lines

ALLOW = "access-control-allow-origin"
POLICY = Policy(origins=[APP])
NAMES = "Content-Type,Authorization,Mcp-Session-Id,Mcp-Protocol-Version,Last-Event-ID"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "page", "version": "1"},
    },
}


def server() -> MCPServer[Any]:
    """Return a server with one tool."""
    made: MCPServer[Any] = MCPServer("notes")

    @made.tool()
    def add(a: int, b: int) -> int:
        return a + b

    return made


def said(message: dict[str, Any], *lines: tuple[str, str], host: str = "127.0.0.1:8000") -> Any:
    """Return the request of a message, and its body."""
    headers: Lines = (
        ("Host", host),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        *lines,
    )
    return Request(method="POST", path="/mcp", headers=headers), json.dumps(message).encode()


async def exchange(app: Any, request: Request, body: bytes) -> Reply:
    """Send one request, and return the whole reply."""
    sent: list[Any] = []
    received: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]
    over = asyncio.Event()

    async def receive() -> Any:
        if not received:
            await over.wait()
            return {"type": "http.disconnect"}
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()

    await app(scope_of(request, client=("127.0.0.1", 1)), receive, send)
    return Reply(
        status=sent[0]["status"],
        headers=tuple((name.decode(), value.decode()) for name, value in sent[0]["headers"]),
        body=b"".join(message.get("body", b"") for message in sent[1:]),
        app_ran=True,
    )


def talk(app: Starlette, *messages: Any) -> list[Reply]:
    """Run an application, and exchange messages with it; each knows the session's id."""

    async def run() -> list[Reply]:
        replies: list[Reply] = []
        async with app.router.lifespan_context(app):
            for message in messages:
                request, body = message(replies) if callable(message) else message
                replies.append(await exchange(app, request, body))
        return replies

    return asyncio.run(run())


ORIGIN = ("Origin", APP)


def test_a_page_shakes_hands_and_calls_a_tool() -> None:
    app = mcp.app(server(), POLICY, json_response=True)

    def call(replies: list[Reply]) -> Any:
        (session,) = replies[1].lines("mcp-session-id")
        message = {"name": "add", "arguments": {"a": 1, "b": 2}}
        called = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": message}
        return said(called, ORIGIN, ("Mcp-Session-Id", session))

    asked = (("Access-Control-Request-Headers", "content-type,mcp-protocol-version"),)
    preflight = ask("OPTIONS", "/mcp", APP, "POST")
    preflight = Request(method="OPTIONS", path="/mcp", headers=preflight.headers + asked)
    first, initialized, called = talk(app, (preflight, b""), said(INITIALIZE, ORIGIN), call)
    assert (first.status, first.body) == (200, b"")
    assert first.cors == {
        ALLOW: [APP],
        "access-control-allow-methods": ["GET,HEAD,POST,DELETE"],
        "access-control-allow-headers": [NAMES],
        "vary": ["Origin"],
    }
    assert initialized.status == 200
    assert json.loads(initialized.body)["result"]["serverInfo"]["name"] == "notes"
    assert initialized.cors == {
        ALLOW: [APP],
        "access-control-expose-headers": ["Mcp-Session-Id,WWW-Authenticate"],
        "vary": ["Origin"],
    }
    assert json.loads(called.body)["result"]["content"][0]["text"] == "3"


@pytest.mark.parametrize("origin", [OTHER, "null", f"{APP}:8443"])
def test_a_page_that_is_not_allowed_does_not_reach_the_server(origin: str) -> None:
    (reply,) = talk(mcp.app(server(), POLICY), said(INITIALIZE, ("Origin", origin)))
    assert reply.status == 403
    assert reply.body.startswith(b"This origin may not use this server")


def test_the_sdk_itself_refuses_what_the_layer_lets_through() -> None:
    """A rebound page is of one origin with the server, and a layer may not enforce."""
    own = ("Sec-Fetch-Site", "same-origin")
    (reply,) = talk(mcp.app(server(), POLICY), said(INITIALIZE, ("Origin", OTHER), own))
    assert (reply.status, reply.body) == (403, b"Invalid Origin header")
    (reply,) = talk(mcp.app(server(), POLICY, enforce=False), said(INITIALIZE, ("Origin", OTHER)))
    assert (reply.status, reply.body) == (403, b"Invalid Origin header")


@pytest.mark.parametrize(
    ("hosts", "received", "is_allowed"),
    [
        (mcp.LOOPBACK, "localhost", True),
        (mcp.LOOPBACK, "localhost:8000", True),
        (mcp.LOOPBACK, "127.0.0.1:8000", True),
        (mcp.LOOPBACK, "[::1]:8000", True),
        (mcp.LOOPBACK, "evil.example", False),
        (mcp.LOOPBACK, "localhost.evil.example:8000", False),
        (["mcp.example"], "mcp.example", True),
        (["mcp.example"], "mcp.example:8443", True),
        (["mcp.example"], "localhost:8000", False),
        (["*.mcp.example"], "a.mcp.example", True),
        (["*.mcp.example"], "mcp.example", False),
        (["*"], "anything.example", True),
    ],
)
@pytest.mark.parametrize("origins", [[APP], [APP, "https://*.app.example"]])
def test_a_server_is_reached_by_its_own_names_alone(
    origins: Any, hosts: Any, received: str, *, is_allowed: bool
) -> None:
    app = mcp.app(server(), origins=origins, hosts=hosts)
    (reply,) = talk(app, said(INITIALIZE, ORIGIN, host=received))
    assert reply.status == (200 if is_allowed else 400)
    assert reply.lines(ALLOW) == [APP]


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"origins": [APP]}, [APP]),
        ({"origins": [APP, "http://localhost:*"]}, [APP, "http://localhost", "http://localhost:*"]),
        ({"origins": ["null"], "accept_risks": ["null-origin"]}, ["null"]),
        ({"origins": "*"}, None),
        ({"origins": ["@loopback"]}, None),
        ({"origins": ["https://*.app.example"]}, None),
        ({"origins": [APP], "origin_regex": r"https://pr-\d+\.app\.example"}, None),
    ],
)
def test_the_sdk_is_told_of_what_it_can_compare(
    fields: dict[str, Any], texts: list[str] | None
) -> None:
    app = mcp.app(server(), **fields)
    security = app.state.corsmith.security
    assert security.enable_dns_rebinding_protection == (texts is not None)
    assert security.allowed_origins == (texts or [])


def test_what_the_sdk_cannot_compare_the_layer_does() -> None:
    app = mcp.app(server(), origins=["https://*.app.example"])
    inside, outside = talk(
        app,
        said(INITIALIZE, ("Origin", "https://pr-1.app.example")),
        said(INITIALIZE, ("Origin", OTHER)),
    )
    assert (inside.status, outside.status) == (200, 403)


def test_another_policy_is_told_to_the_sdk_and_completed_too() -> None:
    app = mcp.app(server(), POLICY)
    app.state.corsmith.policy = Policy(origins=[OTHER], headers=["X-Key"])
    assert app.state.corsmith.security.allowed_origins == [OTHER]
    asked, refused, initialized = talk(
        app,
        (ask("OPTIONS", "/mcp", OTHER, "DELETE"), b""),
        said(INITIALIZE, ORIGIN),
        said(INITIALIZE, ("Origin", OTHER)),
    )
    assert asked.lines("access-control-allow-headers") == [f"X-Key,{NAMES}"]
    assert (refused.status, initialized.status) == (403, 200)


async def choose(*_shared: Any) -> Policy:
    return POLICY


@pytest.mark.parametrize("source", [Routes({"/": POLICY}), choose])
def test_what_routes_or_a_function_say_stays_as_it_is_written(source: Any) -> None:
    app = mcp.app(server(), source)
    asked, refused = talk(
        app, (ask("OPTIONS", "/mcp", APP, "POST"), b""), said(INITIALIZE, ("Origin", OTHER))
    )
    assert asked.lines("access-control-allow-headers") == ["Content-Type"]
    assert refused.status == 403


def test_a_program_that_is_no_page_is_served_as_before() -> None:
    (reply,) = talk(mcp.app(server(), POLICY), said(INITIALIZE))
    assert (reply.status, reply.lines(ALLOW)) == (200, [])
    assert len(reply.lines("mcp-session-id")) == 1


def test_install_finds_the_sdk_and_always_enforces() -> None:
    app: Any = install(server(), POLICY)
    assert isinstance(app, Starlette)
    (reply,) = talk(app, said(INITIALIZE, ("Origin", OTHER)))
    # The SDK would say something else.
    assert (reply.status, reply.body[:11]) == (403, b"This origin")
    with pytest.raises(PolicyError, match="neither True nor False"):
        mcp.install(server(), POLICY, enforce="no")  # type: ignore[arg-type]  # what is tested


class OlderServer:
    """A server as those of the SDK 1 are: its settings are its own."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(transport_security=None)

    def streamable_http_app(self) -> Starlette:
        assert isinstance(self.settings.transport_security, TransportSecuritySettings)
        return Starlette(routes=[Route("/mcp", items)])


def test_a_server_of_the_older_sdk_has_the_security_in_its_settings() -> None:
    older = OlderServer()
    app = mcp.app(older, POLICY)
    assert older.settings.transport_security is app.state.corsmith.security
    assert talk(app, (ask("GET", "/mcp", APP), b""))[0].lines(ALLOW) == [APP]


@pytest.mark.parametrize(
    "hosts",
    [
        "mcp.example",
        [],
        [7],
        None,
        ["https://mcp.example"],
        ["mcp.example:8000"],
        ["mcp.example/"],
        ["a.*.example"],
        [""],
    ],
)
def test_what_is_no_name_of_a_host_is_refused(hosts: Any) -> None:
    with pytest.raises(PolicyError, match=r"no list of hosts|no name of a host"):
        mcp.app(server(), POLICY, hosts=hosts)


def test_what_would_be_said_twice_or_is_no_server_is_refused() -> None:
    with pytest.raises(PolicyError, match="made of the policy and of hosts"):
        mcp.app(server(), POLICY, transport_security=TransportSecuritySettings())
    with pytest.raises(PolicyError, match="makes no streamable HTTP application"):
        mcp.app(Starlette(), POLICY)
    with pytest.raises(PolicyError, match="allow_origins"):
        mcp.app(server(), allow_origins=[APP])
