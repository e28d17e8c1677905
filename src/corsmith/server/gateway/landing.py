"""The page that a person gets who comes to the gateway from another site.

What lives here: its HTML and headers. What does not: when it is sent (``guard``, ``forward``).

It leads on by a link alone, which makes a request of the gateway's own page: no other page
can follow it, and none can put it into a frame.
"""

from typing import Final

from corsmith.adapters.asgi import Scope, Send
from corsmith.server.echo import PROBLEM
from corsmith.server.gateway.faults import Fault
from corsmith.server.gateway.site import Upstream

__all__ = ["answer_landing"]

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1rem}"
    "code{overflow-wrap:anywhere}:root{color-scheme:light dark}"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A gateway to {host}</title>
<style>{style}</style>
<h1>A gateway to {host}</h1>
<p>Another site has sent you here. This port is a gateway that <code>corsmith serve</code> runs
on this machine: what is asked here is asked of <code>{upstream}</code>, and nothing has been
asked yet.</p>
<p>If you want to, go on to <a href="{target}"><code>{target}</code></a>.</p>
</html>
"""
_HEADERS: Final = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        (
            b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
            b"base-uri 'none'; form-action 'none'"
        ),
    ),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
)


async def answer_landing(fault: Fault, upstream: Upstream, scope: Scope, send: Send) -> None:
    """Answer a request with the page, under the status of a fault."""
    from html import escape  # only for a page: with half a megabyte of names

    scope[PROBLEM] = fault
    query: bytes = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    # Two slashes at the beginning would lead to another host.
    target = b"/" + target.lstrip(b"/\\")
    page = _PAGE.format(
        host=escape(upstream.host.decode()),
        style=_STYLE,
        upstream=escape(upstream.url(b"").decode()),
        target=escape(target.decode("latin-1")),
    ).encode()
    length = (b"content-length", str(len(page)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": fault.status,
            "headers": [*_HEADERS, length],
        }
    )
    body = b"" if scope["method"] == "HEAD" else page
    await send({"type": "http.response.body", "body": body})
