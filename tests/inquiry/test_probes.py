"""What is wrong beyond the one exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from corsmith.browser import Failure, FetchRequest, Profile, Sent
from corsmith.exchange import Answer, Exchange, NoAnswer, Result
from corsmith.inquiry.probes import NO_SUCH_PATH, Findings, ask_for_corsmith, probe

PAGE = "https://app.example"
URL = "https://api.example/v1/items?page=2"
OPEN = (("Access-Control-Allow-Origin", "*"),)
Server: TypeAlias = Callable[[Sent], Result]


def found(server: Server, **request: Any) -> Findings:
    """Return what is found about a server."""
    asked = FetchRequest(**{"page": PAGE, "url": URL} | request)
    exchange = Exchange(
        send=lambda sent, _: server(sent), follow=lambda url: "elsewhere" not in url
    )
    return probe(asked, exchange.put(asked, Profile()), exchange)


def codes(server: Server, **request: Any) -> list[str]:
    return [finding.code for finding in found(server, **request).diagnostics]


def origin_of(sent: Sent) -> str | None:
    return dict(sent.headers).get("Origin")


def by_name(sent: Sent) -> tuple[tuple[str, str], ...]:
    """Allow whoever asks, by name."""
    origin = origin_of(sent)
    return () if origin is None else (("Access-Control-Allow-Origin", origin),)


def always(*headers: tuple[str, str], status: int = 200) -> Server:
    return lambda _: Answer(status=status, headers=headers)


# ── Vary ─────────────────────────────────────────────────────────────────────


def test_an_answer_that_depends_on_origin_says_so() -> None:
    def server(sent: Sent) -> Answer:
        return Answer(status=200, headers=(*by_name(sent), ("Vary", "Accept"), ("Age", "7")))

    (finding,) = found(server).diagnostics
    assert finding.code == "vary-missing"
    assert finding.message == (
        "the answer depends on Origin, and it has no "
        "Vary: Origin. A cache gives one page the answer of another. A cache is in between "
        "(Age: 7)."
    )


@pytest.mark.parametrize("vary", ["Origin", "accept, origin", "*"])
def test_an_answer_that_says_so_is_fine(vary: str) -> None:
    assert codes(lambda sent: Answer(status=200, headers=(*by_name(sent), ("Vary", vary)))) == []


def test_an_answer_that_says_so_only_to_pages_is_not() -> None:
    def server(sent: Sent) -> Answer:
        vary = () if origin_of(sent) is None else (("Vary", "Origin"),)
        return Answer(status=200, headers=(*by_name(sent), *vary))

    (finding,) = found(server).diagnostics
    assert "depends on Origin, and where none is sent it has no" in finding.message


def test_an_answer_that_says_so_only_without_a_page_is_not() -> None:
    def server(sent: Sent) -> Answer:
        vary = (("Vary", "Origin"),) if origin_of(sent) is None else ()
        return Answer(status=200, headers=(*by_name(sent), *vary))

    (finding,) = found(server).diagnostics
    assert "depends on Origin, and where one is sent it has no" in finding.message


@pytest.mark.parametrize("fixed", ["*", PAGE])
def test_an_answer_that_never_changes_needs_no_vary(fixed: str) -> None:
    assert codes(always(("Access-Control-Allow-Origin", fixed))) == []


def test_an_answer_that_nobody_stores_needs_no_vary() -> None:
    def server(sent: Sent) -> Answer:
        return Answer(status=200, headers=(*by_name(sent), ("Cache-Control", "no-store")))

    assert codes(server) == []


def test_an_answer_without_permission_depends_on_nothing() -> None:
    assert codes(always()) == []


def test_a_server_that_is_silent_without_origin_is_left_alone() -> None:
    def server(sent: Sent) -> Result:
        if origin_of(sent) is None:
            return NoAnswer(failure=Failure.CLOSED, step="first byte", problem="closed")
        return Answer(status=200, headers=by_name(sent))

    assert codes(server) == []


def test_only_get_and_head_are_asked_without_origin() -> None:
    allowed = always(*OPEN, ("Access-Control-Allow-Methods", "*"))
    without = [leg.sent for leg in found(allowed, method="DELETE").legs]
    assert [sent.method for sent in without] == ["GET"]
    assert without[0].url.endswith(NO_SUCH_PATH)


def test_what_may_not_be_asked_is_not_asked_again() -> None:
    # The redirect itself may be asked; where it leads may not.
    redirect = always(*OPEN, ("Location", "https://elsewhere.example/"), status=302)
    assert [leg.sent.url for leg in found(redirect).legs] == [URL]
    asked = FetchRequest(page=PAGE, url=URL)
    exchange = Exchange(send=lambda *_: Answer(status=200, headers=OPEN), follow=lambda _: True)
    trial = exchange.put(asked, Profile())
    exchange.follow = lambda _: False
    assert probe(asked, trial, exchange) == Findings()


# ── errors ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (404, (), ["errors-without-headers"]),
        (500, (), ["errors-without-headers"]),
        (404, OPEN, []),
        (200, (), []),
    ],
)
def test_an_error_carries_the_headers_of_the_others(
    status: int, headers: tuple[tuple[str, str], ...], expected: list[str]
) -> None:
    def server(sent: Sent) -> Answer:
        if NO_SUCH_PATH in sent.url:
            assert sent.url == f"https://api.example/v1/{NO_SUCH_PATH}"
            return Answer(status=status, headers=headers)
        return Answer(status=200, headers=OPEN)

    assert codes(server) == expected


# ── two layers, 204, hidden headers, cookies ─────────────────────────────────


def test_a_header_that_two_layers_add_is_named_once() -> None:
    server = always(
        *OPEN,
        ("Access-Control-Allow-Methods", "*"),
        ("access-control-max-age", "5"),
        ("Access-Control-Max-Age", "600"),
    )
    (finding,) = found(server, method="PUT").diagnostics
    assert (finding.code, finding.field, finding.value) == (
        *("two-layers", "Access-Control-Max-Age", "5, 600"),
    )


def test_a_request_without_an_answer_hides_nothing_about_the_preflight() -> None:
    def server(sent: Sent) -> Result:
        if sent.kind == "actual":
            return NoAnswer(failure=Failure.CLOSED, step="first byte", problem="closed")
        ages = (("Access-Control-Max-Age", "5"), ("Access-Control-Max-Age", "6"))
        return Answer(status=204, headers=(*OPEN, ("Access-Control-Allow-Methods", "*"), *ages))

    assert codes(server, method="PUT") == ["two-layers"]


def test_two_origins_that_stop_the_page_are_told_by_the_verdict_alone() -> None:
    assert codes(always(*OPEN, *OPEN)) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=204, headers=OPEN), []),
        (Answer(status=204, headers=(*OPEN, ("Content-Length", "0"))), []),
        (Answer(status=204, headers=(*OPEN, ("Content-Length", "2"))), ["body-after-204"]),
        (Answer(status=204, headers=OPEN, surplus=True), ["body-after-204"]),
        (
            Answer(status=204, headers=(*OPEN, ("Transfer-Encoding", "chunked"))),
            ["body-after-204"],
        ),
        (Answer(status=200, headers=(*OPEN, ("Content-Length", "2"))), []),
    ],
)
def test_a_204_has_no_body(answer: Answer, expected: list[str]) -> None:
    assert codes(lambda _: answer) == expected


def test_headers_that_no_script_can_read_are_named_but_for_those_of_the_wire() -> None:
    server = always(
        *OPEN,
        ("X-Total-Count", "3"),
        ("Link", "</2>"),
        ("Server", "x"),
        ("Date", "x"),
        ("Set-Cookie", "a=1"),
        ("Content-Type", "text/plain"),
    )
    (finding,) = found(server).diagnostics
    assert (finding.code, finding.value) == ("header-not-exposed", "Link, X-Total-Count")
    exposed = ("Access-Control-Expose-Headers", "*")
    assert codes(always(*OPEN, ("X-Total-Count", "3"), exposed)) == []


@pytest.mark.parametrize(
    ("cookie", "says"),
    [
        ("s=1", "SameSite is absent, which means Lax"),
        ("s=1; Path=/; samesite=lax", "SameSite is Lax"),
        ("s=1; SameSite=Strict; Secure", "SameSite is Strict"),
        ("s=1; SameSite=None", "SameSite=None needs Secure"),
        ("s=1; SameSite=None; Secure", None),
    ],
)
def test_a_cookie_that_does_not_come_back_is_told_apart_from_cors(
    cookie: str, says: str | None
) -> None:
    server = always(
        ("Access-Control-Allow-Origin", "https://b.test"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Set-Cookie", cookie),
    )
    credentials = {"page": "https://b.test", "credentials": "include"}
    messages = [finding.message for finding in found(server, **credentials).diagnostics]
    assert len(messages) == (says is not None)
    assert says is None or says in messages[0]


def test_a_cookie_of_the_same_site_or_without_credentials_is_fine() -> None:
    server = always(
        ("Access-Control-Allow-Origin", "https://www.api.test"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Set-Cookie", "s=1"),
    )
    same = {"page": "https://www.api.test", "url": "https://x.api.test/"}
    assert codes(server, **same, credentials="include") == []
    assert codes(server, page="https://www.api.test") == []


# ── corsmith serve ───────────────────────────────────────────────────────────


def test_corsmith_is_asked_for_its_root_under_a_name_that_nobody_has() -> None:
    asked: list[Sent] = []

    def server(sent: Sent, _: bytes | None) -> Answer:
        asked.append(sent)
        return Answer(status=421)

    exchange = Exchange(send=server, follow=lambda _: True)
    leg = ask_for_corsmith(FetchRequest(page=PAGE, url=URL, credentials="include"), exchange)
    assert leg.answer == Answer(status=421)
    (sent,) = asked
    assert (sent.method, sent.url) == ("GET", "https://api.example/")
    assert (sent.headers, sent.credentials) == ((("Host", "corsmith.invalid"),), False)
