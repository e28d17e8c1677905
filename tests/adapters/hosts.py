"""One request through each protocol adapter, in memory: the same question, the same reply.

What lives here: an application that does what it is told, and the three hosts that run it
behind an adapter. What does not: what is right (the tests).
"""

from __future__ import annotations

import inspect
import io
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

from corsmith.adapters import asgi, native, wsgi
from corsmith.adapters.http_server import CORSMixin
from corsmith.adapters.native import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What the application behind an adapter answers, or raises instead."""

    status: int = 200
    headers: Lines = ()
    body: bytes = b"hello"
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sends; the values are Latin-1 text that stands for bytes."""

    method: str = "GET"
    path: str = "/items"
    headers: Lines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the client gets, whether the application ran, and what was raised at the server."""

    status: int
    headers: Lines
    body: bytes
    app_ran: bool
    raised: Exception | None = None

    def lines(self, name: str) -> list[str]:
        """Return the value of each line of a name, in any case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def cors(self) -> dict[str, list[str]]:
        """The lines of the CORS protocol and ``Vary``, by lower-case name."""
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            lower = name.lower()
            if lower == "vary" or lower.startswith("access-control-"):
                found.setdefault(lower, []).append(value)
        return found


_ANSWER = App()


def run(coroutine: Any) -> Exception | None:
    """Run a coroutine that waits for nothing, and return what it raises."""
    try:
        coroutine.send(None)
    except StopIteration:
        return None
    except Exception as error:  # noqa: BLE001  whatever the server would see
        return error
    coroutine.close()
    message = "it waits for something"
    raise AssertionError(message)


def scope_of(request: Request, **changes: Any) -> dict[str, Any]:
    """Return a request as an ASGI server gives it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode("latin-1"),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in request.headers
        ],
        **changes,
    }


def ask_asgi(source: Any, request: Request, app: App = _ANSWER, **options: Any) -> Reply:
    """Ask the ASGI adapter."""
    ran = False

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal ran
        ran = True
        if app.error is not None:
            raise app.error
        headers = [(name.encode(), value.encode("latin-1")) for name, value in app.headers]
        await send({"type": "http.response.start", "status": app.status, "headers": headers})
        await send({"type": "http.response.body", "body": app.body})

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    middleware = asgi.CORSMiddleware(application, source, **options)
    raised = run(middleware(scope_of(request), receive, send))
    return Reply(
        status=sent[0]["status"],
        headers=tuple((n.decode(), v.decode("latin-1")) for n, v in sent[0]["headers"]),
        body=b"".join(message["body"] for message in sent[1:]),
        app_ran=ran,
        raised=raised,
    )


def environ_of(request: Request, **changes: Any) -> dict[str, Any]:
    """Return a request as a WSGI server gives it: repeated lines joined with a comma."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_LENGTH", "CONTENT_TYPE"}:
            key = f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ | changes


def ask_wsgi(source: Any, request: Request, app: App = _ANSWER, **options: Any) -> Reply:
    """Ask the WSGI adapter, with PEP 3333's own validator on both sides of it."""
    ran = False
    status_line, head = "", list[tuple[str, str]]()

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        nonlocal ran
        ran = True
        if app.error is not None:
            raise app.error
        headers = list(app.headers)
        if app.status not in {204, 304}:
            headers.append(("Content-Type", "text/plain"))
        start_response(f"{app.status} Reason", headers)
        return [app.body]

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[..., object]:
        nonlocal status_line, head
        status_line, head = status, headers
        return io.BytesIO().write

    middleware = wsgi.CORSMiddleware(validator(application), source, **options)
    body = validator(middleware)(environ_of(request), start_response)
    try:
        content = b"".join(body)
    finally:
        body.close()  # type: ignore[attr-defined]  # the validator's has one
    return Reply(status=int(status_line[:3]), headers=tuple(head), body=content, app_ran=ran)


class Wire:
    """A socket that holds a request and keeps each write."""

    def __init__(self, received: bytes) -> None:
        self.received = received
        self.writes: list[bytes] = []
        self.options: list[tuple[object, ...]] = []

    def makefile(self, *_mode: object) -> io.BytesIO:
        return io.BytesIO(self.received)

    def sendall(self, data: bytes) -> None:
        self.writes.append(bytes(data))

    def fileno(self) -> int:
        return 77

    def setsockopt(self, *option: object) -> None:
        self.options.append(option)


def serve(handler: type[CORSMixin], received: bytes) -> tuple[Wire, Exception | None]:
    """Let a handler class serve one connection, and return what it wrote and raised."""
    wire = Wire(received)
    try:
        handler(wire, ("127.0.0.1", 1), SimpleNamespace())  # type: ignore[arg-type]  # stand-ins
    except Exception as error:  # noqa: BLE001  whatever the server would see
        return wire, error
    return wire, None


def read_reply(raw: bytes) -> tuple[int, Lines, bytes]:
    """Return status, header lines and body of an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    lines = tuple((name, value) for name, _, value in (line.partition(": ") for line in rest))
    return int(first.split()[1]), lines, body


def raw_request(request: Request, version: str = "HTTP/1.1") -> bytes:
    """Return a request as it is sent."""
    lines = [f"{request.method} {request.path} {version}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Quiet(BaseHTTPRequestHandler):
    """A handler that writes no log."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def ask_http_server(source: Any, request: Request, app: App = _ANSWER) -> Reply:
    """Ask the adapter of Python's own server."""
    ran = False

    class Handler(CORSMixin, Quiet):
        cors = staticmethod(source) if inspect.isfunction(source) else source

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.do_OPTIONS
            raise AttributeError(name)

        def do_OPTIONS(self) -> None:
            nonlocal ran
            ran = True
            if app.error is not None:
                raise app.error
            self.send_response(app.status)
            for name, value in app.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(app.body)

    wire, raised = serve(Handler, raw_request(request))
    status, headers, body = read_reply(b"".join(wire.writes))
    return Reply(status=status, headers=headers, body=body, app_ran=ran, raised=raised)


def asked_of(request: Request, **changes: Any) -> Asked:
    """Return a request as the adapter of a framework hands it to the layer."""

    def lines(wanted: str) -> list[str]:
        return [value for name, value in request.headers if name.lower() == wanted]

    return Asked(
        method=request.method,
        path=request.path,
        raw_path=request.path,
        origins=lines("origin"),
        methods=lines("access-control-request-method"),
        names=lines("access-control-request-headers"),
        sites=lines("sec-fetch-site"),
        host=next(iter(lines("host")), None),
        **changes,
    )


def ask_native(source: Any, request: Request, app: App = _ANSWER, **options: Any) -> Reply:
    """Ask the layer of frameworks with requests and responses of their own."""
    changes = {"is_websocket": True} if options.pop("is_websocket", False) else {}
    treatment = native.Layer(source, **options).treat(asked_of(request, **changes))
    if (answer := treatment.answer) is not None:
        body = answer.body.encode()
        return Reply(status=answer.status, headers=answer.headers, body=body, app_ran=False)
    status, lines = (500, ()) if app.error is not None else (app.status, app.headers)
    headers = tuple(treatment.mark(lines))
    return Reply(status=status, headers=headers, body=app.body, app_ran=True, raised=app.error)


HOSTS: dict[str, Callable[..., Reply]] = {
    "asgi": ask_asgi,
    "wsgi": ask_wsgi,
    "http.server": ask_http_server,
    "native": ask_native,
}
