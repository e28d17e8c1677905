"""What is particular to Tornado: settings, the mixin, WebSockets, its own handlers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, RequestStartLine, ResponseStartLine
from tornado.routing import AnyMatches, HostMatches, PathMatches, Rule, RuleRouter
from tornado.testing import bind_unused_port
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler
from tornado.web import stream_request_body as streams
from tornado.websocket import WebSocketHandler, websocket_connect

import corsmith
from corsmith import Policy, PolicyError, Routes
from corsmith.adapters.tornado import SETTING, CORSMixin, cors, install, settings
from tests.frameworks.hosts.tornado import Connection, Items, exchange, over_tornado, pages
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, PROBES, ask, faults

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.hosts import Request

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"
GZIPPED = (("Accept-Encoding", "gzip"),)


class Guarded(RequestHandler):
    """A handler behind a login, which notes what it did."""

    did: list[str]

    def initialize(self) -> None:
        self.did = self.settings["did"]
        self.did.append("initialize")

    def prepare(self) -> None:
        self.did.append(f"prepare {self.request.method}")
        raise HTTPError(401)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish("a page of this application")


class Marked(CORSMixin, Items):
    cors_policy = PARTNER

    @cors(origins="*")
    def put(self) -> None:
        self.write({})

    def delete(self) -> None:
        self.write({})


def with_more(request: Request, *lines: tuple[str, str]) -> Request:
    return replace(request, headers=(*request.headers, *lines))


def test_the_application_stays_the_object_that_it_was() -> None:
    app = pages()
    assert install(app, POLICY) is app
    assert app.settings[SETTING].policy is POLICY
    assert corsmith.install(pages(), POLICY).settings[SETTING].policy is POLICY


@pytest.mark.parametrize("app", [RuleRouter(), "main:app", None], ids=lambda a: type(a).__name__)
def test_what_is_no_tornado_application_is_refused(app: Any) -> None:
    with pytest.raises(PolicyError, match=r"is no tornado\.web\.Application"):
        install(app, POLICY)


def test_installing_again_puts_the_second_policy_in_place_of_the_first() -> None:
    app = install(install(pages(), POLICY), PARTNER, enforce=True)
    assert over_tornado(app)(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    assert over_tornado(app)(ask("GET", "/items", APP)).status == 403
    assert len(app.transforms) == 1
    assert len(app.default_router.rules) == 2


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_settings_alone_do_as_well(probe: Any) -> None:
    reply = over_tornado(pages(**settings(POLICY)))(probe.request)
    assert faults(probe, reply, probe.statuses) == []


@pytest.mark.parametrize("path", ["/guarded", "/nowhere"])
def test_no_login_sees_a_preflight(path: str) -> None:
    did: list[str] = []
    app = install(Application([("/guarded", Guarded)], did=did), POLICY)
    reply = over_tornado(app)(ask("OPTIONS", path, APP))
    assert (reply.status, reply.body, did) == (200, b"", [])


@pytest.mark.parametrize("enforce", [False, True])
def test_with_settings_alone_no_login_sees_one_either(*, enforce: bool) -> None:
    did: list[str] = []
    app = Application([("/guarded", Guarded)], did=did, **settings(POLICY, enforce=enforce))
    found = asyncio.run(exchange(app, ask("OPTIONS", "/guarded", APP)))
    assert (found.status, found.reason, found.body, did) == (200, "OK", b"", ["initialize"])
    found = asyncio.run(exchange(app, ask("POST", "/guarded", OTHER)))
    assert (found.status, found.reason) == (
        (403, "Forbidden") if enforce else (401, "Unauthorized")
    )
    assert did[1:] == ["initialize"] + ["prepare POST"] * (not enforce)


def test_a_preflight_status_that_nobody_named_has_a_reason_too() -> None:
    app = install(pages(), origins=[APP], preflight_status=299)
    found = asyncio.run(exchange(app, ask("OPTIONS", "/items", APP)))
    assert (found.status, found.reason) == (299, "Unknown")


def test_the_access_log_has_the_method_and_the_status_that_were_sent() -> None:
    logged: list[tuple[str | None, int]] = []

    def log(handler: RequestHandler) -> None:
        logged.append((handler.request.method, handler.get_status()))

    for app in (pages(log_function=log, **settings(POLICY)), pages(log_function=log)):
        if SETTING not in app.settings:
            install(app, POLICY)
        over_tornado(app)(ask("OPTIONS", "/items", APP))
    assert logged == [("OPTIONS", 200)] * 2


def test_answers_are_compressed_where_the_settings_say_so() -> None:
    class Long(RequestHandler):
        def get(self) -> None:
            self.write("long " * 1000)

    app = Application([("/", Long)], **settings(POLICY, compress_response=True))
    reply = over_tornado(app)(with_more(ask("GET", "/", APP), *GZIPPED))
    assert reply.lines("content-encoding") == ["gzip"]
    assert reply.lines("vary") == ["Accept-Encoding, Origin"]
    app = install(Application([("/", Long)], compress_response=True), POLICY)
    reply = over_tornado(app)(with_more(ask("GET", "/", APP), *GZIPPED))
    assert (reply.lines("content-encoding"), reply.lines(ALLOW)) == (["gzip"], [APP])


def test_settings_take_a_policy_function_that_waits_for_nothing() -> None:
    def choose(*_: object) -> Policy:
        return POLICY

    async def choose_async(*_: object) -> Policy:
        return POLICY

    assert over_tornado(pages(**settings(choose)))(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    with pytest.raises(PolicyError, match="Write def"):
        settings(choose_async)


def test_the_policy_of_settings_can_be_swapped() -> None:
    app = pages(**settings(POLICY))
    app.settings[SETTING].policy = PARTNER
    assert over_tornado(app)(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]


@pytest.mark.parametrize(
    "build",
    [
        Application,
        lambda handlers: Application(handlers, **settings(POLICY)),
        lambda handlers: install(Application(handlers), POLICY),
    ],
    ids=["alone", "settings", "installed"],
)
def test_a_handler_with_the_mixin_has_a_policy_of_its_own(build: Any) -> None:
    asked = over_tornado(build([("/marked", Marked), ("/items", Items)]))
    preflight = asked(ask("OPTIONS", "/marked", OTHER, "DELETE"))
    assert (preflight.status, preflight.lines(METHODS)) == (200, ["DELETE"])
    assert asked(ask("DELETE", "/marked", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("PUT", "/marked", OTHER)).lines(ALLOW) == ["*"]
    assert asked(ask("POST", "/marked", OTHER)).lines(ALLOW) == [OTHER]  # a 405
    assert asked(ask("GET", "/items", OTHER)).lines(ALLOW) == []


class OneMarked(CORSMixin, RequestHandler):
    @cors(PARTNER)
    def get(self) -> None:
        self.write({})


class OneOfTwoMarked(OneMarked):
    def post(self) -> None: ...


@pytest.mark.parametrize("method", ["PUT", "PROPFIND"])
@pytest.mark.parametrize("is_installed", [True, False])
def test_a_method_that_a_handler_lacks_is_answered_by_the_policy_of_those_it_has(
    method: str, *, is_installed: bool
) -> None:
    given = {} if is_installed else settings(POLICY)
    app = Application([("/one", OneMarked), ("/mixed", OneOfTwoMarked)], **given)
    asked = over_tornado(install(app, POLICY) if is_installed else app)
    assert asked(ask("OPTIONS", "/one", OTHER, method)).lines(METHODS) == ["DELETE"]
    assert asked(ask(method, "/one", OTHER)).lines(ALLOW) == [OTHER]  # a 405
    assert asked(ask("OPTIONS", "/mixed", OTHER, method)).lines(ALLOW) == []
    assert asked(ask(method, "/mixed", APP)).lines(ALLOW) == [APP]


def test_a_mixin_without_a_policy_is_as_none() -> None:
    class Plain(CORSMixin, Items):
        """A handler that has the application's policy, if it has one."""

    assert over_tornado(Application([("/", Plain)]))(ask("GET", "/", APP)).cors == {}
    app = install(Application([("/", Plain)]), POLICY)
    assert over_tornado(app)(ask("GET", "/", APP)).lines(ALLOW) == [APP]


def test_a_policy_that_is_none_is_told_where_the_handler_is_written() -> None:
    with pytest.raises(PolicyError, match="is no policy of a route"):

        class Wrong(CORSMixin, Items):
            cors_policy = "https://app.example"  # type: ignore[assignment]  # that is what is told


def test_a_function_is_asked_before_the_body_is_read_and_may_wait() -> None:
    received: list[bytes] = []

    @streams
    class Upload(RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            received.append(chunk)

        def on_connection_close(self) -> None:
            received.append(b"gone")

        def post(self) -> None:
            self.write(b"".join(received))

    async def choose(*_: object) -> Policy:
        await asyncio.sleep(0)
        return POLICY

    async def upload() -> Connection:
        app = install(Application([("/upload", Upload)]), choose)
        connection = Connection()
        delegate = app.start_request(object(), connection)
        headers = HTTPHeaders({"Host": "localhost", "Origin": APP})
        waiting = delegate.headers_received(
            RequestStartLine("POST", "/upload", "HTTP/1.1"), headers
        )
        assert waiting is not None
        await waiting
        delegate.data_received(b"one ")
        delegate.data_received(b"two")
        delegate.finish()
        await connection.ended.wait()
        delegate.on_connection_close()
        return connection

    found = asyncio.run(upload())
    assert (found.body, received[-1]) == (b"one two", b"gone")
    assert ("Access-Control-Allow-Origin", APP) in found.headers


def test_parts_of_an_answer_are_sent_as_they_come() -> None:
    class Slow(RequestHandler):
        async def get(self) -> None:
            self.write("one ")
            await self.flush()
            self.write("two")
            await self.flush()

    app = Application([("/", Slow)], **settings(POLICY, enforce=True))
    reply = over_tornado(app)(ask("GET", "/", APP))
    assert (reply.body, reply.lines(ALLOW)) == (b"one two", [APP])
    reply = over_tornado(app)(ask("GET", "/", OTHER))
    assert (reply.status, reply.body[:11]) == (403, b"This origin")


def test_a_refusal_written_in_parts_is_sent_once() -> None:
    class Chatty(RequestHandler):
        def write_error(self, status_code: int, **kwargs: Any) -> None:
            self.write("part of a page")
            self.flush()
            self.finish("the rest of it")

    app = Application([("/", Chatty)], **settings(POLICY))
    reply = over_tornado(app)(ask("OPTIONS", "/", APP))
    assert (reply.status, reply.body, reply.lines("content-length")) == (200, b"", ["0"])


def test_a_file_and_its_304_carry_the_headers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    files = ("/files/(.*)", StaticFileHandler, {"path": tmp_path})
    asked = over_tornado(install(Application([files]), POLICY))
    found = asked(ask("GET", "/files/a.txt", APP))
    assert (found.status, found.body, found.lines(ALLOW)) == (200, b"text", [APP])
    etag = found.lines("etag")[0]
    again = asked(with_more(ask("GET", "/files/a.txt", APP), ("If-None-Match", etag)))
    assert (again.status, again.lines(ALLOW)) == (304, [APP])
    assert asked(ask("GET", "/files/none", APP)).lines(ALLOW) == [APP]
    assert asked(ask("GET", "/files/none", APP)).status == 404


def test_handlers_that_are_added_later_are_behind_the_layer_too() -> None:
    app = install(pages(), POLICY)
    app.add_handlers(r".*", [("/late", Items)])
    assert over_tornado(app)(ask("GET", "/late", APP)).lines(ALLOW) == [APP]
    assert over_tornado(app)(ask("OPTIONS", "/late", APP)).lines(METHODS) == ["GET,PUT"]


def test_an_application_behind_other_rules_has_the_policy_of_the_outer_one() -> None:
    inner = install(pages(), PARTNER)
    outer = install(Application([Rule(PathMatches("/.*"), inner)]), POLICY)
    assert over_tornado(outer)(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    router = RuleRouter([Rule(HostMatches("localhost"), inner)])
    assert over_tornado(router)(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]  # type: ignore[arg-type]  # both start requests


def test_what_is_no_handler_is_served_and_not_marked() -> None:
    def old(request: Any) -> None:
        line = ResponseStartLine("", 200, "OK")
        request.connection.write_headers(line, HTTPHeaders(), b"old")
        request.connection.finish()

    app = install(Application([Rule(AnyMatches(), old)]), POLICY)
    reply = over_tornado(app)(ask("GET", "/", APP))
    assert (reply.body, reply.cors) == (b"old", {})
    assert over_tornado(app)(ask("OPTIONS", "/", APP)).lines(METHODS) == ["GET,PUT"]


def test_tokens_against_forged_requests_do_not_hide_a_refusal() -> None:
    app = install(pages(xsrf_cookies=True), POLICY, enforce=True)
    reply = over_tornado(app)(ask("DELETE", "/items", OTHER))
    assert (reply.status, reply.body[:11]) == (403, b"This origin")


def test_percent_encoded_paths_are_read_as_routes_do() -> None:
    app = install(pages(), Routes({"/caf\xe9": POLICY}))
    assert over_tornado(app)(ask("GET", "/caf%C3%A9", APP)).lines(ALLOW) == [APP]


class Socket(CORSMixin, WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


class Partners(Socket):
    cors_policy = PARTNER


async def open_sockets(app: Application, path: str, origins: list[str]) -> list[int]:
    """Return the status of a handshake from each of these origins, over a socket."""
    server = HTTPServer(app)
    socket, port = bind_unused_port()
    server.add_sockets([socket])
    statuses = []
    try:
        for origin in origins:
            request = HTTPRequest(f"ws://127.0.0.1:{port}{path}", headers={"Origin": origin})
            try:
                connection = await websocket_connect(request)
            except HTTPClientError as error:
                statuses.append(error.code)
                continue
            statuses.append(101)
            await connection.write_message("hello")
            assert await connection.read_message() == "hello"
            connection.close()
    finally:
        server.stop()
        await server.close_all_connections()
    return statuses


@pytest.mark.servers
@pytest.mark.parametrize(
    ("source", "path", "statuses"),
    [
        (POLICY, "/socket", [101, 403]),
        (POLICY, "/partners", [403, 101]),
        (Policy(origins="*"), "/socket", [403, 403]),
        (Routes({"/socket": None}), "/socket", [403, 403]),
    ],
    ids=["policy", "its own", "any origin", "exempt"],
)
@pytest.mark.parametrize("enforce", [False, True])
def test_a_socket_is_opened_for_whom_the_policy_names(
    source: Any, path: str, statuses: list[int], *, enforce: bool
) -> None:
    app = Application([("/socket", Socket), ("/partners", Partners)])
    install(app, source, enforce=enforce)
    assert asyncio.run(open_sockets(app, path, [APP, OTHER])) == statuses


@pytest.mark.servers
def test_a_socket_without_any_layer_is_tornados_own_matter() -> None:
    app = Application([("/socket", Socket), ("/partners", Partners)])
    assert asyncio.run(open_sockets(app, "/socket", [APP])) == [403]
    assert asyncio.run(open_sockets(app, "/partners", [APP, OTHER])) == [403, 101]
