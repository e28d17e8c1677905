"""What is answered where the upstream cannot be asked."""

from __future__ import annotations

import asyncio
import errno
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from corsmith.server.echo import PROBLEM
from corsmith.server.gateway import faults
from corsmith.server.gateway.faults import Fault, answer_fault, fault_of
from corsmith.server.gateway.upstream import read_upstream
from tests.server.in_memory import run, scope

if TYPE_CHECKING:
    from collections.abc import Callable

UPSTREAM = read_upstream("https://api.example:8443/v1")
KEY = ConnectionKey("api.example", 8443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None,
                    proxy_headers_hash=None)  # fmt: skip


def unverified(code: int | None) -> Exception:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    if code is not None:
        error.verify_code = code
    return aiohttp.ClientConnectorCertificateError(KEY, error)


def refused(error: OSError) -> Exception:
    return aiohttp.ClientConnectorError(KEY, error)


@pytest.mark.parametrize(
    ("error", "status", "word", "named"),
    [
        (
            aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
            502,
            "upstream-unknown",
            "The name api.example:8443 has no address.",
        ),
        (unverified(10), 502, "upstream-certificate", "has expired. Renew it, or start"),
        (unverified(9), 502, "upstream-certificate", "is not valid yet. Is the clock"),
        (
            unverified(18),
            502,
            "upstream-certificate",
            "is self-signed. Start the gateway with --ca FILE to trust its authority, or with -k",
        ),
        # No authority would help.
        (
            unverified(62),
            502,
            "upstream-certificate",
            "is for another name. Start the gateway with a name that it is for",
        ),
        (unverified(64), 502, "upstream-certificate", "is for another name. Start the gateway wi"),
        (unverified(99), 502, "upstream-certificate", "cannot be verified."),
        (unverified(None), 502, "upstream-certificate", "cannot be verified."),
        (
            aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "wrong version number")),
            502,
            "upstream-tls",
            "start the gateway with http://api.example:8443.",
        ),
        (ssl.SSLError(1, "bad record"), 502, "upstream-tls", "does not speak TLS"),
        (aiohttp.ConnectionTimeoutError("slow"), 504, "upstream-silent", "in time"),
        (
            refused(ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
            502,
            "upstream-refused",
            "Nothing listens at api.example:8443. Start the upstream",
        ),
        (
            refused(OSError(errno.EHOSTUNREACH, "No route to host")),
            502,
            "upstream-unreachable",
            "cannot be reached from this machine: No route to host.",
        ),
        (refused(OSError("odd")), 502, "upstream-unreachable", "no connection"),
        (aiohttp.ServerDisconnectedError(), 502, "upstream-closed", "closed the connection"),
        (ConnectionResetError(), 502, "upstream-closed", "closed the connection"),
    ],
)
def test_each_failure_has_a_sentence_that_says_what_to_do(
    error: Exception, status: int, word: str, named: str
) -> None:
    fault = fault_of(error, UPSTREAM)
    assert (fault.status, fault.word) == (status, word)
    assert named in fault.sentence
    assert "/v1" not in fault.sentence


def test_an_answer_that_is_no_http_is_told() -> None:
    info: Any = None
    fault = fault_of(aiohttp.ClientResponseError(info, (), message="bad"), UPSTREAM)
    assert (fault.status, fault.word) == (502, "upstream-malformed")


def test_a_server_that_was_asked_in_clear_may_speak_tls() -> None:
    info: Any = None
    end = " If it speaks TLS, start the gateway with https://api.example:8443."
    for error in (ConnectionResetError(), aiohttp.ClientResponseError(info, (), message="bad")):
        in_clear = fault_of(error, read_upstream("http://api.example:8443/v1"))
        assert in_clear.sentence.endswith(end)
        assert end not in fault_of(error, UPSTREAM).sentence


FAULTS: list[Callable[[], Fault]] = [
    lambda: faults.too_late(UPSTREAM, 1.5),
    lambda: faults.malformed(UPSTREAM),
    lambda: faults.long_head(UPSTREAM, 10),
    lambda: faults.elsewhere(UPSTREAM, "https://cdn.example/"),
    lambda: faults.looped(UPSTREAM),
    lambda: faults.strange(UPSTREAM),
    faults.unlisted,
    lambda: faults.method_refused("TRACE"),
    lambda: faults.unsendable("its target is no path"),
]


@pytest.mark.parametrize("number", range(len(FAULTS)))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_fault_is_one_line_of_text(number: int, method: str) -> None:
    fault = FAULTS[number]()

    async def app(found: Any, _receive: Any, send: Any) -> None:
        await answer_fault(fault, found, send)

    asked = scope(method)
    answer = run(app, asked)
    assert (answer.status, asked[PROBLEM]) == (fault.status, fault)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == str(len(fault.sentence.encode()) + 1)
    assert answer.body == (b"" if method == "HEAD" else f"{fault.sentence}\n".encode())
    assert len(fault.sentence.splitlines()) == 1
    named = None if fault.error is None else f"corsmith; error={fault.error}"
    assert answer.headers.get("proxy-status") == named


def test_a_name_that_does_not_resolve_is_told_as_that() -> None:
    """As the client library really raises it."""

    async def scenario() -> Fault:
        async with aiohttp.ClientSession() as session:
            try:
                await session.get("http://gone.invalid/")
            except aiohttp.ClientError as error:
                return fault_of(error, read_upstream("http://gone.invalid"))
        raise AssertionError("it resolved")

    assert asyncio.run(scenario()).word == "upstream-unknown"
