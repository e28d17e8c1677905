"""An MCP server whose session a page cannot go on with."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Begin a session, and expose nothing of it."""
    listed = "Content-Type, Mcp-Session-Id, Mcp-Protocol-Version"
    session = () if asked.is_preflight else (("Mcp-Session-Id", "1"),)
    return Reply(headers=(*allow(asked, headers=listed), *session), body=b"{}")


def repair(asked: Asked) -> Reply:
    """Begin a session that a page can go on with."""
    found = answer(asked)
    exposed = ("Access-Control-Expose-Headers", "Mcp-Session-Id")
    return Reply(status=found.status, headers=(*found.headers, exposed), body=found.body)


BROKEN = Broken(
    answer=answer,
    words=("--as", "mcp"),
    path="/mcp",
    stops=None,
    code="header-not-exposed",
    says=("an MCP client", "Send Access-Control-Expose-Headers: Mcp-Session-Id on"),
    repair=repair,
    page='(await fetch(URL, {method: "POST"})).headers.get("Mcp-Session-Id") ? 200 : 0',
)
