"""A shared cache keeps the answer of whichever page came first."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer each page by name, without a word about it to the cache in front."""
    named = tuple(pair for pair in allow(asked) if pair[0] != "Vary")
    kept = (("Cache-Control", "public, max-age=600"), ("X-Cache", "HIT from edge"))
    return Reply(headers=(*named, *kept), body=b"{}")


BROKEN = Broken(
    answer=answer,
    status=0,
    stops=None,
    code="vary-missing",
    says=("X-Cache: HIT from edge", "Send Vary: Origin on every answer"),
)
