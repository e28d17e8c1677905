"""Applications of older forms, and what only looks like one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from corsmith.application.generations import Asgi2, modern


class Two:
    """As ASGI 2 has it: made of a scope, called with two channels."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> None:
        await send({"type": self.scope["type"], "body": await receive()})


def two(scope: Any) -> Any:
    return Two(scope)


class Answer:
    """As PEP 3333 has it: its object is the answer."""

    def __init__(self, environ: Any, start_response: Any) -> None: ...

    def __iter__(self) -> Any: ...


class Other:
    def __init__(self, name: str) -> None: ...

    def __call__(self, receive: Any, send: Any) -> None: ...


class Pair:
    def __init__(self, first: int, second: int) -> None: ...


class Bare: ...


@pytest.mark.parametrize("app", [Two, two])
def test_an_application_of_asgi_2_is_called_in_two_steps(app: Any) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return "received"

    async def send(message: Any) -> None:
        sent.append(message)

    found = modern(app)
    assert isinstance(found, Asgi2)
    assert found.app is app
    asyncio.run(found({"type": "http"}, receive, send))
    assert sent == [{"type": "http", "body": "received"}]


def test_a_class_whose_objects_are_answers_is_a_wsgi_application_as_it_is() -> None:
    assert modern(Answer) is Answer


@pytest.mark.parametrize("value", [Other, Pair, Bare, int, type, lambda request: request, 3])
def test_nothing_else_is_an_application_of_an_older_form(value: object) -> None:
    assert modern(value) is None
