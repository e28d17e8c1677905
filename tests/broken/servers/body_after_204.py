"""A preflight's 204 with a body, which stands where the next answer begins."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Say that there is no content, and send some."""
    if asked.is_preflight:
        length = (("Content-Length", "2"),)
        return Reply(status=204, headers=(*allow(asked), *length), raw=b"ok")
    return Reply(headers=allow(asked), body=b"{}")


BROKEN = Broken(
    answer=answer,
    words=("-X", "PUT"),
    status=0,
    stops=None,
    code="body-after-204",
    says=("Send no body and no Content-Length with 204",),
    page='(await fetch(URL, {method: "PUT"})).status',
)
