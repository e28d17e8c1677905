"""A preflight that is never answered."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Fault, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply | Fault:
    """Answer everything but OPTIONS."""
    return Fault.HANG if asked.is_preflight else Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT", "--timeout", "0.3"),
    status=3,
    stops="preflight",
    code="preflight-timeout",
    says=(
        "first byte: no answer within 0.3 s",
        "Make the server answer OPTIONS /items with 204",
        "Or give it longer",
    ),
    page='(await fetch(URL, {method: "PUT", signal: AbortSignal.timeout(1000)})).status',
)
