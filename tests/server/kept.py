"""A log whose lines are kept, to be read instead of written."""

from __future__ import annotations

from typing import Any

from corsmith.server.log import Log, Verdict, request_line


class Kept(Log):
    """A log whose lines are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def request(self, scope: Any, status: int, verdict: Verdict, problem: str | None) -> None:
        self.lines.append(request_line(scope, status, verdict, problem))
