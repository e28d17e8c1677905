"""A connection to a host: resolve, connect and TLS on real loopback sockets, each by name."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from corsmith.errors import UsageError
from tests.peers import OK, QUICK, client, failure, peer, send

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let this person have no authority of ``--tls`` but one that a test puts there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "corsmith" / "tls" / "ca.pem"


# ── what fails, by its step ──────────────────────────────────────────────────


def test_a_name_without_an_address_fails_to_resolve() -> None:
    error = failure("http://no-such-name.invalid/")
    assert (error.step, error.failure) == ("resolve", "dns")
    assert "--resolve no-such-name.invalid:80:ADDRESS" in str(error)


@pytest.mark.parametrize(
    ("number", "problem", "hint"),
    [
        (socket.EAI_NONAME, "the name shop.example has no address", "check the spelling"),
        (socket.EAI_AGAIN, "the name shop.example cannot be looked up", "check the network"),
    ],
)
def test_a_name_that_nobody_could_be_asked_for_is_told_apart_from_a_wrong_one(
    monkeypatch: pytest.MonkeyPatch, number: int, problem: str, hint: str
) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(number, "as the system says it")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = failure("http://shop.example/")
    assert (error.failure, error.problem) == ("dns", problem)
    assert error.hint == f"{hint}, or --resolve shop.example:80:ADDRESS"


def test_a_resolver_that_does_not_answer_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        waits.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = failure("http://slow.example/", client(0.05))
    waits.set()
    assert (error.step, error.failure) == ("resolve", "timeout")
    assert "slow.example within 0.05 s" in error.problem


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://localhost:{port}/")
    assert (error.step, error.failure) == ("connect", "refused")
    assert error.problem == f"127.0.0.1:{port} refuses the connection"
    assert error.hint == "start the server, or check the port"


def test_a_server_that_takes_no_connection_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with contextlib.ExitStack() as stack:
            # A queue that is full drops what comes next.
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)  # noqa: FBT003  its own signature
                waiting.connect_ex(("127.0.0.1", port))
            error = failure(f"http://127.0.0.1:{port}/", client(QUICK))
    assert (error.step, error.failure) == ("connect", "timeout")
    assert "--timeout SECONDS" in (error.hint or "")


def test_an_address_without_a_route_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    error = failure("http://[2001:db8::1]:8000/")
    assert error.problem == "[2001:db8::1]:8000 cannot be reached: there is no route to it"
    assert error.hint is None


# ── where it connects ────────────────────────────────────────────────────────


def only_addresses(host: str, *rest: Any, **more: Any) -> Any:
    """Look up as ever, but refuse names."""
    assert host in {"127.0.0.1", "::1"}
    return LOOK_UP(host, *rest, **more)


LOOK_UP = socket.getaddrinfo


@pytest.mark.parametrize("host", ["localhost", "a.b.localhost"])
def test_localhost_names_are_this_machine_whatever_a_resolver_says(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer(OK) as server:
        monkeypatch.setattr(socket, "getaddrinfo", only_addresses)
        assert send(f"http://{host}:{server.port}/").peer == "127.0.0.1"
        assert f"Host: {host}:{server.port}".encode() in server.heard[0]


def test_a_host_can_be_asked_at_a_given_address() -> None:
    with peer(OK) as server:
        asks = client(resolve={("api.example", server.port): "127.0.0.1"})
        assert send(f"http://api.example:{server.port}/", asks).status == 200
        assert b"Host: api.example:" in server.heard[0]


def test_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(OK) as server:
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [row, row])
        assert send(f"http://api.example:{server.port}/").status == 200


# ── TLS ──────────────────────────────────────────────────────────────────────


def server_tls(cert: trustme.LeafCert, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Let this machine trust an authority, by the variable that OpenSSL reads."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.mark.usefixtures("trusting")
def test_a_trusted_certificate_is_asked_over_tls(authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("localhost"))
    with peer(OK, tls) as server:
        answer = send(f"https://localhost:{server.port}/")
    assert (answer.status, answer.version) == (200, "1.1")


def self_signed() -> ssl.SSLContext:
    """Return a server whose certificate is its own authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.cert_pem.tempfile() as cert, authority.private_key_pem.tempfile() as key:
        context.load_cert_chain(cert, key)
    return context


def expired(authority: trustme.CA) -> ssl.SSLContext:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    return server_tls(authority.issue_cert("localhost", not_after=past, not_before=past))


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("makes", "host", "says"),
    [
        (lambda _: self_signed(), "localhost", "its certificate is self-signed"),
        (expired, "localhost", "its certificate has expired"),
        (
            lambda ca: server_tls(ca.issue_cert("b.example")),
            "localhost",
            "its certificate is for b.example",
        ),
        (
            lambda ca: server_tls(ca.issue_cert("localhost")),
            "127.0.0.1",
            "its certificate is for localhost",
        ),
        (
            lambda _: server_tls(trustme.CA().issue_cert("localhost")),
            "localhost",
            "an authority that nobody here trusts",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted_is_named_and_can_be_taken(
    authority: trustme.CA, makes: Any, host: str, says: str
) -> None:
    with peer(OK, makes(authority)) as server:
        url = f"https://{host}:{server.port}/"
        error = failure(url)
        assert send(url, client(verify=False)).status == 200
    assert (error.step, error.failure) == ("tls", "tls")
    assert says in error.problem
    assert "-k" in (error.hint or "")


@pytest.mark.parametrize(
    ("names", "told", "hint"),
    [
        (["localhost"], "localhost", "write https://localhost:{}/, or leave the name unchecked"),
        (["*.a.example", "::1"], "*.a.example, ::1", "write https://[::1]:{}/, or leave"),
        (["*.a.example"], "*.a.example", "use a name that it is for, or leave the name"),
        (
            [f"{number}.a" for number in range(6)],
            "0.a, 1.a, 2.a, 3.a, 4.a, …",
            "write https://0.a:{}/, ",
        ),
    ],
)
def test_a_certificate_for_another_name_is_told_with_its_own(
    tmp_path: Path, authority: trustme.CA, names: list[str], told: str, hint: str
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with peer(OK, server_tls(authority.issue_cert(*names))) as server:
        error = failure(f"https://127.0.0.1:{server.port}/", client(ca=str(file)))
    place = f"127.0.0.1:{server.port}"
    assert error.problem == f"{place} is not trusted: its certificate is for {told}"
    assert (error.hint or "").startswith(hint.format(server.port))


def test_names_that_cannot_be_read_any_more_are_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    connect = socket.create_connection
    asked: list[object] = []

    def once(*where: Any) -> socket.socket:
        asked.append(where)
        if len(asked) > 1:
            raise ConnectionRefusedError
        return connect(*where)

    monkeypatch.setattr(socket, "create_connection", once)
    with peer(OK, server_tls(authority.issue_cert("localhost"))) as server:
        error = failure(f"https://127.0.0.1:{server.port}/", client(ca=str(file)))
    assert error.problem.endswith(" is not trusted: its certificate is for another name")
    assert len(asked) == 2


def test_an_authority_that_is_named_is_trusted(tmp_path: Path, authority: trustme.CA) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with peer(OK, server_tls(authority.issue_cert("localhost"))) as server:
        url = f"https://localhost:{server.port}/"
        assert "name its authority with --cacert FILE; -k" in (failure(url).hint or "")
        assert send(url, client(ca=str(file))).status == 200


def test_a_certificate_that_is_its_own_authority_is_trusted_by_itself(tmp_path: Path) -> None:
    own = trustme.CA().issue_cert("localhost")
    file = tmp_path / "cert.pem"
    own.cert_chain_pems[0].write_to_path(file)
    with peer(OK, server_tls(own)) as server:
        assert send(f"https://localhost:{server.port}/", client(ca=str(file))).status == 200


def test_an_authority_that_is_named_and_is_another_is_told(
    tmp_path: Path, authority: trustme.CA
) -> None:
    file = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(file)
    with peer(OK, server_tls(authority.issue_cert("localhost"))) as server:
        error = failure(f"https://localhost:{server.port}/", client(ca=str(file)))
    assert error.hint == (
        f"{file} is not its authority: name that with --cacert; -k checks the rest"
    )


def test_a_file_without_an_authority_is_a_slip_of_the_person(tmp_path: Path) -> None:
    with peer(OK, server_tls(trustme.CA().issue_cert("localhost"))) as server:
        asks = client(ca=str(tmp_path / "none.pem"))
        with pytest.raises(UsageError, match=r"--cacert \S+none\.pem cannot be read: No such file"):
            send(f"https://localhost:{server.port}/", asks)


@pytest.mark.parametrize("named", [False, True])
def test_the_authority_of_this_machine_is_told_with_its_file(
    tmp_path: Path, state: Path, authority: trustme.CA, *, named: bool
) -> None:
    state.parent.mkdir(parents=True)
    authority.cert_pem.write_to_path(state)
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    asks = client(ca=str(tmp_path / "other.pem") if named else None)
    # For another name too: that is told once the authority is trusted.
    with peer(OK, server_tls(authority.issue_cert("b.example"))) as server:
        error = failure(f"https://127.0.0.1:{server.port}/", asks)
    assert error.problem == (
        f"127.0.0.1:{server.port} is not trusted: "
        "its certificate comes from the authority of corsmith serve --tls"
    )
    assert error.hint == f"add --cacert {state}, and let browsers trust it, too"


@pytest.mark.parametrize("kept", ["another authority", "nothing", "no file"])
def test_an_authority_of_this_machine_that_is_not_the_servers_is_not_told(
    state: Path, authority: trustme.CA, kept: str
) -> None:
    if kept != "no file":
        state.parent.mkdir(parents=True)
        state.write_bytes(trustme.CA().cert_pem.bytes() if kept == "another authority" else b"")
    with peer(OK, server_tls(authority.issue_cert("localhost"))) as server:
        error = failure(f"https://localhost:{server.port}/")
    assert error.problem.endswith("comes from an authority that nobody here trusts")
    assert str(state) not in (error.hint or "")


def test_a_port_without_tls_is_named_with_the_url_to_write() -> None:
    with peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = failure(f"https://127.0.0.1:{server.port}/a?b")
    assert error.problem == f"127.0.0.1:{server.port} does not speak TLS"
    assert error.hint == f"write http://127.0.0.1:{server.port}/a?b"


def test_a_connection_that_ends_during_the_handshake_is_named() -> None:
    with peer(b"") as server:
        error = failure(f"https://127.0.0.1:{server.port}/")
    assert "ends the connection during the TLS handshake" in error.problem


def test_a_handshake_without_a_common_version_is_named() -> None:
    old = server_tls(trustme.CA().issue_cert("localhost"))
    with peer(OK, old) as server:
        asks = client()
        own = ssl.create_default_context()
        own.minimum_version = ssl.TLSVersion.TLSv1_3
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        asks.dialer._context = own
        error = failure(f"https://localhost:{server.port}/", asks)
    assert error.problem.startswith(f"the TLS handshake with localhost:{server.port} fails: ")


def test_a_handshake_that_stalls_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        error = failure(f"https://127.0.0.1:{port}/", client(QUICK))
    assert (error.step, error.failure) == ("tls", "timeout")
