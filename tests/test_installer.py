"""``install`` finds the protocol of an application by how it is called."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from corsmith import Policy, PolicyError, install
from corsmith.adapters import asgi, wsgi

POLICY = Policy(origins=["https://app.example"])


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


def asgi_by_return(scope: Any, receive: Any, send: Any) -> Any:
    return asgi_app(scope, receive, send)


def wsgi_app(environ: Any, start_response: Any) -> Any:
    return []


def wsgi_generator(environ: Any, start_response: Any, *, debug: bool = False) -> Any:
    yield b""


class AsyncApp:
    """An application that is an object, as those of most frameworks."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""

    def routes(self) -> None:
        """Be something else that a framework has."""


class PlainApp:
    """The same over WSGI."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return []


class WsgiClass:
    """An application that is a class (PEP 3333, "The Application/Framework Side")."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        self.start_response = start_response

    def __iter__(self) -> Any:
        yield b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Be called in a way that does not matter."""


class Framework:
    """An application whose method is the callable."""

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""

    def wsgi(self, environ: Any, start_response: Any) -> Any:
        return []


@pytest.mark.parametrize(
    ("app", "adapter"),
    [
        (asgi_app, asgi),
        (asgi_by_return, asgi),
        (AsyncApp(), asgi),
        (Framework().asgi, asgi),
        (functools.partial(asgi_app), asgi),
        (asgi.CORSMiddleware(asgi_app, POLICY), asgi),
        (wsgi_app, wsgi),
        (wsgi_generator, wsgi),
        (PlainApp(), wsgi),
        (WsgiClass, wsgi),
        (Framework().wsgi, wsgi),
        (functools.partial(wsgi_app), wsgi),
        (wsgi.CORSMiddleware(wsgi_app, POLICY), wsgi),
    ],
)
def test_an_application_is_wrapped_by_the_adapter_of_its_protocol(app: Any, adapter: Any) -> None:
    installed: Any = install(app, POLICY, enforce=True)
    assert type(installed) is adapter.CORSMiddleware
    assert (installed.app, installed.policy, installed._enforce) == (app, POLICY, True)


class Asgi2:
    """An application of ASGI 2, which this is not for."""

    def __init__(self, scope: Any) -> None:
        """Take the scope."""


class ThreeArguments:
    """A class that takes three arguments, which no protocol calls."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take them."""


def one_argument(request: Any) -> Any:
    return request


def any_arguments(*arguments: Any) -> Any:
    return arguments


@pytest.mark.parametrize(
    "app",
    [
        "main:app",
        None,
        7,
        object(),
        Asgi2,
        ThreeArguments,
        one_argument,
        any_arguments,
        max,
        POLICY,
    ],
    ids=lambda app: getattr(app, "__name__", type(app).__name__),
)
def test_what_is_no_application_is_refused(app: Any) -> None:
    with pytest.raises(PolicyError, match=r"wrong-type: app: .* is no ASGI or WSGI app"):
        install(app, POLICY)


def test_the_policy_is_checked_as_the_adapter_does() -> None:
    assert install(wsgi_app, origins=["https://app.example"]).policy == POLICY
    with pytest.raises(PolicyError, match="allow_origins"):
        install(asgi_app, allow_origins="*")
    with pytest.raises(PolicyError, match="Write async def"):
        install(asgi_app, lambda *_: POLICY)
    with pytest.raises(PolicyError, match="enforce"):
        install(wsgi_app, POLICY, enforce="yes")  # type: ignore[arg-type]
