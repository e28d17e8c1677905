"""A real MCP server behind the gateway: it lets in no page but its own, and meets only those."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from corsmith.profiles import find_profile
from tests.server.served import Served, soon

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PAGE = "https://inspector.example"
SESSION = "mcp-session-id"
VERSION = "2025-06-18"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": VERSION,
        "capabilities": {},
        "clientInfo": {"name": "page", "version": "1"},
    },
}


@pytest.fixture(scope="module")
def notes() -> Iterator[int]:
    """The port of an MCP server with one tool, as its library serves it."""
    server = MCPServer("notes")

    @server.tool()
    def add(a: int, b: int) -> int:
        return a + b

    config = uvicorn.Config(server.streamable_http_app(), port=0, log_level="error")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    soon(lambda: running.started)
    yield running.servers[0].sockets[0].getsockname()[1]
    running.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def gateway(notes: int) -> Iterator[int]:
    with Served(f"http://127.0.0.1:{notes}", "--origin", PAGE) as running:
        yield running.port


def ask(
    port: int, method: str, content: object = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of what a page asks the endpoint."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    lines = {
        "Origin": PAGE,
        "Sec-Fetch-Site": "cross-site",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    body = None if content is None else json.dumps(content)
    connection.request(method, find_profile("@mcp").probe, body, lines)
    answer = connection.getresponse()
    got = {name.lower(): value for name, value in answer.getheaders()}
    text = answer.read().decode()
    connection.close()
    return answer.status, got, text


def test_the_server_itself_refuses_the_page(notes: int) -> None:
    status, headers, _ = ask(notes, "POST", HELLO)
    assert status == 403
    assert "access-control-allow-origin" not in headers


def test_through_the_gateway_a_page_has_a_whole_session(gateway: int) -> None:
    asked: dict[str, Any] = {
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "content-type,mcp-protocol-version,mcp-session-id",
    }
    status, headers, _ = ask(gateway, "OPTIONS", **asked)
    assert status == 200
    assert "mcp-session-id" in headers["access-control-allow-headers"].lower()

    status, headers, _ = ask(gateway, "POST", HELLO)
    assert (status, headers["access-control-allow-origin"]) == (200, PAGE)
    assert SESSION in headers["access-control-expose-headers"].lower()
    session = {"Mcp_Session_Id": headers[SESSION], "Mcp_Protocol_Version": VERSION}

    begun = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert ask(gateway, "POST", begun, **session)[0] == 202
    params = {"name": "add", "arguments": {"a": 2, "b": 3}}
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}
    status, headers, text = ask(gateway, "POST", call, **session)
    assert headers["content-type"].startswith("text/event-stream")
    assert '"text":"5"' in text
    assert ask(gateway, "DELETE", **session)[0] == 200


def test_a_page_of_another_origin_is_refused_by_the_gateway(gateway: int) -> None:
    assert ask(gateway, "POST", HELLO, Origin="https://evil.example")[0] == 403
