"""A server that allows one host name, and is reached by another."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Refuse a host that is not listed."""
    return Reply(status=400, headers=(("Server", "uvicorn"),), body=b"Invalid host header")


BROKEN = Broken(
    answer=answer,
    code="allow-origin-missing",
    says=(
        "a Host check, before the application",
        'Add "127.0.0.1" to the host names',
        "where TrustedHostMiddleware is added",
    ),
)
