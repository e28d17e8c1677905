"""A star for the headers, which does not cover Authorization."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow any header but by name."""
    star = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "*"))
    return Reply(headers=star, body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-H", "Authorization: Bearer x"),
    status=0,
    stops=None,
    code="authorization-not-covered",
    says=("The standard says no", "Name Authorization beside"),
    page='(await fetch(URL, {headers: {Authorization: "Bearer x"}})).status',
)
