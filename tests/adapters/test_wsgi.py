"""What only WSGI has: a head that may come late or twice, bodies of any kind, environ."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest

from corsmith import Policy
from corsmith.adapters.wsgi import CORSMiddleware
from tests.adapters.hosts import Request, environ_of
from tests.adapters.table import APP, OTHER, POLICY, ROUTES, get, preflight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAIN = [("Content-Type", "text/plain")]
SHARED = dict(POLICY.answers.actual(APP))


class Server:
    """What a server does with an application, as gunicorn does: headers are only added to."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.headers: list[tuple[str, str]] = []
        self.sent = b""

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if exc_info and self.sent:
            raise exc_info[1]
        if self.heads and not exc_info:
            message = "the head is set already"
            raise AssertionError(message)
        self.heads.append(status)
        self.headers += headers
        return self.write

    def write(self, data: bytes) -> None:
        assert self.heads
        self.sent += data

    def run(self, app: Any, environ: dict[str, Any]) -> Any:
        """Run an application, send what it returns, and return that."""
        body = app(environ, self.start_response)
        try:
            for part in body:
                self.write(part)
        finally:
            if hasattr(body, "close"):
                body.close()
        return body

    def lines(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


FROM_APP = get(APP)


def run(app: Any, request: Request = FROM_APP, source: Any = POLICY, errors: Any = None) -> Server:
    """Run an application behind the adapter."""
    server = Server()
    changes = {} if errors is None else {"wsgi.errors": errors}
    server.run(CORSMiddleware(app, source), environ_of(request, **changes))
    return server


def assert_is_our_500(server: Server) -> None:
    """Check that a readable 500 was sent, and nothing of what came before it."""
    assert server.heads == ["500 Internal Server Error"]
    assert server.sent == b"Internal Server Error\n"
    assert server.lines("Content-Length") == [str(len(server.sent))]
    assert server.lines("Access-Control-Allow-Origin") == [APP]
    assert server.lines("Vary") == ["Origin"]


# ── bodies ────────────────────────────────────────────────────────────────────


class Body:
    """A body that notes what is done with it."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a", b"b"])

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    "body", [[b"a"], (b"a",), Body(), iter([b"a"])], ids=["list", "tuple", "object", "iterator"]
)
def test_the_body_is_returned_untouched(body: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return body

    middleware = CORSMiddleware(app, POLICY)
    assert middleware(environ_of(get(APP)), Server().start_response) is body


def test_the_file_wrapper_of_the_server_reaches_it() -> None:
    wrapper = FileWrapper(io.BytesIO(b"file"))

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

    environ = environ_of(get(APP)) | {"wsgi.file_wrapper": lambda _file: wrapper}
    assert CORSMiddleware(app, POLICY)(environ, Server().start_response) is wrapper


def test_a_body_is_closed_by_the_server_once() -> None:
    body = Body()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return body

    assert run(app).sent == b"ab"
    assert body.closed == 1


def test_what_was_given_with_write_comes_first_and_below_one_head() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", PLAIN)
        write(b"a")
        write(b"b")
        return [b"c"]

    server = run(app)
    assert (server.heads, server.sent) == (["200 OK"], b"abc")
    assert server.lines("Access-Control-Allow-Origin") == [APP]


# ── heads ─────────────────────────────────────────────────────────────────────


def test_a_generator_starts_its_response_at_its_first_part() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        yield b""
        start_response("200 OK", PLAIN)
        yield b"a"
        yield b"b"

    middleware = CORSMiddleware(app, POLICY)
    server = Server()
    body = iter(middleware(environ_of(get(APP)), server.start_response))
    assert next(body) == b""
    assert server.heads == []
    assert next(body) == b"a"
    assert server.heads == ["200 OK"]
    assert list(body) == [b"b"]
    assert server.headers == [*PLAIN, *POLICY.answers.actual(APP)]


def test_a_generator_without_a_part_has_a_head_all_the_same() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("204 No Content", [])
        yield from ()

    server = run(app)
    assert (server.heads, server.sent) == (["204 No Content"], b"")
    assert server.lines("Vary") == ["Origin"]


def test_a_generator_that_never_starts_is_left_to_the_server() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        yield from ()

    server = run(app)
    assert server.heads == []


def test_a_generator_is_closed_whether_it_was_read_or_not() -> None:
    body = Body()

    def app(environ: Any, start_response: Any) -> Any:
        return body

    unread = CORSMiddleware(app, POLICY)(environ_of(get(APP)), Server().start_response)
    unread.close()  # type: ignore[attr-defined]  # it has one because the body has
    assert body.closed == 1
    CORSMiddleware(lambda *_: [b""], POLICY)(  # type: ignore[attr-defined]  # as above
        environ_of(get(APP)), Server().start_response
    ).close()


@pytest.mark.parametrize("begun", [False, True])
def test_a_generator_that_fails_before_its_first_part_gets_a_readable_500(*, begun: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        if begun:
            start_response("200 OK", [*PLAIN, ("Content-Length", "9")])
        if environ:
            raise LookupError("nothing there")
        yield b"never"

    assert_is_our_500(run(app))


def test_a_generator_that_fails_later_fails_at_the_server() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        yield b"a"
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        run(app)


@pytest.mark.parametrize("begun", [False, True])
def test_an_exception_before_anything_was_sent_gets_a_readable_500(*, begun: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        if begun:
            start_response("200 OK", [*PLAIN, ("Content-Length", "9")])
        raise LookupError("nothing there")

    errors = io.StringIO()
    assert_is_our_500(run(app, errors=errors))
    assert errors.getvalue().startswith("Traceback (most recent call last):\n")
    assert errors.getvalue().endswith("LookupError: nothing there\n")


def test_an_exception_after_something_was_sent_is_the_servers() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)(b"a")
        raise LookupError("nothing there")

    errors = io.StringIO()
    with pytest.raises(LookupError):
        run(app, errors=errors)
    assert errors.getvalue() == ""


def test_what_is_no_exception_passes() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        sys.exit(3)

    with pytest.raises(SystemExit):
        run(app)


def test_a_500_for_head_has_no_body() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise LookupError("nothing there")

    server = run(app, get(APP, method="HEAD"))
    assert server.sent == b""
    assert server.lines("Content-Length") == ["22"]

    def late(environ: Any, start_response: Any) -> Any:
        if environ:
            raise LookupError("nothing there")
        yield b""

    assert run(late, get(APP, method="HEAD")).sent == b""


def test_where_no_policy_holds_an_exception_passes_unanswered() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        run(app, get(APP, path="/elsewhere"), ROUTES)


def test_an_application_may_replace_the_head_that_it_began() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [*PLAIN, ("X-First", "1")])
        try:
            int("nothing there")
        except ValueError:
            start_response("404 Not Found", PLAIN, sys.exc_info())
        return [b"none"]

    server = run(app)
    assert server.heads == ["404 Not Found"]
    assert server.headers == [*PLAIN, *POLICY.answers.actual(APP)]


def test_a_head_that_is_replaced_too_late_is_the_servers_to_refuse() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)(b"a")
        try:
            int("nothing there")
        except ValueError:
            start_response("500 Error", PLAIN, sys.exc_info())
        return []

    with pytest.raises(ValueError, match="nothing there"):
        run(app)


def test_a_second_head_without_a_reason_is_the_servers_to_refuse() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        with pytest.raises(AssertionError, match="set already"):
            start_response("201 Created", PLAIN)
        return [b"a"]

    server = run(app)
    assert (server.heads, server.sent) == (["200 OK"], b"a")


def test_the_headers_of_the_application_are_never_changed() -> None:
    own = [("Content-Type", "text/plain"), ("Vary", "Cookie"), ("Access-Control-Max-Age", "1")]
    kept = list(own)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", own)
        return [b"a"]

    assert run(app).lines("Vary") == ["Cookie, Origin"]
    assert own == kept


@pytest.mark.parametrize("request_", [get(APP), get(), preflight(APP)])
def test_a_server_that_changes_what_it_got_changes_nothing_later(request_: Request) -> None:
    seen: list[list[tuple[str, str]]] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return [b"a"]

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.append(list(headers))
        headers.append(("Set-Cookie", "secret"))

    middleware = CORSMiddleware(app, POLICY)
    for _ in range(2):
        middleware(environ_of(request_), start_response)
    assert seen[0] == seen[1]
    assert PLAIN == [("Content-Type", "text/plain")]


def test_pep_3333_is_kept_on_both_sides() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/fails":
            raise LookupError("nothing there")
        write = start_response("200 OK", PLAIN)
        if environ["PATH_INFO"] == "/writes":
            write(b"a")
        return [b"b"]

    middleware = CORSMiddleware(validator(app), POLICY, enforce=True)
    for request in (get(APP), get(OTHER), get(), preflight(APP), preflight(OTHER)):
        for path in ("/", "/fails", "/writes"):
            output = io.BytesIO()
            environ = environ_of(request, PATH_INFO=path)
            handler = SimpleHandler(io.BytesIO(), output, io.StringIO(), environ)
            handler.run(validator(middleware))
            assert output.getvalue()


@pytest.mark.parametrize(
    ("status", "line"),
    [(200, "200 OK"), (204, "204 No Content"), (202, "202 Accepted"), (299, "299 OK")],
)
def test_the_status_line_of_a_preflight_has_a_reason(status: int, line: str) -> None:
    server = run(None, preflight(APP), Policy(origins=[APP], preflight_status=status))
    assert server.heads == [line]
    assert server.sent == b""
    assert server.lines("Content-Length") == ([] if status == 204 else ["0"])
