"""The gateway in real browsers: what an allowed page can do, and what a stranger cannot.

The upstream answers to its own pages alone. The page is on another port of `localhost`, as with a
development server; strangers are on a third port of it (the same site) and on `127.0.0.1`
(another).
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.browsers.browser import PATIENCE
from tests.browsers.serving import serving
from tests.browsers.tricks import TRICKS
from tests.browsers.upstream import BLOCK, DOWNLOAD, MEGABYTE, Upstream, checksum, upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser

pytestmark = [pytest.mark.servers, pytest.mark.slow]

UPLOAD = 50 * MEGABYTE

ASK = """(async () => {
  const answer = await fetch('%(gateway)s%(path)s', %(init)s);
  return [answer.status, await answer.text(), answer.url];
})()"""


class _Blank(BaseHTTPRequestHandler):
    """Answers with an empty page, and counts what is asked of it."""

    protocol_version = "HTTP/1.1"
    server: Pages

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        page = b"<!doctype html><link rel=icon href=data:,><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class Pages(ThreadingHTTPServer):
    """A server of empty pages."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Blank)
        self.asked: list[str] = []

    def at(self, host: str) -> str:
        return f"http://{host}:{self.server_address[1]}"


@contextlib.contextmanager
def pages() -> Iterator[Pages]:
    with Pages() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Setting:
    """Everything that a test meets: two servers of pages, an upstream, and a gateway to it."""

    def __init__(self, page: Pages, stranger: Pages, api: Upstream, gateway: str) -> None:
        self.page = page.at("localhost")
        self.strangers = {
            "same-site": stranger.at("localhost"),
            "cross-site": stranger.at("127.0.0.1"),
        }
        self.elsewhere = stranger
        self.api = api
        self.gateway = gateway

    def ask(self, browser: Browser, path: str, init: str = "{credentials: 'include'}") -> Any:
        """Return status, text and final address of a fetch by the page."""
        return browser.evaluate(ASK % {"gateway": self.gateway, "path": path, "init": init})


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("gateway")
    with pages() as page, pages() as stranger, upstream() as api:
        api.elsewhere = stranger.at("127.0.0.1")
        flags = ("--origin", page.at("localhost"), "--origin", page.at("127.0.0.1"))
        with serving(folder, api.url, *flags) as served:
            # The host name of the page: cookies of another would be those of another site.
            gateway = served.target.replace("127.0.0.1", "localhost")
            yield Setting(page, stranger, api, gateway)


@pytest.fixture
def at_page(browser: Browser, setting: Setting) -> Browser:
    """A browser with the allowed page open."""
    browser.open(f"{setting.page}/")
    setting.api.asked.clear()
    setting.api.events_left.clear()
    setting.elsewhere.asked.clear()
    return browser


# A test that takes seconds runs in one engine.
in_chromium = pytest.mark.parametrize("engine", ["chromium"], indirect=True)


def test_a_login_works_although_every_part_of_its_cookie_forbids_it(
    at_page: Browser, setting: Setting
) -> None:
    assert setting.ask(at_page, "/me")[0] == 401
    assert setting.ask(at_page, "/login", "{method: 'POST', credentials: 'include'}")[0] == 200
    status, text, _ = setting.ask(at_page, "/me")
    assert (status, text) == (200, '{"who": "anna", "theme": "dark"}')
    # Cookies are not told to who does not ask for them.
    assert setting.ask(at_page, "/me", "{credentials: 'omit'}")[0] == 401


def test_a_login_works_from_another_host_name_where_a_browser_allows_it(
    at_page: Browser, setting: Setting
) -> None:
    gateway = setting.gateway.replace("localhost", "127.0.0.1")
    got = at_page.evaluate(
        f"""fetch('{gateway}/login', {{method: 'POST', credentials: 'include'}})
            .then(() => fetch('{gateway}/me', {{credentials: 'include'}}))
            .then(answer => answer.status)"""
    )
    # WebKitGTK stores no cookie of another site.
    assert got == (401 if at_page.engine == "webkit" else 200)


def test_a_page_sends_and_reads_what_it_likes(at_page: Browser, setting: Setting) -> None:
    init = """{method: 'PUT', credentials: 'include', body: JSON.stringify({a: 1}),
               headers: {'Content-Type': 'application/json', 'X-API-Key': 'k'}}"""
    status, text, _ = setting.ask(at_page, "/upload", init)
    expected = hashlib.sha256(b'{"a":1}').hexdigest()
    assert (status, text) == (200, f'{{"size": 7, "sha256": "{expected}"}}')
    # The preflight was answered by the gateway.
    assert setting.api.asked == [("PUT", "/upload")]


def test_an_upstream_with_wrong_cors_headers_is_read_all_the_same(
    at_page: Browser, setting: Setting
) -> None:
    got = at_page.evaluate(
        f"""fetch('{setting.gateway}/wrong', {{credentials: 'include'}}).then(async answer =>
            [answer.status, await answer.text(), answer.headers.get('x-request-id')])"""
    )
    assert got == [200, '{"ok": true}', "7"]


def test_a_redirect_within_the_upstream_stays_within_the_gateway(
    at_page: Browser, setting: Setting
) -> None:
    status, text, url = setting.ask(at_page, "/home")
    assert (status, text, url) == (200, '{"ok": true}', f"{setting.gateway}/wrong")


def test_a_redirect_elsewhere_is_told_and_leads_nowhere(at_page: Browser, setting: Setting) -> None:
    status, text, _ = setting.ask(at_page, "/away")
    assert status == 502
    assert f"{setting.api.elsewhere}/away" in text
    assert setting.elsewhere.asked == []


def test_an_answer_that_breaks_off_is_an_error_and_never_an_end(
    at_page: Browser, setting: Setting
) -> None:
    for path in ("/cut", "/cut?length"):
        got = at_page.evaluate(
            f"""fetch('{setting.gateway}{path}').then(async answer => {{
                const status = answer.status;
                return answer.text().then(() => 'an end', () => `error after ${{status}}`);
            }}, () => 'no head')"""
        )
        if (at_page.engine, path) == ("webkit", "/cut"):
            # It takes what ends after a chunk for whole, from any server: WebKitGTK 2.50.
            assert got == "an end"
        else:
            # Where head and break arrive together, an engine may show no head.
            assert got in {"error after 200", "no head"}, path


def test_an_upstream_that_is_down_is_a_sentence(at_page: Browser, tmp_path: Any) -> None:
    with upstream() as gone:
        pass
    origin = at_page.evaluate("location.origin")
    with serving(tmp_path, gone.url, "--origin", origin) as served:
        gateway = served.target.replace("127.0.0.1", "localhost")
        status, text, _ = at_page.evaluate(ASK % {"gateway": gateway, "path": "/", "init": "{}"})
    assert status == 502
    assert f"Nothing listens at 127.0.0.1:{gone.port}" in text


def test_events_arrive_while_they_are_sent(at_page: Browser, setting: Setting) -> None:
    got = at_page.evaluate(
        f"""new Promise((resolve, reject) => {{
            const source = new EventSource('{setting.gateway}/events', {{withCredentials: true}});
            const got = [];
            source.onmessage = event => {{
                got.push([event.data, event.lastEventId]);
                fetch('{setting.gateway}/got-event', {{method: 'POST'}});
            }};
            source.addEventListener('more', event => {{
                source.close();
                resolve([...got, [event.data, event.lastEventId]]);
            }});
            source.onerror = () => {{ source.close(); reject(new Error(JSON.stringify(got))) }};
        }})"""
    )
    assert got == [["first", "1"], ["second", "2"]]


def test_a_chat_over_a_websocket(at_page: Browser, setting: Setting) -> None:
    got = at_page.evaluate(
        f"""new Promise((resolve, reject) => {{
            const socket = new WebSocket('{setting.gateway}/chat'.replace('http', 'ws'), ['chat']);
            const got = [];
            socket.binaryType = 'arraybuffer';
            socket.onopen = () => {{ got.push(socket.protocol); socket.send('grüße') }};
            socket.onmessage = event => {{
                if (typeof event.data === 'string') {{
                    got.push(event.data);
                    socket.send(new Uint8Array([1, 2, 3]));
                }} else {{
                    got.push(Array.from(new Uint8Array(event.data)));
                    socket.send('bye');
                }}
            }};
            socket.onclose = event => resolve([...got, event.code, event.reason]);
        }})"""
    )
    assert got == ["chat", "GRÜSSE", [3, 2, 1], 4001, "until then"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_allowed_page_shows_an_image_without_asking(
    browser: Browser, setting: Setting, host: str
) -> None:
    browser.open(f"{setting.page.replace('localhost', host)}/")
    size = browser.evaluate(
        f"""new Promise((resolve, reject) => {{
            const image = new Image();
            image.onload = () => resolve([image.naturalWidth, image.naturalHeight]);
            image.onerror = () => reject(new Error('not shown'));
            image.src = '{setting.gateway.replace("localhost", host)}/picture';
        }})"""
    )
    assert size == [3, 2]


@in_chromium
def test_fifty_megabytes_go_up(at_page: Browser, setting: Setting) -> None:
    init = f"{{method: 'PUT', body: new Blob([new Uint8Array({UPLOAD}).fill(7)])}}"
    status, text, _ = setting.ask(at_page, "/upload", init)
    expected = hashlib.sha256(b"\x07" * UPLOAD).hexdigest()
    assert (status, text) == (200, f'{{"size": {UPLOAD}, "sha256": "{expected}"}}')


@in_chromium
def test_three_hundred_megabytes_come_down(at_page: Browser, setting: Setting) -> None:
    at_page.driver.set_script_timeout(60)
    got = at_page.evaluate(
        f"""fetch('{setting.gateway}/download').then(async answer => {{
            const reader = answer.body.getReader();
            let size = 0, a = 1, b = 0;  // Adler-32 (RFC 1950, section 8.2)
            for (;;) {{
                const {{done, value}} = await reader.read();
                if (done) return [size, ((b << 16) | a) >>> 0];
                size += value.length;
                for (let at = 0; at < value.length; at += 3800) {{
                    const end = Math.min(at + 3800, value.length);
                    for (let i = at; i < end; i++) {{ a += value[i]; b += a; }}
                    a %= 65521; b %= 65521;
                }}
            }}
        }})"""
    )
    assert got == [DOWNLOAD * len(BLOCK), checksum(DOWNLOAD)]


# ── strangers ──


def play(browser: Browser, target: str) -> None:
    """Do every trick from the page that is open, each at a path of its own."""
    for name, trick in TRICKS.items():
        url = f"{target}/{name.replace(' ', '-')}"
        assert browser.evaluate(f"(URL => {trick})('{url}')") in {1, "closed"}, name


def test_a_strangers_page_never_reaches_the_upstream(browser: Browser, setting: Setting) -> None:
    setting.api.asked.clear()
    for stranger in setting.strangers.values():
        browser.open(f"{stranger}/")
        play(browser, setting.gateway)
        assert setting.api.asked == [], stranger
    # The one that is allowed does, so it is counted.
    browser.open(f"{setting.page}/")
    assert setting.ask(browser, "/allowed")[:2] == [200, "reached"]
    assert setting.api.paths() == ["/allowed"]


def test_without_a_gateway_each_trick_reaches_it(browser: Browser, setting: Setting) -> None:
    setting.api.asked.clear()
    browser.open(f"{setting.strangers['same-site']}/")
    play(browser, setting.api.url.replace("127.0.0.1", "localhost"))
    assert set(setting.api.paths()) == {f"/{name.replace(' ', '-')}" for name in TRICKS}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strangers_form_ends_at_the_gateway(
    browser: Browser, setting: Setting, method: str
) -> None:
    for stranger in setting.strangers.values():
        setting.api.asked.clear()
        browser.open(f"{stranger}/")
        browser.driver.execute_script(
            f"""const form = document.createElement('form');
            form.method = '{method}';
            form.action = '{setting.gateway}/delete';
            document.body.append(form);
            form.submit();"""
        )
        wait_until_at(browser, f"{setting.gateway}/delete")
        browser.wait_for("document.readyState === 'complete'")
        assert "reached" not in browser.text("body")
        # Neither now nor, for an icon, a moment later.
        time.sleep(0.3)
        assert setting.api.asked == [], stranger
    if method == "get":
        # The page says what this port is, and a person may go on.
        browser.press("a")
        browser.wait_for("document.body.textContent === 'reached'")
        assert "/delete" in setting.api.paths()


def wait_until_at(browser: Browser, url: str) -> None:
    """Wait until the address bar says so; a script would be lost with its page."""
    deadline = time.monotonic() + PATIENCE
    while not browser.driver.current_url.startswith(url):
        assert time.monotonic() < deadline, browser.driver.current_url
        time.sleep(0.02)
