"""A certificate that nobody has been told to trust."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Answer well: nobody gets so far."""
    return Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    tls="self-signed",
    code="request-tls",
    says=("is not trusted", "Let the system trust it"),
)
