"""The error page of a framework is made outside its CORS layer."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Fail, and answer as the outermost layer does."""
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked))
    return Reply(
        status=500,
        headers=(("Server", "uvicorn"), ("Content-Type", "text/plain")),
        body=b"Internal Server Error",
    )


def repair(asked: Asked) -> Reply:
    """Fail, inside the CORS layer."""
    return Reply(status=500, headers=allow(asked), body=b"Internal Server Error")


BROKEN = Broken(
    answer=answer,
    code="allow-origin-missing",
    says=(
        "outside the CORS layer",
        "GET /items fails with 500",
        "Starlette: the last lines of the file that makes app",
        "app = CORSMiddleware(",
    ),
    repair=repair,
)
