"""Whatever bytes a client sends: no exception, no stranger allowed, allow-origin byte for byte."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corsmith import Policy, Routes
from tests.adapters.handlers import handler
from tests.adapters.hosts import HOSTS, Reply, Request, ask_http_server, read_reply, serve
from tests.adapters.table import APP

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = Policy(
    origins=[APP, "https://*.shop.example", "http://localhost:*", "https://pr-*.dev.example"],
    methods=["PUT"],
    headers=["X-Key"],
    credentials=True,
)
ECHO = Policy(origins=[APP], methods="*", headers=["*", "Authorization"], credentials=True)
ROUTES = Routes({"/": POLICY, "/open/": Policy(origins="*"), "/none": None})
SOURCES = {"policy": POLICY, "echo": ECHO, "routes": ROUTES}

# The policy once more, as a reader would check it: slow, and by other means.
_PORT = r"(:(?!0)[0-9]{1,5})?"
_MEANT = re.compile(
    rf"{re.escape(APP)}"
    r"|https://([a-z0-9_-]{1,63}\.)+shop\.example"
    rf"|http://localhost{_PORT}"
    r"|https://pr-[a-z0-9_-]{1,60}\.dev\.example"
)


def is_meant(origin: str, source: Any) -> bool:
    """Return whether the policy means this origin."""
    return origin == APP if source is ECHO else _MEANT.fullmatch(origin) is not None


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="corsmith")


# Latin-1 text stands for bytes; the ends of lines are for the test of whole heads below.
BYTE = st.characters(max_codepoint=255, blacklist_characters="\r\n")
JUNK = st.text(BYTE, max_size=12)
NEAR = st.sampled_from(
    (
        *(APP, "https://a.shop.example", "https://a.b.shop.example", "http://localhost:3000"),
        *("https://pr-7.dev.example", "null", "*", "", "https://shop.example", "http://localhost"),
        *("https://app.example.evil.example", "https://evilapp.example", "http://app.example"),
        *("http://localhost:99999", "http://localhost:80", "https://.shop.example", "file://"),
    )
)
ORIGIN = st.one_of(
    NEAR,
    st.builds("{}{}{}".format, JUNK, NEAR, JUNK),
    st.builds("{}{}".format, NEAR, st.sampled_from(" \t\x00\x0b\x0c\x1f\x7f\x85\xa0.,/:@#?")),
    st.builds("{}, {}".format, NEAR, NEAR),
    JUNK,
)
TOKENS = st.sampled_from(("x-key", "X-Key, ,", "authorization", ",", "x" * 5000, "a b", "x-a,x-b"))
LINE = st.one_of(
    st.tuples(st.just("Origin"), ORIGIN),
    st.tuples(st.just("Access-Control-Request-Method"), st.one_of(st.just("PUT"), JUNK)),
    st.tuples(st.just("Access-Control-Request-Headers"), st.one_of(TOKENS, JUNK)),
    st.tuples(st.sampled_from(("Host", "Sec-Fetch-Site", "Vary", "X-Key")), JUNK),
)
REQUEST = st.builds(
    Request,
    method=st.sampled_from(("GET", "OPTIONS", "PUT", "HEAD")),
    path=st.sampled_from(("/", "/open/x", "/none", "/open/../none", "/a%2fb", "//none", "/\x7f")),
    headers=st.lists(LINE, max_size=6).map(tuple),
)


def assert_is_right(reply: Reply, request: Request, source: Any) -> None:
    """Check what holds for every reply to every request."""
    received = [value.strip(" \t") for name, value in request.headers if name == "Origin"]
    sent = reply.lines("access-control-allow-origin")
    if sent == ["*"]:
        assert source is ROUTES
    elif sent:
        assert sent == received
        assert is_meant(sent[0], source)
        assert "Origin" in reply.lines("vary")[0]
    else:
        assert not reply.lines("access-control-allow-credentials")
        assert not reply.lines("access-control-allow-methods")
    for name, value in reply.headers:
        assert not re.search(r"[\r\n\x00]", name + value)
        assert len(value) <= 8192


@pytest.mark.parametrize("ask", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request_=REQUEST)
@example(request_=Request(headers=(("Origin", f"\t{APP} "),)))
@example(request_=Request(headers=(("Origin", APP), ("Origin", APP))))
@example(request_=Request(method="OPTIONS", headers=(("Origin", "\xff" * 9000),)))
def test_nobody_but_whom_the_policy_means_is_allowed(
    ask: Callable[..., Reply], source: Any, request_: Request
) -> None:
    reply = ask(source, request_)
    assert reply.raised is None
    assert_is_right(reply, request_, source)


@pytest.mark.parametrize("ask", HOSTS.values(), ids=HOSTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(origin=st.text(st.characters(max_codepoint=255), max_size=40))
def test_an_allowed_origin_between_other_bytes_is_another_origin(
    ask: Callable[..., Reply], origin: str
) -> None:
    if ask is ask_http_server:
        origin = re.sub(r"[\r\n]", "", origin)
    for value in (origin, origin + APP, APP + origin, APP[:9] + origin + APP[9:]):
        reply = ask(POLICY, Request(headers=(("Origin", value),)))
        allowed = reply.lines("access-control-allow-origin") != []
        assert allowed is is_meant(value.strip(" \t"), POLICY)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from(
                (
                    b"Origin: https://app.example",
                    b"Origin : https://app.example",
                    b" https://app.example",
                    b"origin:https://evil.example",
                    b"Access-Control-Request-Method: PUT",
                    b"Content-Length: -1",
                    b"Expect: 100-continue",
                    b":",
                    b"\x00: \x00",
                )
            ),
        ),
        max_size=8,
    ),
    first=st.sampled_from(
        (b"GET / HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET /", b"\xff", b"", b"A B")
    ),
    end=st.sampled_from((b"\r\n", b"\n")),
)
def test_whatever_the_head_of_a_request_the_handler_does_not_fail(
    lines: list[bytes], first: bytes, end: bytes
) -> None:
    raw = end.join([first, *lines, b"", b""])
    wire, error = serve(handler(cors=POLICY), raw)
    assert error is None
    sent = b"".join(wire.writes)
    if sent.startswith(b"HTTP/1.1 2"):
        status, headers, _ = read_reply(sent)
        allowed = dict(headers).get("Access-Control-Allow-Origin")
        assert status == 200
        assert allowed in {None, APP}
        head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
        assert allowed is None or len(re.findall(rb"(?i)[\r\n]origin:", head)) == 1
