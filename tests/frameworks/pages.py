"""The pages that each host serves, and the eight probes that are put to them.

What lives here: the policies, the pages and the probes. What does not: any framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from corsmith import Policy
from tests.adapters.hosts import Request

if TYPE_CHECKING:
    from tests.adapters.hosts import Reply

APP = "https://app.example"
OTHER = "https://partner.example"
POLICY = Policy(origins=[APP], methods=["GET", "PUT"], headers=["x-api-key"], expose=["x-total"])
PARTNER = Policy(origins=[OTHER], methods=["DELETE"])

PAGES = {
    "/items": "GET only",
    "/slash/": "GET only; /slash redirects there where the framework does that",
    "/teapot": "GET raises a 418 on purpose",
    "/fails": "GET raises a LookupError that nobody handles",
    "/marked": "GET, and DELETE that is marked with PARTNER (or the whole route is)",
    "/exempt": "GET, and marked with None",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question, and what its answer's status may be."""

    name: str
    method: str
    path: str
    statuses: frozenset[int]

    @property
    def is_preflight(self) -> bool:
        """Whether it asks for permission."""
        return self.method == "OPTIONS"

    @property
    def request(self) -> Request:
        """The request, from a page of the allowed origin."""
        return ask(self.method, self.path, APP)


def ask(method: str, path: str, origin: str | None, wanted: str = "PUT") -> Request:
    """Return what a browser sends; OPTIONS is the preflight of the method ``wanted``."""
    lines = [("Host", "localhost")]
    if origin is not None:
        lines.append(("Origin", origin))
    if method == "OPTIONS":
        lines.append(("Access-Control-Request-Method", wanted))
    return Request(method=method, path=path, headers=tuple(lines))


def _probe(name: str, method: str, path: str, *statuses: int) -> Probe:
    return Probe(name=name, method=method, path=path, statuses=frozenset(statuses))


PROBES = (
    _probe("preflight, known path", "OPTIONS", "/items", 200),
    _probe("preflight, unknown path", "OPTIONS", "/nowhere", 200),
    _probe("200", "GET", "/items", 200),
    _probe("404", "GET", "/nowhere", 404),
    _probe("405", "DELETE", "/items", 405),
    _probe("raised error", "GET", "/teapot", 418),
    _probe("unhandled exception", "GET", "/fails", 500),
    # A framework that redirects to no slash serves the page, or says that there is none.
    _probe("slash redirect", "GET", "/slash", 200, 301, 302, 307, 308, 404),
)


def faults(probe: Probe, reply: Reply, statuses: frozenset[int]) -> list[str]:
    """Return what keeps the page from reading an answer: nothing, if all is well."""
    found = []
    expected = {
        "access-control-allow-origin": [APP],
        "access-control-allow-methods": [",".join(POLICY.methods)] * probe.is_preflight,
        "access-control-allow-headers": [",".join(POLICY.headers)] * probe.is_preflight,
        "access-control-expose-headers": [",".join(POLICY.expose)] * (not probe.is_preflight),
    }
    if reply.status not in statuses:
        found.append(f"status {reply.status}")
    found += [
        f"{name}: {reply.lines(name)}"
        for name, lines in expected.items()
        if reply.lines(name) != lines
    ]
    vary = reply.lines("vary")
    if len(vary) != 1 or "Origin" not in [name.strip() for name in vary[0].split(",")]:
        found.append(f"vary: {vary}")
    return found
