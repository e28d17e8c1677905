"""A router that adds a slash by a redirect: preflights follow none."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer the path with a slash, and send the other one there."""
    if not asked.target.endswith("/"):
        return Reply(status=307, headers=(("Location", f"{asked.here}{asked.target}/"),))
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked))
    return Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT"),
    stops="preflight",
    code="allow-origin-missing",
    says=("with or without its last slash", '/items/", where no redirect is needed'),
    repair=answer,
    repair_path="/items/",
    page='(await fetch(URL, {method: "PUT"})).status',
)
