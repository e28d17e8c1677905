"""A rate limiter that answers before the CORS layer."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Have enough."""
    return Reply(status=429, headers=(("Retry-After", "30"),), body=b"Too Many Requests")


BROKEN = Broken(
    answer=answer,
    code="allow-origin-missing",
    says=("a rate limiter", "ask less often, and wait as Retry-After: 30 says"),
)
