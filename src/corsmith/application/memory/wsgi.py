"""A WSGI application called in memory (PEP 3333), in the thread of the caller.

What lives here: ``environ`` and ``start_response``. What does not: time limits.
"""

import io
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from corsmith.application.memory.part import (
    MOST_BODY,
    App,
    Called,
    Explain,
    Pairs,
    Request,
    crashed,
)
from corsmith.browser import Failure
from corsmith.exchange import Answer, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["run"]


class _Head:
    """What ``start_response`` was given, and what ``write`` wrote."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Pairs = ()
        self.body = io.BytesIO()

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if self.status and exc_info is None:
            raise AssertionError("start_response was called a second time without exc_info")
        self.status, self.headers = status, tuple(headers)
        return self.body.write


def run(app: App, request: Request, explain: Explain) -> Called:
    """Return what the application makes of a request."""
    head = _Head()
    body: Iterable[bytes] = ()
    raised = None
    try:
        body = app(_environ(request), head.start)
        for part in body:
            head.body.write(part)
            if head.body.tell() >= MOST_BODY:
                break
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever leaves the application
        raised = explain(error)
    finally:
        with suppress(Exception):
            getattr(body, "close", lambda: None)()
    if raised is not None and not head.status:
        return crashed(raised)
    number, _, reason = head.status.partition(" ")
    if not number.isdigit():
        problem = f"start_response was given {head.status!r}" if head.status else "no answer"
        none = NoAnswer(failure=Failure.MALFORMED, step="answer", problem=problem)
        return Called(result=none, raised=raised)
    text = head.body.getvalue()[:MOST_BODY]
    answer = Answer(status=int(number), headers=head.headers, reason=reason, body=text)
    return Called(result=answer, raised=raised)


def _environ(request: Request) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.raw_path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": request.host,
        "SERVER_PORT": str(request.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
