"""The header that allows credentials is spelled as Python spells truth."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Allow credentials with a capital."""
    named = ("Access-Control-Allow-Origin", asked.get("origin") or "")
    capital = ("Access-Control-Allow-Credentials", "True")
    return Reply(headers=(named, capital, ("Vary", "Origin")), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("--cookies",),
    code="allow-credentials-not-true",
    says=('Write "true" in place of "True"',),
    page='(await fetch(URL, {credentials: "include"})).status',
)
