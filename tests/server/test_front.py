from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.body import Body
from corsmith.server.echo import echo
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from corsmith.server.limits import DRAIN_BYTES, USUAL_BODY
from corsmith.server.log import Log, Verdict
from corsmith.server.serving import CUT
from corsmith.server.source import PolicySource
from tests.server.in_memory import Answer, ask, parts, post, run, scope

SEED = PolicySource().load()
STRICT = Policy(origins=["https://app.example"])
APP = (b"origin", b"https://app.example")
PREFLIGHT = [APP, (b"access-control-request-method", b"POST")]
FOREIGN: dict[str, Any] = {"host": b"evil.example:8000"}


class Lines(Log):
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[int, bool | None, str | None]] = []
        self.bodies: list[Body] = []

    def body(self, scope: Any, body: Body) -> None:
        self.bodies.append(body)

    def request(self, scope: Any, status: int, verdict: Verdict, problem: str | None) -> None:
        word = verdict.words.removeprefix("refused ") if "path" in verdict.words else problem
        allowed = None if verdict.decision is None else verdict.decision.allowed
        self.said.append((status, allowed, word))


def front(policy: Policy | Routes = SEED, **settings: Any) -> Front:
    return Front(echo, policy, hosts=Hosts(8000), **settings)


@pytest.mark.parametrize("log", [None, "a log"])
def test_the_preflight_is_the_tutorials(log: str | None) -> None:
    answer = ask(front(log=log and Lines()), "OPTIONS", "/items/3", *PREFLIGHT)
    assert answer.status == 200
    assert answer.headers == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET,POST,OPTIONS",
        "access-control-allow-headers": "x-api-key,Content-Type",
        "content-length": "0",
    }


@pytest.mark.parametrize("log", [None, "a log"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("POST", "/", 200),
        ("PUT", "/", 405),
        ("OPTIONS", "/", 200),
        ("GET", "/status/404", 404),
        ("GET", "/status/500", 500),
    ],
)
def test_every_answer_carries_the_allow_origin_header(
    log: str | None, method: str, path: str, status: int
) -> None:
    answer = ask(front(log=log and Lines()), method, path)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "*"


REFUSED = [
    (scope("GET", "/", APP, **FOREIGN), 421),
    (scope("OPTIONS", "/", *PREFLIGHT, **FOREIGN), 421),
    (scope("HEAD", "/", APP, **FOREIGN), 421),
    (scope("GET", "/", APP, (b"host", b"127.0.0.1:8000")), 400),
    (scope("GET", "/", APP, host=b""), 400),
    (scope("GET", "/", APP, (b"x", b"a" * 20_000)), 431),
    (scope("GET", "/" + "a" * 9_000, APP), 414),
]


@pytest.mark.parametrize(("request_", "status"), REFUSED)
@pytest.mark.parametrize("policy", [SEED, STRICT])
def test_what_the_server_refuses_can_be_read_by_an_allowed_page(
    request_: dict[str, Any], status: int, policy: Policy
) -> None:
    answer = run(front(policy), dict(request_))
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    expected = "*" if policy is SEED else "https://app.example"
    assert answer.headers["access-control-allow-origin"] == expected
    assert answer.headers.get("vary") == (None if policy is SEED else "Origin")
    body = b"" if request_["method"] == "HEAD" else answer.body
    assert (not body) or json.loads(body)["detail"]


def test_a_preflight_to_a_foreign_host_is_no_answered_preflight() -> None:
    answer = ask(front(), "OPTIONS", "/", *PREFLIGHT, **FOREIGN)
    assert answer.status == 421
    assert "access-control-allow-methods" not in answer.headers


def test_the_sentence_names_the_flag() -> None:
    answer = ask(front(), "GET", "/", host=b"dev.example:8000")
    assert json.loads(answer.body) == {
        "status": "Misdirected Request",
        "detail": 'This server does not answer to "dev.example:8000", only to names of this '
        "machine. If it should, start it with --allow-host dev.example.",
    }


def test_the_body_of_a_refused_request_is_read_away() -> None:
    request = scope("POST", "/", (b"content-length", b"4"), **FOREIGN)
    answer = run(front(), request, parts(b"ab", b"cd"))
    assert answer.status == 421
    assert answer.received == 2


def test_a_body_over_the_limit_is_refused_with_cors_headers() -> None:
    app = front(STRICT, limit_body=3)
    request = scope("POST", "/", APP, (b"content-length", b"4"))
    answer = run(app, request, parts(b"abcd"))
    assert answer.status == 413
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


# ── bodies ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("log", [None, "a log"])
@pytest.mark.parametrize("body", [b"", b"not JSON", b"\xff\x00", b"[" * 100_000, b'{"a": 1}'])
def test_a_body_is_never_parsed(body: bytes, log: str | None) -> None:
    answer = post(front(log=log and Lines()), body)
    assert (answer.status, answer.body) == (200, b'{"status": "OK"}')


def test_the_log_is_told_of_each_body_that_was_read() -> None:
    log = Lines()
    app = front(log=log, limit_body=5)
    post(app, b"ab", b"cd")
    post(app)
    post(app, b"abcdef")
    ask(app, "GET", "/")
    assert log.bodies == [Body(b"abcd", 4), Body(b"", 0)]


def test_the_usual_limit_is_a_mebibyte() -> None:
    assert post(front(), b"a" * USUAL_BODY).status == 200
    assert post(front(), b"", length=USUAL_BODY + 1).status == 413


def test_a_body_over_the_limit_is_answered_first_and_then_read_away() -> None:
    answer = post(front(limit_body=3), b"ab", b"cd", b"ef")
    assert answer.status == 413
    assert answer.headers["connection"] == "close"
    assert json.loads(answer.body) == {
        "status": "Content Too Large",
        "detail": "The body has more than 3 bytes, the limit set by --limit-body.",
    }
    assert answer.received == 3


def test_so_is_one_whose_length_is_announced_too_large() -> None:
    announced = (b"content-length", b"%d" % (4 * DRAIN_BYTES))
    answer = run(front(), scope("POST", "/", announced), parts(*[b"a" * 1_048_576] * 32))
    assert answer.status == 413
    assert answer.received == DRAIN_BYTES // 1_048_576 + 1


@pytest.mark.parametrize("method", ["PUT", "GET", "OPTIONS"])
@pytest.mark.parametrize("log", [None, "a log"])
def test_a_body_that_nobody_wanted_is_read_away_and_the_connection_kept(
    method: str, log: str | None
) -> None:
    """Else the connection is reset, and a page sees a network error instead of a 405."""
    request = scope(method, "/", (b"content-length", b"4"))
    answer = run(front(log=log and Lines()), request, parts(b"ab", b"cd"))
    assert answer.status == (405 if method == "PUT" else 200)
    assert "connection" not in answer.headers
    assert answer.received == 2


@pytest.mark.parametrize("method", ["PUT", "POST", "GET"])
def test_nothing_is_waited_for_where_no_body_was_announced(method: str) -> None:
    assert ask(front(), method, "/").received == 0


def test_a_body_that_breaks_off_is_a_400() -> None:
    log = Lines()
    request = scope("POST", "/", (b"transfer-encoding", b"chunked"))
    assert run(front(log=log), request, parts(b"ab", broken=True)).status == 400
    assert log.bodies == []
    assert log.said == [(400, None, "body-incomplete")]


# ── the policy, the log and the try page ───────────────────────────────────────


def test_the_next_request_meets_a_new_policy() -> None:
    app = front(SEED)
    assert ask(app, "GET", "/", APP).headers["access-control-allow-origin"] == "*"
    app.policy = STRICT
    assert app.policy is STRICT
    assert ask(app, "GET", "/", APP).headers["vary"] == "Origin"
    assert ask(app, "GET", "/", APP, **FOREIGN).headers["vary"] == "Origin"


def test_an_origin_that_a_key_allows_is_allowed_besides_whichever_policy_is_in_force() -> None:
    app = front(STRICT)
    other = (b"origin", b"https://key.example")
    assert "access-control-allow-origin" not in ask(app, "GET", "/", other).headers
    app.admit(("https://key.example",))
    for policy in (STRICT, replace_origins(STRICT, "https://edited.example")):
        app.policy = policy
        assert ask(app, "GET", "/", other).headers["access-control-allow-origin"] == (
            "https://key.example"
        )
    assert "access-control-allow-origin" not in ask(app, "GET", "/", APP).headers


def replace_origins(policy: Policy, *origins: str) -> Policy:
    return Policy.from_mapping({**policy.to_mapping(), "origins": list(origins)})


def test_each_answer_has_its_line() -> None:
    log = Lines()
    app = front(STRICT, log=log)
    ask(app, "GET", "/")
    ask(app, "GET", "/", APP)
    ask(app, "GET", "/status/404", (b"origin", b"https://b.example"))
    ask(app, "OPTIONS", "/", *PREFLIGHT)
    ask(app, "OPTIONS", "/", *PREFLIGHT, **FOREIGN)
    run(app, scope("POST", "/", (b"transfer-encoding", b"gzip")))
    assert log.said == [
        (200, None, None),
        (200, True, None),
        (404, False, None),
        (200, True, None),
        (421, None, "host-not-allowed"),
        (501, None, "unknown-coding"),
    ]


def test_a_line_is_written_when_the_answer_is_sent_and_not_when_the_body_is_gone() -> None:
    log = Lines()
    seen: list[int] = []
    app = front(log=log)
    request = scope("PUT", "/", (b"content-length", b"2"))

    async def receive() -> Any:
        seen.append(len(log.said))
        return {"type": "http.request", "body": b"ab", "more_body": False}

    answer = Answer()

    async def send(message: Any) -> None:
        answer.messages.append(message)

    async def serve() -> None:
        await app(request, receive, send)

    asyncio.run(serve())
    assert answer.status == 405
    assert seen == [1]


def test_a_part_of_an_answer_is_not_yet_a_line() -> None:
    async def streaming(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert log.said == []
        await send({"type": "http.response.body", "body": b"b"})

    log = Lines()
    assert ask(Front(streaming, SEED, log=log), "GET", "/").body == b"ab"
    assert log.said == [(200, None, None)]


@pytest.mark.parametrize(
    ("told", "fails", "word"),
    [
        (None, False, "client-left"),
        (None, True, "unfinished"),
        ("file-changed", False, "file-changed"),
    ],
)
def test_an_answer_that_is_cut_has_one_line_that_says_why(
    told: str | None, fails: bool, word: str
) -> None:
    async def half(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 206, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert log.said == []
        if told is not None:
            scope[CUT] = told
        if fails:
            raise OSError(5, "Input/output error")

    log = Lines()
    app = Front(half, SEED, log=log)
    with pytest.raises(OSError, match="Input/output") if fails else contextlib.nullcontext():
        ask(app, "GET", "/")
    assert log.said == [(206, None, word)]


def test_what_is_sent_after_the_end_of_an_answer_is_no_second_line() -> None:
    async def verbose(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": []})
        await echo(scope, receive, send)
        await send({"type": "http.response.body", "body": b""})

    log = Lines()
    run(Front(verbose, SEED, log=log), scope())
    assert log.said == [(200, None, None)]


def test_a_path_without_a_policy_is_left_alone() -> None:
    app = front(Routes({"/api": STRICT}))
    assert "vary" not in ask(app, "GET", "/", APP).headers
    assert ask(app, "GET", "/api", APP).headers["vary"] == "Origin"


def test_a_path_that_two_policies_could_claim_is_told_in_its_line() -> None:
    log = Lines()
    app = front(Routes({"/api/": STRICT, "/api/open/": None}), log=log)
    for path in ("/other", "/api/open/..", "/api/x"):
        ask(app, "GET", path, APP)
    assert log.said == [(200, None, None), (200, None, "path-ambiguous"), (200, True, None)]


def test_a_websocket_is_closed_before_it_opens() -> None:
    request = {**scope(), "type": "websocket"}
    answer = run(front(), request, [{"type": "websocket.connect"}])
    assert answer.messages == [{"type": "websocket.close", "code": 1008}]


def test_nothing_else_is_spoken() -> None:
    with pytest.raises(NotImplementedError, match="no lifespan here"):
        run(front(), {"type": "lifespan"})
