"""A session has ended: a request is redirected to the login page, without headers."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Let preflights pass, and send the rest to the login page."""
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked))
    return Reply(status=302, headers=(("Location", "/accounts/login/?next=/items"),))


BROKEN = Broken(
    answer=answer,
    words=("--cookies",),
    code="allow-origin-missing",
    says=("sends to its login page", "answer 401 with the header lines below"),
    page='(await fetch(URL, {credentials: "include"})).status',
)
