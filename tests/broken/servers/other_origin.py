"""One origin is written into the server, and it is not this page's."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow the page of the one who wrote this."""
    mine = ("Access-Control-Allow-Origin", "http://localhost:3000")
    return Reply(headers=(mine, ("X-Powered-By", "Express")), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("--from", "http://localhost:5173"),
    code="allow-origin-mismatch",
    says=('Write "http://localhost:5173" in place of "http://localhost:3000"', "Express: before"),
)
