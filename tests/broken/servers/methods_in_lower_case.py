"""The allowed methods are in lower case, which is another method."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow patch."""
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked, methods="get, post, patch"))
    return Reply(headers=allow(asked), body=b"{}")


def repair(asked: Asked) -> Reply:
    """Allow PATCH."""
    return Reply(headers=allow(asked, methods="GET, POST, PATCH"))


BROKEN = Broken(
    answer=answer,
    words=("-X", "PATCH"),
    stops="preflight",
    code="method-not-allowed",
    says=('Write "PATCH" in place of "patch"', "letter for letter"),
    repair=repair,
    page='(await fetch(URL, {method: "PATCH"})).status',
)
