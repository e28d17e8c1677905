"""A login page in front of the server: preflights are redirected to it."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Send whoever has no session to the login page."""
    return Reply(status=302, headers=(("Location", "/login?next=/items"),))


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT", "--cookies"),
    stops="preflight",
    code="allow-origin-missing",
    says=(
        "sends to its login page",
        "Let OPTIONS with Access-Control-Request-Method through before authentication",
    ),
    page='(await fetch(URL, {method: "PUT", credentials: "include"})).status',
)
