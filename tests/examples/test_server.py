"""The program on ``http.server`` does what its tutorial says, as a process on a real port."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "server.py"
PAGE = "http://localhost:5500"


class Server(NamedTuple):
    port: int
    printed: Path

    def ask(
        self, method: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, "/", body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response, text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = folder / "server.py"
    program.write_text(EXAMPLE.read_text().replace("8000", str(port)))
    printed = folder / "printed"
    with printed.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, program],
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        deadline = time.monotonic() + 20
        while b"Hosting" not in printed.read_bytes():
            assert process.poll() is None, printed.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        _wait_until_it_listens(port, deadline)
        yield Server(port, printed)
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_listens(port: int, deadline: float) -> None:
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


def test_it_has_about_fourteen_lines() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line.strip()]
    assert len(lines) == 15


def test_it_says_where_it_is_hosted(server: Server) -> None:
    assert f"Hosting on http://127.0.0.1:{server.port}\n" in server.printed.read_text()


def test_every_page_may_read_a_get(server: Server) -> None:
    response, text = server.ask("GET", {"Origin": PAGE})
    assert (response.status, text) == (200, '{"status": "OK"}')
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Vary"] is None


def test_a_post_is_printed_and_answered(server: Server) -> None:
    headers = {"Origin": PAGE, "Content-Type": "application/json", "x-api-key": "k"}
    response, text = server.ask("POST", headers, '{"a": 1}')
    assert (response.status, text) == (200, '{"status": "OK"}')
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "b'{\"a\": 1}'\n" in server.printed.read_text()


def test_a_preflight_is_answered_by_the_policy(server: Server) -> None:
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }
    response, text = server.ask("OPTIONS", headers)
    assert (response.status, text) == (200, "")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Headers"] == "x-api-key,Content-Type"


def test_an_error_of_the_server_itself_can_be_read_too(server: Server) -> None:
    response, text = server.ask("PUT", {"Origin": PAGE})
    assert response.status == 501
    assert "Unsupported method" in text
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_it_prints_no_traceback_for_a_connection_that_asks_nothing(server: Server) -> None:
    socket.create_connection(("127.0.0.1", server.port)).close()
    server.ask("GET", {})
    assert "Traceback" not in server.printed.read_text()
