"""An MCP server, with pages beside its transport.

The transport itself, its handshake and the SDK's own security are in ``test_mcp``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import MCPServer
from starlette.routing import Route

from corsmith import Policy, Routes
from corsmith.adapters.mcp import app as mcp_app
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.hosts import starlette

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "MCP SDK"
DISTRIBUTIONS = ("mcp",)
PER_ROUTE = "one policy for a server; `@cors(…)` on a route beside it"


def written(source: Any) -> Any:
    """Return what stands for a policy and is not completed with what the transport needs."""
    return Routes({"/": source}) if isinstance(source, Policy) else source


def layered(source: Any, **options: Any) -> Any:
    """Return the pages beside a server behind corsmith."""
    if source is None:
        source, options = Policy.from_mapping(options), {}
    if len(options.keys() - {"enforce"}) == 0:
        source = written(source)
    server = MCPServer("pages")
    for route in starlette.pages().routes:
        assert isinstance(route, Route)
        server.custom_route(route.path, methods=[*(route.methods or ())])(route.endpoint)
    # A test may send no Host, and one that asks a stranger wants the page's own answer.
    return mcp_app(server, source, **{"hosts": ["*"], "enforce": False, **options})


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(layered(source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = layered(source)
    return over_asgi(app), lambda new: setattr(app.state.corsmith, "policy", written(new))


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()
    layer = layered(source, **options)
    layer.router.routes[:] = [Route("/{path:path}", starlette.Scripted(script, app))]
    return over_asgi(layer, script)
