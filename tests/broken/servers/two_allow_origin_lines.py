"""A proxy and the application both add the header."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Add the line of the application, then that of the proxy."""
    origin = asked.get("origin") or "*"
    twice = (("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Origin", "*"))
    return Reply(headers=(("Server", "nginx/1.27.1"), *twice), body=b"{}")


BROKEN = Broken(
    answer=answer,
    code="allow-origin-twice",
    says=(
        "Two layers set Access-Control-Allow-Origin",
        "proxy_hide_header Access-Control-Allow-Origin;",
    ),
)
