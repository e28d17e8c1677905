"""The servers on one's own machine that have a name here: ``@ollama`` and its neighbours.

What lives here: one table, which ``serve`` and ``check`` both read. What does not: how such a
target is served (``corsmith.server``) or asked (``corsmith.net``).

Each row names the address that the program listens on unless told otherwise, a path that
answers a plain GET, what a gateway before it allows beyond its usual policy, and what the
program itself does about other origins and how it is told to allow one, with the place where
that is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from corsmith.errors import UsageError

__all__ = ["PROFILES", "Profile", "find_profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A known server: where it listens, what it needs, and what it checks by itself."""

    name: str
    title: str
    url: str
    """Where it listens, without a path: a page that goes through a gateway keeps its paths."""

    probe: str
    """A path that answers a GET without a login, or tells why not."""

    itself: str
    """What it does about other origins, in a sentence for the person."""

    source: str
    """Where that is written."""

    allow: str = ""
    """The command that has it allow «origin», or nothing where that differs from one to another."""

    besides: str = ""
    """What else the person must know of that command, in a sentence."""

    fields: Mapping[str, object] = field(default_factory=dict)
    """The fields of a policy that it needs in place of a gateway's usual ones."""

    note: str = ""
    """What else the person must know, or nothing."""


_MCP: Final = MappingProxyType(
    {"methods": ("GET", "HEAD", "POST", "DELETE"), "headers": ("@mcp",), "expose": ("@mcp",)}
)

_ROWS: Final = (
    Profile(
        name="@ollama",
        title="Ollama",
        url="http://127.0.0.1:11434",
        probe="/api/tags",
        itself="answers 403 to origins that OLLAMA_ORIGINS does not list, and to foreign Hosts",
        source="github.com/ollama/ollama: docs/faq.mdx; server/routes.go, allowedHostsMiddleware",
        allow="OLLAMA_ORIGINS=«origin» ollama serve",
        besides="Where it runs as an app or a service, set the variable there; its FAQ says how.",
    ),
    Profile(
        name="@llamacpp",
        title="llama.cpp",
        url="http://127.0.0.1:8080",
        probe="/v1/models",
        itself="allows every origin with credentials unless --cors-origins is given",
        source="github.com/ggml-org/llama.cpp: pull request 25655, issue 26988",
        allow="llama-server --cors-origins «origin»",
        besides="Write it beside the options that it has. It takes one origin, whatever it says.",
    ),
    Profile(
        name="@lmstudio",
        title="LM Studio",
        url="http://127.0.0.1:1234",
        probe="/v1/models",
        itself="allows no origin unless it was started with lms server start --cors",
        source="github.com/lmstudio-ai/lms: issue 11; lmstudio.ai/docs/cli/server-start",
        allow="lms server start --cors",
        besides="It takes no origin, and its documentation warns of the risk.",
    ),
    Profile(
        name="@comfyui",
        title="ComfyUI",
        url="http://127.0.0.1:8188",
        probe="/system_stats",
        itself="answers 403 to other sites, and on loopback to an Origin that is not its Host",
        source="github.com/comfyanonymous/ComfyUI: comfy/cli_args.py; server.py, PromptServer",
        allow="python main.py --enable-cors-header «origin»",
        besides="It then leaves out its own check, so that any page can have it work, unread.",
    ),
    Profile(
        name="@mcp",
        title="an MCP server",
        url="http://127.0.0.1:8000",
        probe="/mcp",
        itself="must check Origin by the specification of its transport, and often allows none",
        source="modelcontextprotocol.io: specification, transports, streamable HTTP",
        besides="Its own settings, or those of the framework that it is made with, say more.",
        fields=_MCP,
        note="its endpoint is /mcp; if yours listens elsewhere, serve its address instead",
    ),
    Profile(
        name="@jupyter",
        title="Jupyter Server",
        url="http://127.0.0.1:8888",
        probe="/api",
        itself="answers 404 to origins that ServerApp.allow_origin does not list, sockets 403",
        source="github.com/jupyter-server/jupyter_server: base/handlers.py, check_origin",
        allow="jupyter server --ServerApp.allow_origin=«origin»",
        besides="The same option is for jupyter lab and jupyter notebook.",
        note="it wants its token; without one in the request, /login gives _xsrf for X-XSRFToken",
    ),
)

PROFILES: Final = MappingProxyType({profile.name: profile for profile in _ROWS})
"""Each profile by its name."""


def find_profile(name: str) -> Profile:
    """Return the profile of a name; ``UsageError`` with those that are known.

    >>> find_profile("@Ollama").url
    'http://127.0.0.1:11434'
    """
    found = PROFILES.get(name.lower())
    if found is None:
        from corsmith.misnomers import nearest_word

        near = nearest_word(name.lower(), PROFILES)
        meant = "" if near is None else f"; did you mean {near}?"
        raise UsageError(
            f"{name} is not known{meant}\n"
            f"  write one of {' '.join(PROFILES)}\n"
            "  any other server is named by its address: http://127.0.0.1:PORT"
        )
    return found
