"""A preflight with all its headers and a status that browsers refuse."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow everything, by a page that does not exist."""
    return Reply(status=404 if asked.is_preflight else 200, headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT"),
    stops="preflight",
    code="preflight-status",
    says=("status 404",),
    page='(await fetch(URL, {method: "PUT"})).status',
)
