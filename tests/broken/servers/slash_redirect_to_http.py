"""Behind a proxy that ends TLS, a slash redirect leads to http."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Add the slash, and take oneself for http."""
    if not asked.target.endswith("/"):
        there = asked.here.replace("https://", "http://")
        return Reply(status=307, headers=(*allow(asked), ("Location", f"{there}{asked.target}/")))
    return Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-k", "--from", "https://app.example"),
    host="api.example",
    tls="self-signed",
    stops="request",
    code="mixed-content",
    says=('/items/", where no redirect is needed', "it is served over https"),
    repair=answer,
    repair_path="/items/",
)
