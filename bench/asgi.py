"""The ASGI layer beside Starlette's: CPU that one layer adds to one request.

The applications are driven by hand, without an event loop, so that nothing but the layer is in
the difference. Both layers get the same policy and the same twelve headers of a browser.
"""

# ruff: noqa: ANN401  the applications of others have no better type

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.middleware.cors import CORSMiddleware as StarletteMiddleware

from bench.requests import ALLOWED, POLICY, REFUSED, browser_headers, preflight_headers
from bench.rounds import Ratio, Work, interleave, minus, show
from corsmith.adapters.asgi import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Sequence

_BODY = b'{"status": "OK"}'


async def bare(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001  as ASGI calls it
    """Answer as the smallest JSON application does."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"16")],
        }
    )
    await send({"type": "http.response.body", "body": _BODY})


async def _send(message: Any) -> None:
    """Take a message, as a server would."""


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def ours(**changes: Any) -> Any:
    """Return the bare application behind corsmith."""
    return CORSMiddleware(bare, **{**POLICY, **changes})


def starlettes() -> Any:
    """Return the bare application behind Starlette's layer, with the same policy."""
    return StarletteMiddleware(
        bare,
        allow_origins=POLICY["origins"],
        allow_methods=POLICY["methods"],
        allow_headers=POLICY["headers"],
        expose_headers=POLICY["expose"],
        allow_credentials=POLICY["credentials"],
        max_age=POLICY["max_age"],
    )


def drive(app: Any, method: str, headers: Sequence[tuple[str, str]]) -> Work:
    """Return the work of sending one request to an application, again and again."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": "/items",
        "raw_path": b"/items",
        "query_string": b"",
        "root_path": "",
        "headers": raw,
    }

    def work(count: int) -> None:
        for _ in range(count):
            try:
                app(scope, _receive, _send).send(None)
            except StopIteration:
                continue
            raise RuntimeError("the application waits for something")

    return work


def main() -> int:
    """Measure, print, and return how many bars are missed."""
    print(f"ASGI: Starlette {version('starlette')}")
    return _beside_starlette() + _flat() + _bounded()


def _beside_starlette() -> int:
    requests = {
        "no Origin": ("GET", browser_headers(), 0.30),
        "allowed": ("GET", browser_headers(ALLOWED), 0.30),
        "refused": ("GET", browser_headers(REFUSED), 0.35),
        "preflight (whole answer)": ("OPTIONS", preflight_headers(), 0.30),
    }
    ratios = []
    for name, (method, headers, bar) in requests.items():
        taken = interleave(
            {
                "bare": drive(bare, method, headers),
                "ours": drive(ours(), method, headers),
                "theirs": drive(starlettes(), method, headers),
            }
        )
        if method == "OPTIONS":  # the application does not run
            layers = taken["ours"], taken["theirs"]
        else:
            layers = minus(taken["ours"], taken["bare"]), minus(taken["theirs"], taken["bare"])
        ratios.append(Ratio(name=name, ours=layers[0], theirs=layers[1], bar=bar))
    return show("ASGI layer beside Starlette's", "ns a request", ratios, "Starlette")


def _flat() -> int:
    """Compare large policies with a small one."""
    many = [f"https://site-{n}.example" for n in range(10_000)]
    patterns = [f"https://*.site-{n}.example" for n in range(1_000)]
    few, few_patterns = ours(origins=many[:3]), ours(origins=patterns[:3])
    sizes = {
        "10,000 origins by three": (ours(origins=many), many[-1], few, many[0]),
        "10,000 origins by three, refused": (ours(origins=many), REFUSED, few, REFUSED),
        "1,000 patterns by three origins": (
            ours(origins=patterns),
            "https://a.site-999.example",
            few,
            many[0],
        ),
        "1,000 patterns by three, refused": (
            ours(origins=patterns),
            REFUSED,
            few_patterns,
            REFUSED,
        ),
    }
    ratios = []
    for name, (large, origin, reference, small_origin) in sizes.items():
        taken = interleave(
            {
                "bare": drive(bare, "GET", browser_headers()),
                "large": drive(large, "GET", browser_headers(origin)),
                "small": drive(reference, "GET", browser_headers(small_origin)),
            }
        )
        layers = [minus(taken[size], taken["bare"]) for size in ("large", "small")]
        ratios.append(Ratio(name=name, ours=layers[0], theirs=layers[1], bar=1.3))
    return show("ASGI layer, large policy by small one", "ns a request", ratios, "small")


def _bounded() -> int:
    """Compare hostile preflights with a normal one."""
    policies = {
        "named headers": ours(),
        "echoed headers": ours(headers=["*", "Authorization"]),
    }
    lists = {
        "16,000 names": ",".join(f"x-{n:x}" for n in range(16_000)),
        "1 MB of commas": "," * 1_048_576,
        "1 MB of one name": "a" * 1_048_576,
    }
    ratios = []
    for policy, app in policies.items():
        for name, value in lists.items():
            taken = interleave(
                {
                    "hostile": drive(app, "OPTIONS", preflight_headers(names=value)),
                    "normal": drive(app, "OPTIONS", preflight_headers()),
                }
            )
            ratios.append(
                Ratio(
                    name=f"{name}, {policy}",
                    ours=taken["hostile"],
                    theirs=taken["normal"],
                    bar=20,
                )
            )
    return show("ASGI preflight, hostile by normal", "ns a request", ratios, "normal")
