"""Any origin is allowed, and the page includes cookies."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow any origin by a star."""
    star = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"))
    return Reply(headers=star, body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("--cookies",),
    code="wildcard-with-credentials",
    says=('in place of "*"',),
    page='(await fetch(URL, {credentials: "include"})).status',
)
