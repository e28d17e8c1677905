"""A real server over TLS, and clients that verify it: both versions of HTTP, hosts and silence."""

from __future__ import annotations

import contextlib
import ssl
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RemoteSettingsChanged
from h2.settings import SettingCodes

from corsmith.cli.status import Status
from tests.cli.asking import check
from tests.server.served import Served, soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

ORIGIN = {"Origin": "http://localhost:5173"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[Served]:
    """The tutorial's API over TLS."""
    with Served("--tls", "--no-try", XDG_STATE_HOME=str(state)) as running:
        yield running


def trusting(state: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(state / "corsmith" / "tls" / "ca.pem"))


@pytest.fixture(params=[True, False], ids=["http2", "http1"])
def client(request: pytest.FixtureRequest, server: Served, state: Path) -> Iterator[httpx.Client]:
    base = f"https://localhost:{server.port}"
    with httpx.Client(http2=request.param, verify=trusting(state), base_url=base) as asking:
        yield asking


def test_check_tells_the_authority_of_this_machine_and_takes_it(
    server: Served, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    url, file = f"https://localhost:{server.port}/", str(state / "corsmith" / "tls" / "ca.pem")
    said = " ".join(check(url).stdout.split())
    assert f"Add --cacert {file}, and let browsers trust it, too." in said
    done = check(url, "--cacert", file)
    assert done.exit_code == Status.OK, done.output
    assert "over HTTP/2" in done.stdout


def test_check_knows_the_server_by_a_host_that_nobody_has(server: Served) -> None:
    said = " ".join(check(f"https://localhost:{server.port}/", "-k", "-X", "PUT").stdout.split())
    assert "layers seen corsmith (its body says" in said
    assert "on its command line: --origin https://app.example --method" in said
    assert server.err.wait("GET / 421 - refused host-not-allowed")


def test_plain_http_is_told_once_by_the_server_and_by_check(server: Served) -> None:
    url = f"http://localhost:{server.port}/a?b"
    for words in ((url,), (url, "-X", "PUT"), (url, "-d", "x" * 300_000)):
        said = " ".join(check(*words).stdout.split())
        assert f"change localhost:{server.port} speaks TLS. Write https{url[4:]}." in said
    line = server.err.wait("plain http")
    assert line == (
        f"corsmith: a client spoke plain http to port {server.port}, which speaks TLS: "
        "write https:// in place of http://"
    )
    assert len([line for line in server.err.now() if "plain http" in line]) == 1
    assert not [line for line in server.err.now() if "handshake" in line]


def test_both_versions_of_http_answer_whoever_trusts_the_authority(
    client: httpx.Client, request: pytest.FixtureRequest
) -> None:
    answer = client.get("/", headers=ORIGIN)
    assert answer.http_version in request.node.name.replace("http2", "HTTP/2").replace(
        "http1", "HTTP/1.1"
    )
    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_of_any_framing_is_read_and_printed(client: httpx.Client, server: Served) -> None:
    def parts() -> Iterator[bytes]:
        yield b"in "
        yield b"parts"

    path = "/" + client.get("/").http_version.replace("/", "")
    assert client.post(path, content=b"whole").status_code == 200
    assert client.post(path, content=parts()).status_code == 200
    server.out.wait(rf"POST {path} 5 bytes: whole")
    server.out.wait(rf"POST {path} 8 bytes: in parts")


def test_a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not(
    client: httpx.Client,
) -> None:
    assert client.post("/", content=b"x" * 1_100_000).status_code == 413


def test_a_preflight_and_a_foreign_host_are_answered_as_without_tls(client: httpx.Client) -> None:
    asked = {**ORIGIN, "Access-Control-Request-Method": "POST"}
    assert client.options("/", headers=asked).headers["access-control-allow-methods"] == (
        "GET,POST,OPTIONS"
    )
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_who_does_not_trust_the_authority_is_told_nothing(server: Served) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{server.port}/")


def test_the_trust_survives_a_restart_and_covers_the_names_that_are_allowed(
    server: Served, state: Path
) -> None:
    flags = ("--tls", "--no-try", "--allow-host", "dev.example", "--workers", "2")
    with Served(*flags, XDG_STATE_HOME=str(state)) as second, second.connect() as connection:
        context = trusting(state)
        with context.wrap_socket(connection, server_hostname="dev.example") as secure:
            secure.sendall(b"GET / HTTP/1.1\r\nHost: dev.example\r\nConnection: close\r\n\r\n")
            assert secure.recv(12) == b"HTTP/1.1 200"
            assert secure.version() == "TLSv1.3"


def test_a_certificate_that_was_given_is_used_and_its_names_are_ours(tmp_path: Path) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("api.dev.example", "127.0.0.1", "::1")
    leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "a.pem"))
    leaf.private_key_pem.write_to_path(str(tmp_path / "a.key"))
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    with Served("--cert", "a.pem", "--key", "a.key", folder=tmp_path) as running:
        assert not any("trust it" in line for line in running.err.now())
        with httpx.Client(verify=context) as asking:
            answer = asking.get(
                f"https://127.0.0.1:{running.port}/", headers={"Host": "api.dev.example"}
            )
    assert answer.status_code == 200


def speak(server: Served, state: Path, protocol: str, first: bytes) -> ssl.SSLSocket:
    context = trusting(state)
    context.set_alpn_protocols([protocol])
    secure = context.wrap_socket(server.connect(), server_hostname="localhost")
    assert secure.selected_alpn_protocol() == protocol
    secure.sendall(first)
    return secure


def has_ended(connection: ssl.SSLSocket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(65_536) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.slow
def test_whoever_is_silent_after_the_handshake_is_cut_in_either_version(
    server: Served, state: Path
) -> None:
    silent = [
        speak(server, state, "http/1.1", b""),
        speak(server, state, "http/1.1", b"GET / HTTP/1.1\r\nHo"),
        speak(server, state, "h2", b""),
        speak(server, state, "h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ]
    plain = server.connect()
    with contextlib.ExitStack() as stack:
        for connection in (*silent, plain):
            stack.enter_context(connection)
        for connection in silent:
            soon(partial(has_ended, connection), 20.0)
        plain.settimeout(20.0)
        assert plain.recv(1) == b""


# ── answers that nobody takes ──────────────────────────────────────────────────

HASTY = """
import corsmith.server.limits as limits
limits.TAKE_SECONDS = 1
from corsmith.__main__ import main
main()
"""


class Asking:
    """A client of HTTP/2 that answers every ping, and opens no window."""

    def __init__(self, server: Served, state: Path) -> None:
        self.connection = speak(server, state, "h2", b"")
        self.connection.settimeout(0.05)
        self.protocol = H2Connection(H2Configuration(client_side=True))
        self.protocol.initiate_connection()
        self.most = 0
        self.has_ended = False
        self._authority = f"localhost:{server.port}"

    def ask(self, path: str) -> None:
        """Send a request; no more than the first window of its answer is taken."""
        stream = self.protocol.get_next_available_stream_id()
        target = [(":path", path), (":authority", self._authority)]
        head = [(":method", "GET"), (":scheme", "https"), *target]
        self.protocol.send_headers(stream, head, end_stream=True)

    def go_on(self) -> bool:
        """Send what there is, take what comes, and return whether the server has closed."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            self.connection.sendall(self.protocol.data_to_send())
            found = self.connection.recv(65_536)
            self.has_ended = found == b""
            for event in self.protocol.receive_data(found):
                if isinstance(event, RemoteSettingsChanged):
                    changed = event.changed_settings[SettingCodes.MAX_CONCURRENT_STREAMS]
                    self.most = changed.new_value
        return self.has_ended


def test_answers_over_http2_that_nobody_takes_are_ended_with_their_connection(
    state: Path, tmp_path: Path
) -> None:
    with (tmp_path / "large").open("wb") as large:
        large.truncate(16 * 1024 * 1024)
    program = ("-c", HASTY)
    with Served(
        "--tls", "--no-try", str(tmp_path), program=program, XDG_STATE_HOME=str(state)
    ) as server:
        client = Asking(server, state)
        with client.connection:
            for _ in range(3):
                client.ask("/large")
            soon(client.go_on)
        assert client.most == 32
        soon(lambda: len([line for line in server.err.now() if "GET /large" in line]) == 3)
        lines = [line for line in server.err.now() if "GET /large" in line]
        assert {line.partition("/large")[2] for line in lines} == {" 200 - not-cors client-left"}
        assert not [line for line in server.err.now() if "Traceback" in line]
