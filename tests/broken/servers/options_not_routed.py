"""A router without an answer to OPTIONS."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer the methods that have a route."""
    if asked.method == "OPTIONS":
        headers = (("Allow", "GET, PUT"), ("Content-Type", "application/json"))
        return Reply(status=405, headers=headers, body=b'{"detail":"Method Not Allowed"}')
    return Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT"),
    stops="preflight",
    code="allow-origin-missing",
    says=("the router or file server", "Answer OPTIONS /items with 204", "FastAPI: the last lines"),
    page='(await fetch(URL, {method: "PUT"})).status',
)
