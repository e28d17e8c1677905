"""The try page over HTTP: who gets it, and what is in it."""

from __future__ import annotations

import json
import re
import socket
from base64 import b64encode
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from corsmith.server.page import TryPage
from corsmith.server.prediction import BUTTONS
from tests.server.opened import OPEN, PATIENCE, TARGET, Opened

pytestmark = pytest.mark.servers


# ── who gets it ──────────────────────────────────────────────────────────────


def test_the_whole_url_opens_the_page(shared: Opened) -> None:
    response, text = shared.get("/" + shared.query)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert TARGET in text
    assert f"http://{shared.host}" in text


@pytest.mark.parametrize("path", ["/", "/events", "/predictions"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?token=",
        "?token=wrong",
        "?token={0}x",
        "?token={0}&token={0}",
        "?token=%ff",
        "?" + "a&" * 9,
    ],
)
def test_without_the_token_a_sentence_says_what_is_missing(
    shared: Opened, path: str, query: str
) -> None:
    response, text = shared.get(path + query.format(shared.page.token))
    assert response.status == 403
    assert text == "This page needs the token that corsmith serve printed: open the whole URL.\n"


def test_each_page_has_a_token_of_its_own() -> None:
    tokens = {TryPage(TARGET, lambda: OPEN).token for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 20


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "a.localhost:{0}",
        "[::1]:{0}",
        "0.0.0.0:{0}",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/{0}", "/events{0}", "/predictions{0}", "/frame", "/try.js"])
def test_another_name_is_misdirected(shared: Opened, host: str, path: str) -> None:
    response, text = shared.get(path.format(shared.query), Host=host.format(shared.port))
    assert response.status == 421
    assert text == f"This page answers to {shared.host} or localhost:{shared.port} only.\n"


def test_localhost_is_a_name_of_it_too(shared: Opened) -> None:
    _, text = shared.get("/" + shared.query, Host=f"localhost:{shared.port}")
    assert f"http://localhost:{shared.port}" in text


@pytest.mark.parametrize(
    "head", ["GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost: {0}\r\nHost: {0}", "GET / HTTP/1.0"]
)
def test_no_host_or_two_are_misdirected(shared: Opened, head: str) -> None:
    answer = shared.raw(f"{head.format(shared.host)}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_it_is_only_read(shared: Opened, method: str) -> None:
    response, text = shared.get("/" + shared.query, method, Origin="https://app.example")
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert text == "This page is only read: GET or HEAD.\n"


def test_there_is_nothing_else_here(shared: Opened) -> None:
    for path in ["/try.html", "/assets/try.js", "/../page.py", "/%2e%2e/page.py"]:
        response, text = shared.get(path + shared.query)
        assert (response.status, text) == (404, "There is no such page here.\n")


def test_head_is_get_without_the_body(shared: Opened) -> None:
    for path in ["/" + shared.query, "/try.js", "/frame", "/"]:
        got, text = shared.get(path)
        headed, nothing = shared.get(path, "HEAD")
        assert (headed.status, nothing) == (got.status, "")
        assert headed.headers["Content-Length"] == str(len(text.encode()))
    streamed, nothing = shared.get("/events" + shared.query, "HEAD")
    assert (streamed.status, nothing) == (200, "")


@pytest.mark.parametrize("rubbish", [b"\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_rubbish_is_answered_in_a_sentence(shared: Opened, rubbish: bytes) -> None:
    answer = shared.raw(rubbish)
    assert b"<" not in answer
    assert answer.endswith(b".\n")
    assert shared.get("/" + shared.query)[0].status == 200


def test_a_head_that_is_too_large_is_answered(shared: Opened) -> None:
    many = "".join(f"x-{number}: 1\r\n" for number in range(200))
    answer = shared.raw(f"GET / HTTP/1.1\r\nHost: {shared.host}\r\n{many}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_typed_path_is_judged_by_the_server(shared: Opened) -> None:
    response, text = shared.get(f"/predictions{shared.query}&path=/items")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(text)["get"]["stops"] is None
    for query in [shared.query, f"{shared.query}&path=items", f"{shared.query}&path=/a&path=/b"]:
        response, text = shared.get(f"/predictions{query}")
        assert (response.status, text) == (400, "A prediction is for one path: ?path=/…\n")


# ── what is in it ────────────────────────────────────────────────────────────

EVERYTHING = [
    "/{0}",
    "/events{0}",
    "/frame",
    "/try.js",
    "/show.js",
    "/send.js",
    "/try.css",
    "/icon.svg",
]


@pytest.mark.parametrize("path", [*EVERYTHING, "/", "/nothing"])
def test_every_answer_is_safe_and_no_other_origin_may_read_it(shared: Opened, path: str) -> None:
    response, _ = shared.get(path.format(shared.query), "HEAD", Origin="https://app.example")
    headers = response.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors '" in headers["Content-Security-Policy"]
    assert headers["Server"] == "corsmith"
    assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_head_and_body_leave_in_one_write(shared: Opened) -> None:
    for path in EVERYTHING:
        if path.startswith("/events"):
            continue
        with socket.create_connection(("127.0.0.1", shared.port), PATIENCE) as connection:
            target = path.format(shared.query)
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {shared.host}\r\n\r\n".encode())
            first = connection.recv(65536)
        head, _, body = first.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length
        assert len(body) == int(length[1])


def test_the_policy_of_the_page_lets_it_speak_to_the_target_and_nobody_else(shared: Opened) -> None:
    response, text = shared.get("/" + shared.query)
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {TARGET}; frame-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    # Which forbids what the page then must not have.
    assert not re.search(r"<script(?! src=)|<style|\son\w+=|style=", text)


def test_the_frame_runs_its_own_script_by_its_hash_and_never_sees_the_token(
    shared: Opened,
) -> None:
    response, text = shared.get("/frame")
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert script
    digest = b64encode(sha256(script[1].encode()).digest()).decode()
    assert response.headers["Content-Security-Policy"] == (
        f"default-src 'none'; script-src 'sha256-{digest}'; connect-src {TARGET}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    assert shared.page.token not in text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_target_with_an_ipv6_address_is_allowed_by_its_scheme(scheme: str) -> None:
    opened = Opened(f"{scheme}://[::1]:8000")
    for path in ["/" + opened.query, "/frame"]:
        response, _ = opened.get(path)
        assert re.search(
            rf"connect-src ('self' )?{scheme}:;", response.headers["Content-Security-Policy"]
        )
    opened.page.stop()


def test_what_the_server_is_told_is_escaped() -> None:
    opened = Opened('http://"><script>')
    _, text = opened.get("/" + opened.query)
    assert "<script>" not in text
    opened.page.stop()


def test_without_script_the_page_says_what_it_is_and_what_to_type(shared: Opened) -> None:
    _, text = shared.get("/" + shared.query)
    told = re.search(r"<noscript>(.*)</noscript>", text, re.DOTALL)
    assert told
    assert "needs JavaScript" in told[1]
    assert f"curl -i {TARGET}/ -H 'Origin: http://{shared.host}'" in told[1]


def test_the_page_has_every_button(shared: Opened) -> None:
    _, text = shared.get("/" + shared.query)
    assert re.findall(r'data-press="(\w+)"', text) == list(BUTTONS)


def test_all_of_it_is_under_40_kilobytes_and_names_no_other_host(shared: Opened) -> None:
    total = 0
    for path in EVERYTHING:
        if path.startswith("/events"):
            continue
        _, text = shared.get(path.format(shared.query))
        total += len(text.encode())
        hosts = set(re.findall(r"https?://([^/\s<\"'`]+)", text)) - {"www.w3.org"}
        assert hosts <= {shared.host, urlsplit(TARGET).netloc}
    assert total < 40_000
