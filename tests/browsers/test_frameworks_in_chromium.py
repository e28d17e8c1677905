"""FastAPI, Django and Flask, served for real: a page on another origin reads every answer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from tests.architecture.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser

pytestmark = [
    pytest.mark.browsers,
    pytest.mark.servers,
    pytest.mark.parametrize("engine", ["chromium"], indirect=True),
]

PATIENCE = 30.0
UVICORN = ("uvicorn", "--port", "0", "--factory")
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0")
COMMANDS = {
    "FastAPI": (*UVICORN, "tests.frameworks.served:fastapi_app"),
    "Django": (*GUNICORN, "tests.frameworks.served:django_app()"),
    "Flask": (*GUNICORN, "tests.frameworks.served:flask_app()"),
}
LISTENS = re.compile(r"(?:running on|Listening at:) http://127\.0\.0\.1:(\d+)")
READ = """
fetch({url!r}, {{method: {method!r}, headers: {{'X-API-Key': 'k'}}}}).then(
    async (answer) => ({{
        status: answer.status, redirected: answer.redirected, path: new URL(answer.url).pathname,
        type: answer.type, length: (await answer.text()).length,
    }}),
    (error) => ({{status: String(error)}}),
)
"""


class Page(BaseHTTPRequestHandler):
    """The page: empty, and of an origin of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """Return the origin of the page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def port_told(process: subprocess.Popen[str]) -> str:
    """Return the port that a server says it took; its lines go on being read."""
    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    text = ""
    while not (told := LISTENS.search(text)):
        try:
            text += lines.get(timeout=PATIENCE)
        except Empty:
            raise TimeoutError(f"the server did not say where it is:\n{text}") from None
    return told[1]


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, page: str) -> Iterator[str]:
    """Return where a framework is served, to pages of one other origin."""
    with subprocess.Popen(
        [sys.executable, "-m", *COMMANDS[request.param]],
        cwd=ROOT,
        env={**os.environ, "PAGE_ORIGIN": page, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield f"http://localhost:{port_told(process)}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def read(browser: Browser, server: str, path: str, method: str = "GET") -> dict[str, Any]:
    """Return what the page's script learns of an answer."""
    answer: dict[str, Any] = browser.evaluate(READ.format(url=server + path, method=method))
    return answer


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/items", "GET", 200),
        ("/nowhere", "GET", 404),
        ("/items", "PUT", 405),
        ("/teapot", "GET", 418),
        ("/fails", "GET", 500),
    ],
)
def test_a_page_of_another_origin_reads_the_answer(
    browser: Browser, server: str, page: str, path: str, method: str, status: int
) -> None:
    browser.open(page)
    answer = read(browser, server, path, method)
    assert (answer["status"], answer.get("type")) == (status, "cors")


def test_a_page_of_another_origin_follows_the_redirect(
    browser: Browser, server: str, page: str
) -> None:
    browser.open(page)
    answer = read(browser, server, "/slash")
    assert (answer["status"], answer["redirected"], answer["path"]) == (200, True, "/slash/")


def test_a_page_of_a_third_origin_reads_nothing(browser: Browser, server: str, page: str) -> None:
    browser.open(page.replace("127.0.0.1", "localhost"))
    for path in ("/items", "/nowhere", "/fails", "/slash"):
        assert read(browser, server, path)["status"] == "TypeError: Failed to fetch"
