"""The browser for users' own tests: what it asks, what it concludes, what it tells."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from corsmith import Policy, Routes, install
from corsmith.errors import UsageError
from corsmith.testing import Browser, assert_blocked, assert_readable

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "https://app.example"
POLICY = Policy(origins=[PAGE], methods=["GET", "PUT"], headers=["X-Key"], expose=["ETag"])


def echo(environ: Any, start_response: Any) -> list[bytes]:
    """Answer with the method, the cookie and the body that came."""
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("out of tea")
    headers = [("ETag", '"1"'), ("X-Secret", "s"), ("Content-Type", "application/json")]
    start_response("200 OK", headers)
    cookie = environ.get("HTTP_COOKIE", "")
    body = environ["wsgi.input"].read().decode()
    return [f'["{environ["REQUEST_METHOD"]}", "{cookie}", "{body}"]'.encode()]


APP = install(echo, POLICY)


@pytest.mark.parametrize("target", [POLICY, Routes({"/": POLICY}), APP])
def test_a_page_that_is_allowed_reads_what_the_application_says(target: Any) -> None:
    with Browser(target) as browser:
        result = browser.fetch("/items", method="PUT", headers={"X-Key": "1"})
    assert_readable(result, status=200)
    assert result.readable
    assert result.preflight_sent
    assert (result.code, result.status) == (None, 200)
    assert browser.results == [result]


def test_a_page_reads_body_and_exposed_headers_only() -> None:
    with Browser(APP) as browser:
        result = browser.fetch("/", method="PUT", body="tea")
        binary = browser.fetch("/", method="PUT", body=b"tea")
    assert result.json == ["PUT", "", "tea"] == binary.json
    assert result.headers["etag"] == '"1"'
    assert "x-secret" in result.hidden
    assert_readable(result, headers=["ETag"])
    with pytest.raises(AssertionError, match="cannot read X-Secret: sent and not exposed"):
        assert_readable(result, headers=["X-Secret"])
    with pytest.raises(AssertionError, match="cannot read X-None: not sent"):
        assert_readable(result, headers=["X-None"])
    with pytest.raises(AssertionError, match="the status is 200, not 201"):
        assert_readable(result, status=201)


@pytest.mark.parametrize(
    ("page", "asked", "code"),
    [
        (PAGE, {"method": "DELETE"}, "method-not-allowed"),
        (PAGE, {"headers": {"X-Other": "1"}}, "header-not-allowed"),
        (PAGE, {"credentials": "include"}, "allow-credentials-missing"),
        ("https://other.example", {}, "allow-origin-missing"),
        ("https://other.example", {"method": "PUT"}, "preflight-allow-origin-missing"),
        ("https://other.example", {"method": "PUT"}, "allow-origin-missing"),
        (PAGE, {"mode": "same-origin"}, "mode-same-origin"),
    ],
)
def test_a_page_that_is_not_allowed_is_told_why(
    page: str, asked: dict[str, Any], code: str
) -> None:
    with Browser(POLICY, page=page) as browser:
        result = browser.fetch("/items", **asked)
    assert_blocked(result)
    assert_blocked(result, because=code)
    assert result.status is None
    assert result.text == ""
    with pytest.raises(AssertionError, match="may not read"):
        assert_readable(result)
    with pytest.raises(AssertionError, match=f"because of {result.code}, not two-layers"):
        assert_blocked(result, because="two-layers")


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("https://app.example/", 'page: "https://app.example/" has a trailing slash.'),
        ("app.example", 'Write "https://app.example".'),
        ("https://*.app.example", 'page: "https://*.app.example" is a pattern, and a page has'),
    ],
)
def test_what_is_no_origin_opens_no_page(page: str, told: str) -> None:
    """It would be blocked for a slash that no browser sends, and the test would pass."""
    with pytest.raises(UsageError) as caught:
        Browser(POLICY, page=page)
    assert told in str(caught.value)


@pytest.mark.parametrize("page", ["null", "http://localhost:5173", "chrome-extension://abc"])
def test_a_page_may_have_any_origin_that_a_browser_writes(page: str) -> None:
    with Browser(Policy(origins="*"), page=page) as browser:
        assert_readable(browser.fetch("/"))


def test_json_of_what_is_none_tells_every_step() -> None:
    with Browser(POLICY) as browser:
        result = browser.fetch("/", method="DELETE")
    with pytest.raises(ValueError, match="the page reads no JSON") as caught:
        assert result.json
    assert str(result) in str(caught.value)


def test_nothing_blocks_what_is_readable() -> None:
    with Browser(POLICY) as browser, pytest.raises(AssertionError, match="nothing blocks it"):
        assert_blocked(browser.fetch("/"))


def test_the_ladder_has_each_request_each_step_and_the_console() -> None:
    with Browser(POLICY, engine="chromium") as browser:
        ladder = str(browser.fetch("/items", method="DELETE")).splitlines()
    assert ladder[0] == (
        "a page of https://app.example may not read DELETE https://api.example/items: "
        "method-not-allowed"
    )
    assert "  → OPTIONS https://api.example/items" in ladder
    assert "      Access-Control-Request-Method: DELETE" in ladder
    assert "  ← 200" in ladder
    assert any(line.startswith("  ✗ preflight: DELETE is not in") for line in ladder)
    assert any(line.startswith("  the console says: Access to fetch at") for line in ladder)


def test_the_ladder_shows_what_is_hidden_and_what_the_application_raised() -> None:
    with Browser(APP) as browser:
        assert "  hidden from the page: x-secret" in str(browser.fetch("/"))
        failed = browser.fetch("/fails")
    assert failed.status == 500
    with Browser(echo) as bare:
        raised = bare.fetch("/fails")
    assert raised.raised is not None
    assert "the application raised RuntimeError: out of tea at" in str(raised)
    assert repr(raised).startswith("<Result: a page of https://app.example may not read GET")


def test_cookies_are_sent_where_credentials_let_them() -> None:
    app = install(echo, origins=[PAGE], credentials=True)
    with Browser(app) as browser:
        cookies = {"session": "1", "b": "2"}
        without = browser.fetch("/", cookies=cookies)
        included = browser.fetch("/", cookies=cookies, credentials="include")
    assert (without.json[1], included.json[1]) == ("", "session=1; b=2")


def test_an_engine_judges_as_it_does() -> None:
    policy = Policy(origins=["*"], headers=["*"])
    headers = {"Authorization": "Bearer 1"}
    codes = []
    for engine in ("standard", "chromium"):
        with Browser(policy, engine=engine) as browser:
            codes.append(browser.fetch("/", headers=headers).code)
    assert codes == ["authorization-not-covered", None]


def test_what_is_no_engine_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no engine 'lynx'"):
        Browser(POLICY, engine="lynx")  # type: ignore[arg-type]  # the mistake that is tested


def test_a_path_is_asked_at_the_base_and_a_url_as_it_is() -> None:
    with Browser(APP, base="https://shop.example/") as browser:
        assert browser.fetch("/a").request.url == "https://shop.example/a"
        assert browser.fetch("https://x.example/b").request.url == "https://x.example/b"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"tea")

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Serve on a free port."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.servers
def test_a_server_is_asked_over_the_network(address: str) -> None:
    with Browser(address) as browser:
        result = browser.fetch("/items")
    assert_readable(result, status=200)
    assert result.text == "tea"


@pytest.mark.servers
def test_a_server_that_is_not_there_says_so() -> None:
    with Browser("http://127.0.0.1:9", timeout=1) as browser:
        result = browser.fetch("/items")
    assert_blocked(result, because="request-refused")
    assert "← nothing: 127.0.0.1:9 refuses the connection" in str(result)
