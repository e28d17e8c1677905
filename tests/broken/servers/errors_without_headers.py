"""Answers carry the headers, and error pages do not."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer one path, and let the router answer the rest."""
    if asked.target != "/items":
        return Reply(status=404, body=b"Not Found")
    return Reply(headers=allow(asked), body=b"{}")


def repair(asked: Asked) -> Reply:
    """Put the headers on both."""
    return Reply(status=200 if asked.target == "/items" else 404, headers=allow(asked))


BROKEN = Broken(
    answer=answer,
    status=0,
    stops=None,
    code="errors-without-headers",
    says=("a 404 has not", "Put the CORS layer outside the router"),
    repair=repair,
)
