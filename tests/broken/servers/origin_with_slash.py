"""The allowed origin ends in a slash, as no origin does."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow the page by a value that it never has."""
    slash = f"{asked.get('origin')}/"
    return Reply(headers=(("Access-Control-Allow-Origin", slash), ("Vary", "Origin")), body=b"{}")


BROKEN = Broken(
    answer=answer,
    code="allow-origin-mismatch",
    says=('in place of "https://app.example/"', "an origin has no slash at its end"),
)
