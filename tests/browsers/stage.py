"""Three loopback origins on which a real browser plays exchanges, and the record of it.

A page of an origin fetches a batch of cases, plays them one after another and posts home what
script saw; the servers answer as the cases say and keep every request. What comes out has the
form of ``tests.conformance.browser_cases.facts``, so that the two can be compared.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from corsmith.browser import Failure
from tests.conformance.browser_cases import (
    NO_BODY,
    answer,
    fact_of_request,
    fill,
    named,
    steps_of,
    url_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.browsers.browser import Browser
    from tests.conformance.browser_cases import Case, Facts

SCRIPT = Path(__file__).with_name("stage.js")
HOST_NAMES = {"A": "127.0.0.1", "B": "localhost", "C": "127.0.0.1", "P": "127.0.0.1"}
BODIES = {
    "text": b"body",
    "js": b"0;",
    "css": b"p{}",
    "event-stream": b":\n\n",
    "gif": bytes.fromhex(
        "47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b"
    ),
}
# How long a batch may take: a browser plays about 40 cases a second.
PATIENCE = 240.0


class Stage:
    """The servers of the origins, the cases that are on, and what was asked."""

    def __init__(self) -> None:
        self.servers = {name: _Server(("127.0.0.1", 0), self, name) for name in HOST_NAMES}
        self.hosts = {
            name: f"http://{HOST_NAMES[name]}:{server.server_port}"
            for name, server in self.servers.items()
        }
        self.cases: dict[str, Case] = {}
        self.record: dict[str, list[list[Facts]]] = {}
        self.batches: dict[str, list[Case]] = {}
        self.results: dict[str, dict[str, list[Facts]]] = {}
        self.code: dict[str, bytes] = {}
        self.arrived = threading.Condition()

    def play(self, browser: Browser, cases: Sequence[Case]) -> dict[str, list[Facts]]:
        """Return the facts of each case, as a browser played it."""
        found: dict[str, list[Facts]] = {}
        for origin in sorted({case["page_origin"] for case in cases}):
            batch = [case for case in cases if case["page_origin"] == origin]
            found |= self._play_at(browser, origin, batch)
        return found

    def _play_at(self, browser: Browser, origin: str, batch: list[Case]) -> dict[str, list[Facts]]:
        name = f"{origin}{len(self.batches)}"
        for case in batch:
            self.cases[case["id"]] = case
            self.record[case["id"]] = [[] for _ in steps_of(case)]
        self.batches[name] = batch
        for host in sorted({host for case in batch for host in case.get("cookie_for", ())}):
            ids = [case["id"] for case in batch if host in case.get("cookie_for", ())]
            browser.open(f"{self.hosts[host]}/cookies?{','.join(ids)}")
        browser.open(f"{self.hosts[origin]}/page?{name}")
        with self.arrived:
            if not self.arrived.wait_for(lambda: name in self.results, PATIENCE):
                raise TimeoutError(f"{browser.engine}: the page did not post its results")
        return {case["id"]: self._facts_of(case, self.results[name]) for case in batch}

    def _facts_of(self, case: Case, results: Mapping[str, list[Facts]]) -> list[Facts]:
        steps = zip(results[case["id"]], self.record[case["id"]], strict=True)
        return [
            {**seen, "readable": self._named(seen["readable"]), "requests": list(requests)}
            for seen, requests in steps
        ]

    def _named(self, readable: dict[str, str] | None) -> dict[str, str | None] | None:
        if readable is None:
            return None
        return {name: named(value, self.hosts) for name, value in readable.items()}

    def put_on(self, name: str) -> list[dict[str, Any]]:
        """Return a batch in the form in which the page plays it."""
        return [
            {
                "id": case["id"],
                "context": case.get("context"),
                "steps": [
                    {
                        "wait_ms": step.get("wait_ms", 0),
                        "url": url_of(case, 0, step.get("url_suffix", ""), self.hosts),
                        "request": self._filled(case, step["request"]),
                    }
                    for step in steps_of(case)
                ],
            }
            for case in self.batches[name]
        ]

    def _filled(self, case: Case, request: Mapping[str, Any]) -> dict[str, Any]:
        headers = [
            (name, fill(value, case, self.hosts)) for name, value in request.get("headers", [])
        ]
        return {**request, "headers": headers}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], stage: Stage, name: str) -> None:
        super().__init__(address, _Handler)
        self.stage = stage
        self.name = name
        self.step: dict[str, int] = {}

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that ends drops its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Answer every method alike, also those that are none."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        body = self._body()
        path = unquote(urlsplit(self.path).path).strip("/").split("/")
        if path[0] in self.server.stage.cases and len(path) == 2:
            self._play(path[0], int(path[1]))
        else:
            self._serve(path, body)
        self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while int(self.rfile.readline().split(b";")[0] or b"0", 16):
                self.rfile.readline()
            self.rfile.readline()
            return b""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _play(self, name: str, hop: int) -> None:
        stage = self.server.stage
        case = stage.cases[name]
        is_preflight = self.command == "OPTIONS" and "Access-Control-Request-Method" in self.headers
        kind = "preflight" if is_preflight else "actual"
        step = next((s.step[name] for s in stage.servers.values() if name in s.step), 0)
        requests = stage.record[name][step]
        given = answer(case, kind, hop, step, stage.hosts)
        fact = fact_of_request(
            kind, self.command, hop, self._seen(case), cookie=f"{name}=1" in self._cookies()
        )
        # Chromium asks again where a connection that it used before was dropped.
        if not (isinstance(given, Failure) and requests and requests[-1] == fact):
            requests.append(fact)
        if isinstance(given, Failure):
            self.close_connection = True
            return
        body = self._body_of(case, kind, hop, step) if given.headers or given.status != 404 else b""
        lines = [*given.headers]
        if given.status not in NO_BODY:
            lines.append(("Content-Length", str(len(body))))
        self._write(given.status, lines, b"" if self.command == "HEAD" else body)

    def _body_of(self, case: Case, kind: str, hop: int, step: int) -> bytes:
        for response in case["responses"]:
            same = response["for"] == kind == "actual" and response.get("hop", 0) == hop
            if same and response.get("step", step) == step:
                return (
                    b""
                    if response["status"] in {*NO_BODY, 205}
                    else BODIES[response.get("body", "text")]
                )
        return b""

    def _seen(self, case: Case) -> dict[str, str]:
        joined: dict[str, str] = {}
        for name, value in self.headers.items():
            lower = name.lower()
            text = named(value, self.server.stage.hosts) or ""
            if lower == "referer":
                text = re.sub(r"/(?:page|worker\.js)\?.*", "/page", text)
            joined[lower] = f"{joined[lower]}, {text}" if lower in joined else text
        return joined

    def _cookies(self) -> list[str]:
        return [item.strip() for item in self.headers.get("Cookie", "").split(";")]

    def _serve(self, path: list[str], body: bytes) -> None:
        stage = self.server.stage
        match path:
            case ["page"]:
                # An end tag inside the script would end it.
                script = SCRIPT.read_text(encoding="utf-8").replace("</", r"<\/")
                text = (
                    "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><body>"
                    f"<script>{script}\nplayAll({json.dumps(urlsplit(self.path).query)});</script>"
                )
                self._write(200, [("Content-Type", "text/html")], text.encode())
            case ["code", number]:
                stage.code[number] = body
                self._write(200, [], b"")
            case ["worker.js"]:
                code = stage.code[urlsplit(self.path).query]
                self._write(200, [("Content-Type", "text/javascript")], code)
            case ["batch", name]:
                text = json.dumps(stage.put_on(name))
                self._write(200, [("Content-Type", "application/json")], text.encode())
            case ["step", name, number]:
                self.server.step[name] = int(number)
                self._write(200, [("Cache-Control", "no-store")], b"")
            case ["results", name]:
                self._write(200, [], b"")
                with stage.arrived:
                    stage.results[name] = json.loads(body)
                    stage.arrived.notify_all()
            case ["cookies"]:
                names = urlsplit(self.path).query.split(",")
                lines = [("Set-Cookie", f"{quote(name)}=1; Path=/") for name in names]
                self._write(200, [*lines, ("Content-Type", "text/html")], b"<!doctype html>")
            case _:
                self._write(404, [], b"")

    def _write(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        lines = [*headers]
        if status not in NO_BODY and not any(n.lower() == "content-length" for n, _ in lines):
            lines.append(("Content-Length", str(len(body))))
        for name, value in lines:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
        """Say nothing."""


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Return the servers, which end afterwards."""
    built = Stage()
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        for server in built.servers.values()
    ]
    for thread in threads:
        thread.start()
    try:
        yield built
    finally:
        for server in built.servers.values():
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()
