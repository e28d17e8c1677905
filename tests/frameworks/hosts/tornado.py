"""Tornado, in memory: an application is handed a request as its HTTP server does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPInputError, RequestStartLine
from tornado.web import Application, HTTPError, RedirectHandler, RequestHandler

from corsmith.adapters.tornado import SETTING, cors, install
from tests.adapters.hosts import Reply
from tests.frameworks.calling import Script
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "Tornado"
DISTRIBUTIONS = ("tornado",)
PER_ROUTE = "`cors_policy` of a handler, `@cors(…)` on its method"


def can_ask(request: Request, app: App) -> bool:
    """Return whether its parser takes these headers, and a handler may have this method."""
    try:
        _fields(request)
    except HTTPInputError:
        return False
    return request.method in RequestHandler.SUPPORTED_METHODS


def _fields(request: Request) -> HTTPHeaders:
    fields = HTTPHeaders({"Host": "localhost"})
    for name, value in request.headers:
        if name != "Host":
            fields.add(name, value.strip(" \t"))
    return fields


class Connection(HTTPConnection):
    """One exchange: what is written, and when it ends."""

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = b""
        self.ended = asyncio.Event()

    def set_close_callback(self, callback: Any) -> None:
        """The client stays."""

    def write_headers(self, start_line: Any, headers: HTTPHeaders, chunk: Any = None) -> Any:
        assert not self.status
        self.status, self.reason = start_line.code, start_line.reason
        self.headers = tuple(headers.get_all())
        return self.write(chunk or b"")

    def write(self, chunk: bytes) -> Any:
        self.body += chunk
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        written.set_result(None)
        return written

    def finish(self) -> None:
        self.ended.set()


async def exchange(app: Application, request: Request) -> Connection:
    """Return what an application writes for a request."""
    connection = Connection()
    delegate = app.start_request(object(), connection)
    line = RequestStartLine(request.method, request.path, "HTTP/1.1")
    waiting = delegate.headers_received(line, _fields(request))
    if waiting is not None:
        await waiting
    delegate.finish()
    await asyncio.wait_for(connection.ended.wait(), 5)
    return connection


def over_tornado(app: Application, script: Script | None = None) -> Ask:
    """Return what asks an application."""

    def ask(request: Request) -> Reply:
        note = script or Script()
        note.ran = False
        found = asyncio.run(exchange(app, request))
        return Reply(status=found.status, headers=found.headers, body=found.body, app_ran=note.ran)

    return ask


class Items(RequestHandler):
    def get(self) -> None:
        self.write({"status": "OK"})


class Teapot(RequestHandler):
    def get(self) -> None:
        raise HTTPError(418)


class Fails(RequestHandler):
    def get(self) -> None:
        raise LookupError


class Marked(Items):
    @cors(PARTNER)
    def delete(self) -> None:
        self.write({})


class Exempt(Items):
    cors_policy = None


def pages(**settings: Any) -> Application:
    """Return the pages."""
    return Application(
        [
            ("/items", Items),
            ("/slash", RedirectHandler, {"url": "/slash/"}),
            ("/slash/", Items),
            ("/teapot", Teapot),
            ("/fails", Fails),
            ("/marked", Marked),
            ("/exempt", Exempt),
        ],
        **settings,
    )


def probed(source: Any, **options: Any) -> Ask:
    return over_tornado(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_tornado(app), lambda new: setattr(app.settings[SETTING], "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    return over_tornado(*_scripted(app, lambda inside: install(inside, source, **options)))


def _scripted(app: App, put: Callable[[Application], Application]) -> tuple[Application, Script]:
    script = Script()

    class Answer(RequestHandler):
        def answer(self) -> None:
            script.ran = True
            if app.error is not None:
                raise app.error
            self.set_status(app.status)
            self.clear_header("Content-Type")
            for name, value in app.headers:
                self.add_header(name, value)
            if app.status not in {204, 304}:
                self.write(app.body)

        get = head = post = put = delete = patch = options = answer

    return put(Application([("/.*", Answer)])), script
