"""A redirect to where the files are, without headers of its own."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Send everyone to the store."""
    there = asked.here.replace("127.0.0.1", "localhost")
    if asked.target.startswith("/store"):
        return Reply(headers=allow(asked), body=b"{}")
    return Reply(status=302, headers=(("Location", f"{there}/store{asked.target}"),))


BROKEN = Broken(
    answer=answer,
    code="allow-origin-missing",
    says=("a redirect to another address", "Put the header lines below on the redirect too"),
)
