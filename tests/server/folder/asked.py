"""Asking for files, in memory: behind the policy that they have where none is given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from corsmith.policy import Policy
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from tests.server.in_memory import Answer, ask

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(100))
BIG = os.urandom(300_000)
HERE = (b"origin", b"http://localhost:5173")


def front(path: Path, **wishes: Any) -> Front:
    files = Files.of(str(path), **wishes)
    return Front(files.open(), Policy.from_mapping(dict(files.seed)))


def get(root: Path, path: str = "/a.bin", method: str = "GET", **headers: str) -> Answer:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return ask(front(root), method, path, HERE, *lines)
