"""A tracing library adds a header that the server does not know."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow what was known when the server was written."""
    return Reply(headers=allow(asked, headers="Content-Type"), body=b"{}")


def repair(asked: Asked) -> Reply:
    """Allow what the library adds."""
    return Reply(headers=allow(asked, headers="Content-Type, traceparent"), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-H", "traceparent: 00-1-1-01"),
    stops="preflight",
    code="header-not-allowed",
    says=(
        "Add traceparent to Access-Control-Allow-Headers",
        "Access-Control-Allow-Headers: Content-Type, traceparent",
    ),
    repair=repair,
    page='(await fetch(URL, {headers: {traceparent: "00-1-1-01"}})).status',
)
