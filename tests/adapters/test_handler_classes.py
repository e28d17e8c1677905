"""Handler classes: their own ``do_OPTIONS``, and the policy as a member."""

# ruff: noqa: N802  the names that http.server calls

from __future__ import annotations

import inspect
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any

import pytest

from corsmith import Policy, PolicyError
from corsmith.adapters.http_server import CORSMixin
from tests.adapters.handlers import Plain, allows, ask, handler
from tests.adapters.hosts import Quiet, Request, Wire, raw_request, read_reply, serve
from tests.adapters.table import APP, OPEN, OTHER, POLICY, PREFLIGHT, ROUTES, get, preflight

# ── OPTIONS ───────────────────────────────────────────────────────────────────


def test_without_an_own_method_other_options_requests_get_allow() -> None:
    for request in (get(method="OPTIONS"), preflight(APP, method=None), preflight()):
        status, headers, body = ask(Plain, request)
        assert (status, headers["allow"], body) == (200, "GET, OPTIONS, POST", b"")
        assert headers["content-length"] == "0"


def test_without_an_own_method_an_exempt_path_is_as_without_cors() -> None:
    for request in (preflight(APP, path="/elsewhere"), get(method="OPTIONS", path="/elsewhere")):
        status, headers, _ = ask(handler(cors=ROUTES), request)
        assert (status, allows(headers)) == (501, None)
        assert "vary" not in headers


class Own(Plain):
    """A handler with an OPTIONS of its own."""

    def do_OPTIONS(self) -> None:
        self.send_response(299)
        self.end_headers()


class Inheriting(Own):
    """A handler that only inherits it."""


class Calling(Own):
    """A handler that adds to it."""

    def do_OPTIONS(self) -> None:
        self.send_header_later = True
        super().do_OPTIONS()


class Behind(BaseHTTPRequestHandler):
    """A base class with an OPTIONS of its own that knows nothing of CORS."""

    def do_OPTIONS(self) -> None:
        self.send_response(299)
        self.end_headers()


class Mixed(CORSMixin, Quiet, Behind):
    """A handler whose second base has one."""

    cors = POLICY


@pytest.mark.parametrize("kind", [Own, Inheriting, Calling, Mixed])
def test_an_own_method_gets_every_options_request_but_preflights(kind: type[CORSMixin]) -> None:
    assert ask(kind, preflight(APP))[0] == 200
    assert ask(kind, preflight(OTHER))[0] == 200
    for request in (get(method="OPTIONS"), preflight(APP, method=None), preflight()):
        assert ask(kind, request)[0] == 299


def test_a_body_behind_a_preflight_is_not_read_as_a_request() -> None:
    smuggled = raw_request(get(APP, path="/smuggled"))
    for line in (("Content-Length", str(len(smuggled))), ("Transfer-Encoding", "chunked")):
        asked = preflight(APP)
        request = Request(method="OPTIONS", headers=(*asked.headers, line))
        wire, _ = serve(Plain, raw_request(request) + smuggled)
        assert len(wire.writes) == 1
        assert dict(read_reply(wire.writes[0])[1])["Connection"] == "close"
    empty = Request(method="OPTIONS", headers=(*asked.headers, ("Content-Length", "0")))
    assert len(serve(Plain, raw_request(empty) * 2)[0].writes) == 2


# ── the policy ─────────────────────────────────────────────────────────────────


def test_a_class_without_a_policy_is_refused_when_it_is_made() -> None:
    with pytest.raises(PolicyError, match=r"wrong-type: cors: Nothing has no policy\. Write cors"):
        type("Nothing", (CORSMixin, BaseHTTPRequestHandler), {})
    for bad in (None, "*", 7, Policy):
        with pytest.raises(PolicyError, match="wrong-type"):
            handler(cors=bad)


def test_fields_may_be_keywords_of_the_class() -> None:
    class Made(CORSMixin, BaseHTTPRequestHandler, origins=[APP], max_age=5):
        pass

    assert Made.cors == Policy(origins=[APP], max_age=5)
    with pytest.raises(PolicyError, match="allow_origins"):
        type("Made", (CORSMixin, BaseHTTPRequestHandler), {}, allow_origins=[APP])
    with pytest.raises(PolicyError, match="Give one of the two"):
        type("Made", (CORSMixin, BaseHTTPRequestHandler), {"cors": POLICY}, origins=[APP])


def test_the_next_request_meets_a_policy_that_was_assigned() -> None:
    kind = handler()
    for source, expected in ((OPEN, "*"), (ROUTES, APP), (POLICY, APP)):
        kind.cors = source
        assert allows(ask(kind, get(APP))[1]) == expected
    for bad in (None, "*", Policy):
        with pytest.raises(PolicyError):
            kind.cors = bad  # type: ignore[assignment]  # what a user may do
        assert kind.cors is POLICY
    assert Plain.cors is POLICY


def test_a_request_keeps_the_policy_that_it_began_with() -> None:
    class Swapping(Plain):
        def send_response(self, code: int, message: str | None = None) -> None:
            super().send_response(code, message)
            Swapping.cors = OPEN

    status, headers, _ = ask(Swapping, preflight(APP))
    assert (status, {name: [value] for name, value in headers.items() if name in PREFLIGHT}) == (
        200,
        PREFLIGHT,
    )
    assert allows(ask(Swapping, get(OTHER))[1]) == "*"


def test_a_function_is_told_of_an_encrypted_connection() -> None:
    class Encrypted(Wire):
        def getpeercert(self) -> None:
            """Be what only an encrypted socket has."""

    asked: list[str] = []

    def choose(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
        asked.append(scheme)
        return POLICY

    wire = Encrypted(raw_request(get(APP)))
    handler(cors=choose)(wire, ("127.0.0.1", 1), SimpleNamespace())  # type: ignore[arg-type]
    assert asked == ["https"]


async def choose_async(*shared: Any) -> Policy:
    return POLICY


def test_an_async_function_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(PolicyError, match="Write def"):
        handler(cors=choose_async)


def test_a_class_can_be_inspected() -> None:
    members = dict(inspect.getmembers(Plain))
    assert {"connection", "request", "cors"} <= members.keys()
