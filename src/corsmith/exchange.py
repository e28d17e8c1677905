"""One question of a page put to a server, and judged as each engine would judge it.

What lives here: what came back for a request (an ``Answer`` or ``NoAnswer``), and
``Exchange``, which sends each distinct request once, whichever engines ask it, and keeps the
record. What does not: the wire (``net``: ``Exchange`` is given a function that sends) and the
judgement (``browser``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from corsmith.answer import Answer
from corsmith.browser import Failure, FetchRequest, Profile, Sent, Verdict, fetch

__all__ = ["Answer", "Exchange", "Leg", "NoAnswer", "Result", "Send", "Trial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """Why nothing came back: the failure as the model takes it, and for people."""

    failure: Failure
    step: str
    problem: str
    hint: str | None = None


Result: TypeAlias = Answer | NoAnswer
Send: TypeAlias = Callable[[Sent, bytes | None], Result]
"""Sends a request, with the body if it has one, and returns what came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One request, and what came back."""

    sent: Sent
    result: Result

    @property
    def answer(self) -> Answer | None:
        """The answer, or ``None`` where nothing came back."""
        return self.result if isinstance(self.result, Answer) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one engine concludes, from which requests.

    ``verdict`` is ``None`` where a redirect leads to a host that may not be asked:
    ``unfollowed`` is its URL then.
    """

    engine: str
    verdict: Verdict | None
    legs: tuple[Leg, ...]
    unfollowed: str | None = None

    @property
    def readable(self) -> bool:
        """Whether a script gets the answer to read: nobody reads an opaque one."""
        verdict = self.verdict
        return verdict is not None and verdict.outcome == "ok" and verdict.status != 0

    @property
    def last(self) -> Leg | None:
        """The last request that was sent, or ``None``."""
        return self.legs[-1] if self.legs else None


@dataclass(slots=True)
class Exchange:
    """The record of all that was sent for one question, and the way to send more.

    ``follow`` says whether a URL may be asked; what was asked once is never sent again.
    """

    send: Send
    follow: Callable[[str], bool]
    record: dict[object, Result] = field(default_factory=dict)

    def put(self, request: FetchRequest, profile: Profile, body: bytes | None = None) -> Trial:
        """Ask as the browser of ``profile`` does; return what it concludes.

        ``body`` are the bytes of the request's body, of which CORS sees only the type.
        """
        asking = fetch(request, profile)
        legs: list[Leg] = []
        try:
            sent = next(asking)
            while True:
                if not self.follow(sent.url):
                    asking.close()
                    return self._trial(profile, None, legs, unfollowed=sent.url)
                result = self.ask(sent, body)
                legs.append(Leg(sent=sent, result=result))
                answered = result.received if isinstance(result, Answer) else result.failure
                sent = asking.send(answered)
        except StopIteration as done:
            return self._trial(profile, done.value, legs)

    def ask(self, sent: Sent, body: bytes | None = None) -> Result:
        """Return what comes back for one request, from the record if it was sent before."""
        body = body if sent.has_body else None
        key = (sent.method, sent.url, _canonical(sent.headers), sent.credentials, body)
        if key not in self.record:
            self.record[key] = self.send(sent, body)
        return self.record[key]

    def _trial(
        self,
        profile: Profile,
        verdict: Verdict | None,
        legs: list[Leg],
        unfollowed: str | None = None,
    ) -> Trial:
        name = profile.engine.name
        return Trial(engine=name, verdict=verdict, legs=tuple(legs), unfollowed=unfollowed)


def _canonical(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return header lines without their order, which no server is to look at."""
    return tuple(sorted((name.lower(), value) for name, value in headers))
