"""Asks one example in memory: ``python ask.py MODULE NAME``, requests as JSON on standard input.

A process of its own for each, since Django can be configured only once in a process.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from importlib import import_module
from typing import Any

import httpx

ADDRESS = "http://127.0.0.1"


async def ask_asgi(app: Any, requests: list[dict[str, Any]]) -> list[httpx.Response]:
    """Return the answers of an ASGI application, also where it raised."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        return [await client.request(**request) for request in requests]


def ask_wsgi(app: Any, requests: list[dict[str, Any]]) -> list[httpx.Response]:
    """Return the answers of a WSGI application, also where it raised."""
    transport = httpx.WSGITransport(app, raise_app_exceptions=False)
    with httpx.Client(transport=transport, base_url=ADDRESS) as client:
        return [client.request(**request) for request in requests]


def main(module: str, name: str) -> None:
    """Print the answers as JSON: status, headers and text of each."""
    app = getattr(import_module(module), name)
    requests = json.load(sys.stdin)
    is_asgi = inspect.iscoroutinefunction(type(app).__call__)
    answers = asyncio.run(ask_asgi(app, requests)) if is_asgi else ask_wsgi(app, requests)
    json.dump(
        [
            {"status": answer.status_code, "headers": dict(answer.headers), "text": answer.text}
            for answer in answers
        ],
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
