"""CORS that works, and says why when it doesn't.

The names below are the public ones; each is loaded when it is first used, so that
``import corsmith`` costs nothing and loads no third-party module. So is ``corsmith.server``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corsmith import server as server
    from corsmith.errors import PolicyError
    from corsmith.gate import load, load_env
    from corsmith.installer import install
    from corsmith.policy import Policy
    from corsmith.routes import Routes

__all__ = ["Policy", "PolicyError", "Routes", "install", "load", "load_env"]

__version__ = "0.1.0"

_HOMES = {
    "Policy": "corsmith.policy",
    "PolicyError": "corsmith.errors",
    "Routes": "corsmith.routes",
    "install": "corsmith.installer",
    "load": "corsmith.gate",
    "load_env": "corsmith.gate",
}

_PACKAGES = ("server",)
"""The packages with public names of their own: ``corsmith.server.background``."""


def __getattr__(name: str) -> object:
    """Load a public name from the module where it lives (PEP 562)."""
    if name in _PACKAGES:
        return import_module(f"corsmith.{name}")
    if name not in _HOMES:
        message = f"module 'corsmith' has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return sorted([*__all__, *_PACKAGES, "__version__"])
