"""Fifty requests for one configuration: what pages ask, and single requests as they are sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corsmith.browser import FetchRequest, Profile
from corsmith.exchange import Answer, Exchange
from tests.adapters.hosts import Request
from tests.importers.configurations import NAMES, ODD_NAMES, ORIGINS
from tests.importers.originals import METHODS, PATHS

if TYPE_CHECKING:
    from random import Random

    from corsmith.browser import Sent
    from tests.importers.originals import Answered, Ask

__all__ = ["Asked", "Question", "questions", "send"]

PAGES = (
    "https://app.example.com",
    "https://admin.example.com",
    "https://app.example.com:8443",
    "http://app.example.com",
    "http://localhost:3000",
    "http://127.0.0.1:8080",
    "https://stranger.invalid",
    "https://app.example.com.stranger.invalid",
    "https://strangerexample.com",
    "https://appxexample.com",
    "https://x.app.example.com",
    "https://pr-7.vercel.app",
    "null",
)
ELSEWHERE = ("/nowhere", "/api/nowhere", "/api/v3/items", "/itemsx", "/items/7", "/public/")
CREDENTIALS = ("omit", "include")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: of a page, if ``page`` is given, else as it is."""

    path: str
    method: str
    origin: str | None
    names: tuple[str, ...] = ()
    credentials: bool = False
    is_raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of it: whether a page may read, which headers it sees, and the answers."""

    readable: bool | None
    seen: frozenset[str]
    answers: tuple[tuple[str, Answered], ...]


def questions(rng: Random, settings: str) -> list[Question]:
    """Return fifty questions, many about what the settings name."""
    written = [origin for origin in PAGES if origin in settings]
    found = []
    for number in range(50):
        page = rng.choice(written) if written and rng.random() < 0.6 else rng.choice(PAGES)
        names = tuple(rng.sample(NAMES, rng.choice([0, 0, 1, 2])))
        if number % 5 == 4:
            values = (None, *ORIGINS, "HTTPS://APP.EXAMPLE.COM", "https://app.example.com, null")
            found.append(
                Question(
                    path=rng.choice(PATHS + ELSEWHERE),
                    method=rng.choice(["OPTIONS", "OPTIONS", "GET"]),
                    origin=rng.choice([page, rng.choice(values)]),
                    names=(*names, *rng.sample(ODD_NAMES, rng.choice([0, 1]))),
                    is_raw=True,
                )
            )
            continue
        found.append(
            Question(
                path=rng.choice(PATHS) if rng.random() < 0.8 else rng.choice(ELSEWHERE),
                method=rng.choice([*METHODS, "GET", "HEAD", "PATCH", "patch", "PURGE"]),
                origin=page,
                names=names,
                credentials=rng.random() < 0.4,
            )
        )
    return found


def send(question: Question, ask: Ask) -> Asked:
    """Put a question to an application."""
    if question.is_raw:
        return _raw(question, ask)
    answers: list[tuple[str, Answered]] = []

    def sent(one: Sent, _body: bytes | None) -> Answer:
        path = re.sub(r"^https://api\.test", "", one.url)
        answer = ask(Request(method=one.method, path=path, headers=one.headers))
        answers.append((one.method, answer))
        return Answer(status=answer.status, headers=answer.headers)

    request = FetchRequest(
        page=question.origin or "",
        url=f"https://api.test{question.path}",
        method=question.method,
        headers=tuple((name, _VALUES.get(name, "1")) for name in question.names),
        credentials="include" if question.credentials else "omit",
    )
    trial = Exchange(send=sent, follow=lambda _: True).put(request, Profile())
    assert trial.verdict is not None
    seen = frozenset(name.lower() for name, _ in trial.verdict.visible if name.startswith("X-"))
    return Asked(readable=trial.readable, seen=seen, answers=tuple(answers))


_VALUES = {"Content-Type": "application/json", "Accept": 'text/plain;q="1"'}


def _raw(question: Question, ask: Ask) -> Asked:
    lines = [] if question.origin is None else [("Origin", question.origin)]
    if question.method == "OPTIONS":
        lines.append(("Access-Control-Request-Method", "PUT"))
        if question.names:
            lines.append(("Access-Control-Request-Headers", ",".join(question.names).lower()))
    answer = ask(Request(method=question.method, path=question.path, headers=tuple(lines)))
    return Asked(readable=None, seen=frozenset(), answers=((question.method, answer),))
