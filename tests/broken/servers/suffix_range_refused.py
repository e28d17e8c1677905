"""A range from the end is refused, as many small file servers do."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


FILE = b'{"zarr_format": 3, "node_type": "group"}'


def answer(asked: Asked) -> Reply:
    """Answer ranges from the beginning only."""
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked))
    if "zarr.json" not in asked.target:
        return Reply(status=404, headers=allow(asked))
    if (asked.get("range") or "").startswith("bytes=-"):
        return Reply(status=416, headers=allow(asked))
    return Reply(headers=allow(asked), body=FILE)


def repair(asked: Asked) -> Reply:
    """Answer ranges from the end too."""
    wanted = asked.get("range") or ""
    if asked.is_preflight or "zarr.json" not in asked.target or not wanted.startswith("bytes=-"):
        return answer(asked)
    size = int(wanted.removeprefix("bytes=-"))
    where = f"bytes {len(FILE) - size}-{len(FILE) - 1}/{len(FILE)}"
    return Reply(status=206, headers=(*allow(asked), ("Content-Range", where)), body=FILE[-size:])


BROKEN = Broken(
    answer=answer,
    words=("--as", "zarr"),
    path="/image.zarr/",
    stops=None,
    code="range-not-answered",
    says=("Range: bytes=-8 was answered 416, not 206", "Answer a range from the end with 206"),
    repair=repair,
    page='(await fetch(`${URL}zarr.json`, {headers: {Range: "bytes=-8"}})).status',
)
