"""A server of nothing but HTTP/2 that has no CORS layer."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer without a word about origins."""
    return Reply(headers=(("server", "granian"),), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-k",),
    tls="h2",
    code="allow-origin-missing",
    says=("over HTTP/2", "Let the server allow https://app.example"),
)
