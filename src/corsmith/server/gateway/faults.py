"""What the gateway answers by itself: a status and a sentence that says what to do next.

What lives here: why an upstream could not be asked, and requests that are not sent on. What
does not: the limits that hold for every server (``limits``).

The names of ``Proxy-Status`` errors are those of RFC 9209, section 2.3.
"""

import errno
import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp

from corsmith.adapters.asgi import Scope, Send
from corsmith.server.echo import PROBLEM
from corsmith.server.gateway.site import Upstream
from corsmith.server.limits import Problem

__all__ = [
    "CUT_OFF",
    "INERT",
    "Fault",
    "answer_fault",
    "elsewhere",
    "fault_of",
    "long_head",
    "looped",
    "malformed",
    "method_refused",
    "strange",
    "too_late",
    "unlisted",
    "unsendable",
]

_NOT_VERIFIED: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "ends in an authority that nobody here trusts",
    20: "is from an authority that nobody here trusts",
    21: "comes without the chain to an authority",
    62: "is for another name",
    64: "is for another name",
}
"""X509_V_ERR_* of OpenSSL (openssl/x509_vfy.h)."""

_TRUST: Final = "Start the gateway with --ca FILE to trust its authority, or with -k to take any \
certificate."

_NOT_BY_TRUST: Final = {
    9: "Is the clock of this machine right? With -k the gateway takes any certificate.",
    10: "Renew it, or start the gateway with -k to take any certificate.",
    62: "Start the gateway with a name that it is for: its log begins with them. With -k it takes \
any certificate.",
}
_NOT_BY_TRUST[64] = _NOT_BY_TRUST[62]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Problem):
    """A problem with its name in ``Proxy-Status``, where the upstream has a part in it."""

    error: str | None = None


CUT_OFF: Final = "upstream-cut"
"""The word in the log for an answer that the upstream did not end."""

INERT: Final = (b"content-security-policy", b"default-src 'none'")
"""On each answer of the gateway's own: what a form of another site has opened loads nothing,
also not the icon, which browsers would ask the upstream for as its own page."""


def fault_of(error: BaseException, upstream: Upstream) -> Fault:
    """Return what is answered where asking the upstream raised ``error``."""
    host = upstream.host.decode()
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Fault(
            status=502,
            word="upstream-unknown",
            sentence=f"The name {host} has no address. Is it written right, and is this machine "
            "online?",
            error="dns_error",
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _untrusted(error, host)
    if isinstance(error, (aiohttp.ClientConnectorSSLError, ssl.SSLError)):
        return Fault(
            status=502,
            word="upstream-tls",
            sentence=f"{host} does not speak TLS as https needs it. If it speaks plain HTTP, "
            f"start the gateway with http://{host}.",
            error="tls_protocol_error",
        )
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Fault(
            status=504,
            word="upstream-silent",
            sentence=f"{host} did not accept a connection in time. Is it reachable from this "
            "machine?",
            error="connection_timeout",
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return _unreachable(error, host)
    if isinstance(error, aiohttp.ClientResponseError):
        return malformed(upstream)
    return Fault(
        status=502,
        word="upstream-closed",
        sentence=f"{host} closed the connection before it answered. Its own log may say why."
        f"{_perhaps_tls(upstream)}",
        error="connection_terminated",
    )


def _untrusted(error: aiohttp.ClientConnectorCertificateError, host: str) -> Fault:
    code = getattr(error.certificate_error, "verify_code", 0)
    what = _NOT_VERIFIED.get(code, "cannot be verified")
    return Fault(
        status=502,
        word="upstream-certificate",
        sentence=f"The certificate of {host} {what}. {_NOT_BY_TRUST.get(code, _TRUST)}",
        error="tls_certificate_error",
    )


def _unreachable(error: aiohttp.ClientConnectorError, host: str) -> Fault:
    if error.errno == errno.ECONNREFUSED or isinstance(error.os_error, ConnectionRefusedError):
        return Fault(
            status=502,
            word="upstream-refused",
            sentence=f"Nothing listens at {host}. Start the upstream, and ask again: the "
            "gateway need not be restarted.",
            error="connection_refused",
        )
    return Fault(
        status=502,
        word="upstream-unreachable",
        sentence=f"{host} cannot be reached from this machine: "
        f"{error.os_error.strerror or 'no connection'}.",
        error="destination_ip_unroutable",
    )


def _perhaps_tls(upstream: Upstream) -> str:
    """Return what to try where a server of TLS may have been asked in clear: it has no words."""
    if upstream.is_tls:
        return ""
    return f" If it speaks TLS, start the gateway with https://{upstream.host.decode()}."


def too_late(upstream: Upstream, seconds: float) -> Fault:
    """Return the fault of an upstream that has not begun to answer in time."""
    return Fault(
        status=504,
        word="upstream-late",
        sentence=f"{upstream.host.decode()} has not begun to answer within {seconds:g} seconds. "
        "If it needs longer, start the gateway with a larger --timeout.",
        error="http_response_timeout",
    )


def malformed(upstream: Upstream) -> Fault:
    """Return the fault of an answer that is no HTTP, or not safe to send on."""
    return Fault(
        status=502,
        word="upstream-malformed",
        sentence=f"What {upstream.host.decode()} answered is no valid HTTP, so it is not sent on."
        f"{_perhaps_tls(upstream)}",
        error="http_protocol_error",
    )


def long_head(upstream: Upstream, most: int) -> Fault:
    """Return the fault of an answer whose head has more than ``most`` bytes."""
    return Fault(
        status=502,
        word="upstream-head",
        sentence=f"The headers that {upstream.host.decode()} answered are over {most} bytes, so "
        "they are not sent on.",
        error="http_response_header_section_size",
    )


def elsewhere(upstream: Upstream, location: str) -> Fault:
    """Return the fault of a redirect that would lead a page away from the gateway."""
    return Fault(
        status=502,
        word="redirect-elsewhere",
        sentence=f"{upstream.host.decode()} redirects to {location}, which is not behind this "
        "gateway. Fetch that address itself, or start a gateway for it.",
        error=None,
    )


def looped(upstream: Upstream) -> Fault:
    """Return the fault of a request that has come through this gateway before."""
    return Fault(
        status=508,
        word="gateway-loop",
        sentence=f"{upstream.host.decode()} leads back to this gateway. Start the gateway with "
        "the address of the server itself.",
        error="proxy_loop_detected",
    )


def strange(upstream: Upstream) -> Fault:
    """Return the fault of a request that shows no Origin and comes from another site."""
    return Fault(
        status=403,
        word="no-origin",
        sentence=f"This is a gateway to {upstream.host.decode()}, and the request comes from a "
        "page of another site without an Origin, so no policy can allow it. Use fetch(), or "
        "the attribute crossorigin. A program that calls itself a browser sends "
        "Sec-Fetch-Site: none.",
    )


def unlisted() -> Fault:
    """Return the fault of an origin where the policy file says nothing of the path."""
    return Fault(
        status=403,
        word="no-policy",
        sentence="No policy holds for this path, so the gateway lets no other origin through. "
        "Add a route for it to the policy file.",
    )


def method_refused(method: str) -> Fault:
    """Return the fault of a method that is never sent on."""
    return Fault(
        status=501,
        word="method-not-sent-on",
        sentence=f"{method} is not sent on: CONNECT opens a tunnel, and TRACE would show what "
        "--add-header keeps from the page.",
    )


def unsendable(what: str) -> Fault:
    """Return the fault of a request that cannot be sent on as it came."""
    return Fault(
        status=400,
        word="not-sendable",
        sentence=f"The request cannot be sent on as it came: {what}.",
    )


async def answer_fault(fault: Fault, scope: Scope, send: Send) -> None:
    """Answer a request with a fault."""
    scope[PROBLEM] = fault
    body = f"{fault.sentence}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        INERT,
    ]
    if fault.error is not None:
        headers.append((b"proxy-status", f"corsmith; error={fault.error}".encode()))
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
