"""Authentication in front of the CORS layer: preflights are answered 401."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Ask everyone for a token, preflights too."""
    if asked.get("authorization") is None:
        return Reply(status=401, headers=(("WWW-Authenticate", 'Bearer realm="api"'),))
    return Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-H", "Authorization: Bearer x"),
    stops="preflight",
    code="allow-origin-missing",
    says=(
        "an authentication layer, before any CORS layer",
        "Let OPTIONS with Access-Control-Request-Method through before authentication",
    ),
    page='(await fetch(URL, {headers: {Authorization: "Bearer x"}})).status',
)
