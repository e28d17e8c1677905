"""Ranges are answered, and the script cannot read Content-Range."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


SIZE = 65536


def answer(asked: Asked) -> Reply:
    """Answer a range, and expose nothing."""
    headers = (*allow(asked), ("Content-Range", f"bytes 0-{SIZE - 1}/{2 * SIZE}"))
    return Reply(status=206, headers=headers, body=b"x" * SIZE)


def repair(asked: Asked) -> Reply:
    """Answer a range, and expose where it is."""
    exposed = ("Access-Control-Expose-Headers", "Content-Range")
    headers = (*allow(asked), ("Content-Range", f"bytes 0-{SIZE - 1}/{2 * SIZE}"), exposed)
    return Reply(status=206, headers=headers, body=b"x" * SIZE)


BROKEN = Broken(
    answer=answer,
    words=("-H", "Range: bytes=0-65535"),
    status=0,
    stops=None,
    code="header-not-exposed",
    says=(
        "invisible to JavaScript: Content-Range",
        "Access-Control-Expose-Headers: Content-Range",
    ),
    repair=repair,
    page=(
        '(await fetch(URL, {headers: {Range: "bytes=0-65535"}}))'
        '.headers.get("Content-Range") ? 200 : 0'
    ),
)
