"""The client's settings, as an upstream and a person meet them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from yarl import URL

from corsmith.errors import UsageError
from corsmith.server.gateway import client as module
from corsmith.server.gateway.client import connect
from corsmith.server.gateway.trust import Trust
from tests.server.gateway.asking import OK, answering, ask_upstream, listening

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def over_tls(authority: trustme.CA, trust: Trust, host: str = "localhost") -> int:
    """Return the status of an upstream whose certificate is for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def scenario() -> int:
        async with listening(answering(OK), tls=context) as port:
            session = connect(trust)
            try:
                answer = await ask_upstream(session, "GET", URL(f"https://{host}:{port}/"))
                answer.close()
                return answer.status
            finally:
                await session.close()

    return asyncio.run(scenario())


def test_a_certificate_is_verified(authority: trustme.CA) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        over_tls(authority, Trust())


def test_the_systems_authorities_are_trusted(
    authority: trustme.CA, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    assert over_tls(authority, Trust()) == 200


def test_without_a_certificate_to_judge_no_authority_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_trust: Trust) -> None:
        raise AssertionError

    monkeypatch.setattr(Trust, "context", refuse)

    async def scenario() -> int:
        async with (
            listening(answering(OK)) as port,
            connect(Trust(), is_tls=False) as session,
        ):
            answer = await ask_upstream(session, "GET", URL(f"http://127.0.0.1:{port}/"))
            answer.close()
            return answer.status

    assert asyncio.run(scenario()) == 200


def test_one_more_authority_may_be_trusted(authority: trustme.CA, ca: Path) -> None:
    assert over_tls(authority, Trust(ca=str(ca))) == 200


def test_the_name_counts_too(authority: trustme.CA, ca: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        over_tls(authority, Trust(ca=str(ca)), "127.0.0.1")


def test_any_certificate_may_be_taken(authority: trustme.CA) -> None:
    assert over_tls(authority, Trust(insecure=True), "127.0.0.1") == 200


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("gone.pem", None, "cannot be read: No such file"),
        ("key.pem", "no certificate", "holds no certificate"),
        (".", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_authority_is_told(
    tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as raised:
        Trust(ca=str(tmp_path / name)).context()
    assert told in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 3


def test_cookies_are_not_kept_and_redirects_not_followed() -> None:
    found: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            found.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(
                b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: id=1\r\n"
                b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"
            )

    async def scenario() -> None:
        async with listening(script) as port:
            session = connect(Trust())
            for _ in range(2):
                url = URL(f"http://127.0.0.1:{port}/")
                answer = await ask_upstream(session, "GET", url, [("Host", "a"), ("X-A", "1")])
                assert (answer.status, await answer.content.read()) == (302, b"ok")
            await session.close()

    asyncio.run(scenario())
    for request in found:
        assert b"cookie" not in request.lower()
        assert request.startswith(b"GET / HTTP/1.1\r\nHost: a\r\n")
        assert request.endswith(b"\r\nX-A: 1\r\n\r\n")
        assert request.count(b"\r\n") == 4


def test_proxy_variables_are_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to an address that was not named."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def scenario() -> int:
        async with listening(answering(OK)) as port:
            session = connect(Trust())
            answer = await ask_upstream(session, "GET", URL(f"http://127.0.0.1:{port}/"))
            answer.close()
            await session.close()
            return answer.status

    assert asyncio.run(scenario()) == 200


@pytest.mark.parametrize("lacks", [(), ("TCP_KEEPIDLE",), ("TCP_KEEPIDLE", "TCP_KEEPALIVE")])
def test_a_connection_notices_that_the_other_side_is_gone(
    monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...]
) -> None:
    for name in lacks:
        monkeypatch.delattr(socket, name, raising=False)
    where: Any = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))
    with module._open_socket(where) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
