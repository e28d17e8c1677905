"""The gateway is up and the application is not."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer for an upstream that does not."""
    page = b"<html><h1>502 Bad Gateway</h1><hr>nginx/1.27.1</html>"
    return Reply(status=502, headers=(("Server", "nginx/1.27.1"),), body=page)


BROKEN = Broken(
    answer=answer,
    code="allow-origin-missing",
    says=(
        "a gateway whose upstream gives no answer",
        "Bring the upstream of the gateway back",
        "on its own error pages too",
    ),
)
