"""A server that ends the connection when it reads OPTIONS."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Fault, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply | Fault:
    """Fall over at OPTIONS."""
    return Fault.RESET if asked.is_preflight else Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT"),
    stops="preflight",
    code="preflight-closed",
    says=(
        "first byte: the server resets the connection",
        "Make the server answer OPTIONS /items with 204",
    ),
    page='(await fetch(URL, {method: "PUT"})).status',
)
