"""Plays one request against answers that a test wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corsmith.browser import STANDARD, Failure, FetchRequest, Profile, Received, fetch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corsmith.browser import Engine, Sent, Verdict

PAGE = "https://app.example"
API = "https://api.example/items"
OPEN = {"Access-Control-Allow-Origin": "*"}


def answer(
    headers: Mapping[str, str] | None = None, status: int = 200, *more: tuple[str, str]
) -> Received:
    """Return an answer."""
    return Received(status=status, headers=(*(headers or {}).items(), *more))


def ask(*, profile: Profile | None = None, engine: Engine = STANDARD, **fields: Any) -> Asked:
    """Return a request of a page that waits for its answers."""
    given = {"page": PAGE, "url": API, **fields}
    return Asked(FetchRequest(**given), profile or Profile(engine=engine))


class Asked:
    """A request, with what is sent one by one."""

    def __init__(self, request: FetchRequest, profile: Profile) -> None:
        self.profile = profile
        self.run = fetch(request, profile)
        self.sent: Sent | None = None
        self.verdict: Verdict | None = None
        self._step(None)

    def answered(self, *answers: Received | Failure) -> Verdict:
        """Give the answers in order, and return the verdict."""
        for one in answers:
            assert self.sent is not None, f"nothing was sent for {one}"
            self._step(one)
        assert self.verdict is not None, f"still waiting for an answer to {self.sent}"
        return self.verdict

    def answered_one(self, given: Received | Failure) -> None:
        """Give one answer, after which more is sent."""
        self._step(given)
        assert self.sent is not None, self.verdict

    def _step(self, given: Received | Failure | None) -> None:
        try:
            self.sent = next(self.run) if given is None else self.run.send(given)
        except StopIteration as stop:
            self.sent, self.verdict = None, stop.value


def header(sent: Sent | None, name: str) -> str | None:
    """Return the value of a header that was sent."""
    assert sent is not None
    return next((value for key, value in sent.headers if key.lower() == name.lower()), None)
