"""CORS and the transport's own security for an MCP server, from one policy.

What lives here: what the streamable HTTP transport needs of a policy, and the settings of the
SDK that say the same. What does not: where the layer stands (``starlette``), any judgement.

Facts that shape the code:

* the specification of the transport demands that a server validates ``Origin``, and a page
  that was rebound to this machine is seen by its ``Host`` alone;
* the SDK compares both with lists of texts. What those can say is set there; patterns of hosts
  and expressions they cannot say, and then the layer and Starlette's ``TrustedHostMiddleware``
  stand for them;
* ``MCPServer`` of the SDK 2 takes its settings when it makes the application, ``FastMCP`` of the
  SDK 1 has them.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.trustedhost import TrustedHostMiddleware

from corsmith.adapters.starlette import OutermostMiddleware, cors
from corsmith.adapters.starlette.routes import unbuilt
from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import check_enforce
from corsmith.groups import ORIGIN_GROUPS
from corsmith.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from starlette.applications import Starlette

    from corsmith.gate import Source

__all__ = ["LOOPBACK", "app", "cors", "install"]

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
"""The hosts of a server on this machine, which are those that the SDK allows by default."""

_METHODS: Final = ("GET", "POST", "DELETE")
"""What the transport uses: a stream, a message, the end of a session."""

_GROUP: Final = "@mcp"
_SECURITY: Final = "transport_security"

_HOST: Final = re.compile(r"\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")
"""A name, an address, or ``*`` for any and ``*.`` for any below, as ``TrustedHostMiddleware``."""


def app(
    server: Any,  # noqa: ANN401  MCPServer or FastMCP, whichever the SDK has
    policy: Source | None = None,
    *,
    hosts: Sequence[str] = LOOPBACK,
    enforce: bool = True,
    **options: Any,  # noqa: ANN401  a policy's fields, and what the SDK takes
) -> Starlette:
    """Return the streamable HTTP application of ``server``, for pages that ``policy`` allows.

    What the transport needs is added to the policy: its methods, and ``@mcp`` among the headers
    and in ``expose``; what ``Routes`` or a function say stays as it is written. ``hosts`` are
    the names, without a port, that the server is reached by. ``enforce=False`` leaves ``Origin``
    to the SDK, which knows no patterns. ``options`` are the policy's fields, and those of the
    SDK's ``streamable_http_app``.
    ``application.state.corsmith.policy = other`` puts another policy in force. Raises
    ``PolicyError``.

    >>> from mcp.server.mcpserver import MCPServer
    >>> application = app(MCPServer("notes"), origins=["https://inspector.example"])
    >>> application.state.corsmith.policy.methods
    ('GET', 'HEAD', 'POST', 'DELETE')
    """
    build = getattr(server, "streamable_http_app", None)
    if build is None:
        message = f"{quote(server)} makes no streamable HTTP application."
        fix = "Give an MCPServer, or a FastMCP of the SDK before 2."
        raise PolicyError([diagnose("wrong-type", "server", quote(server), message, fix)])
    parameters = inspect.signature(build).parameters
    settings = {name: options.pop(name) for name in [*options] if name in parameters}
    if _SECURITY in settings:
        message = f"{_SECURITY} is made of the policy and of hosts."
        fix = 'Name the hosts instead: hosts=["mcp.example"].'
        raise PolicyError([diagnose("unknown-field", None, _SECURITY, message, fix)])
    names = _read_hosts(hosts)
    layer = MCPMiddleware(names, policy, enforce=enforce, **options)
    if _SECURITY in parameters:
        settings[_SECURITY] = layer.security
    else:
        server.settings.transport_security = layer.security
    application: Starlette = build(**settings)
    # An IPv6 address stands in brackets in some releases of Starlette, in others without.
    trusted = [*names, *(name.strip("[]") for name in names if name.startswith("["))]
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=trusted, www_redirect=False)
    layer.take_place(application)
    return application


def install(
    server: Any,  # noqa: ANN401  as above
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **options: Any,  # noqa: ANN401  as above
) -> Starlette:
    """Return what ``app`` does; an Origin that is not allowed is always refused.

    The transport demands that; ``corsmith.adapters.mcp.app(…, enforce=False)`` leaves it to the
    SDK. Raises ``PolicyError``.
    """
    check_enforce(enforce)
    return app(server, policy, enforce=True, **options)


class MCPMiddleware(OutermostMiddleware):
    """The layer of a server: it completes each policy, and tells the SDK of it."""

    def __init__(
        self,
        hosts: Sequence[str],
        policy: Source | None = None,
        *,
        enforce: bool = True,
        **fields: object,
    ) -> None:
        """Check everything that can be wrong with the policy."""
        self.security = TransportSecuritySettings(allowed_hosts=[*_texts(hosts)])
        self._names_all_hosts = not any("*" in host for host in hosts)
        super().__init__(unbuilt, policy, enforce=enforce, **fields)

    def _find_shortcut(self) -> None:
        origins = None
        if isinstance(self._source, Policy):
            self._source = _completed(self._source)
            origins = _said(self._source)
        # The SDK reads its settings at each request.
        self.security.allowed_origins = origins or []
        self.security.enable_dns_rebinding_protection = (
            self._names_all_hosts and origins is not None
        )
        super()._find_shortcut()


def _read_hosts(hosts: object) -> tuple[str, ...]:
    """Return the names of hosts, checked."""
    names = tuple(hosts) if isinstance(hosts, (list, tuple, set, frozenset)) else ()
    if not names or not all(isinstance(name, str) for name in names):
        message = f"{quote(hosts)} is no list of hosts."
        fix = 'Write hosts=["mcp.example"].'
        raise PolicyError([diagnose("not-a-list", "hosts", quote(hosts), message, fix)])
    problems = [
        diagnose(
            "wrong-type",
            "hosts",
            name,
            f"{quote(name)} is no name of a host.",
            "Write it as in a URL, without scheme, port and path; *.example for all below it.",
        )
        for name in names
        if not _HOST.fullmatch(name)
    ]
    if problems:
        raise PolicyError(problems)
    return names


def _texts(hosts: Iterable[str]) -> Iterator[str]:
    """Yield what the SDK compares ``Host`` with: each name without and with a port."""
    for host in hosts:
        yield host
        yield f"{host}:*"


def _completed(policy: Policy) -> Policy:
    """Return the policy with what the transport needs."""
    mapping = policy.to_mapping()
    mapping["methods"] = [*policy.methods, *_METHODS]
    mapping["headers"] = [*policy.headers, _GROUP]
    mapping["expose"] = [*policy.expose, _GROUP]
    return Policy.from_mapping(mapping)


def _said(policy: Policy) -> list[str] | None:
    """Return the texts that the SDK compares ``Origin`` with; ``None`` where none say it."""
    if policy.origin_regex is not None:
        return None
    texts: list[str] = []
    for origin in policy.origins:
        for text in ORIGIN_GROUPS.get(origin, (origin,)):
            bare = text.removesuffix(":*")
            if "*" in bare:
                return None
            texts += dict.fromkeys((bare, text))
    return texts
