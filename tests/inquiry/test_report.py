"""An inquiry: a page's question put to a server, and all that is found out about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from corsmith.browser import Body, Failure, FetchRequest, Sent
from corsmith.exchange import Answer, NoAnswer, Result
from corsmith.inquiry.report import Conclusion, Inquiry, Report, inquire
from corsmith.server.limits import _foreign

PAGE = "https://app.example"
URL = "https://api.example/items"
OPEN = (("Access-Control-Allow-Origin", "*"),)
Server: TypeAlias = Callable[[Sent], Result]
Headers: TypeAlias = tuple[tuple[str, str], ...]


def asked(server: Server, inquiry: dict[str, Any] | None = None, **request: Any) -> Report:
    """Return the report about a server."""
    question = FetchRequest(**{"page": PAGE, "url": URL} | request)
    return inquire(
        Inquiry(**{"request": question} | (inquiry or {})),
        lambda sent, _: server(sent),
        lambda url: "elsewhere" not in url,
    )


def always(*headers: tuple[str, str], status: int = 200, **more: Any) -> Server:
    return lambda _: Answer(status=status, headers=headers, **more)


def test_a_page_that_may_is_told_so_with_what_was_sent() -> None:
    report = asked(always(*OPEN))
    assert (report.conclusion, report.code) == (Conclusion.YES, None)
    assert [trial.engine for trial in report.trials] == [
        *("standard", "chromium", "firefox", "webkit")
    ]
    assert (report.main.engine, report.blocked_in) == ("chromium", ())
    assert (report.witness, report.remedy, report.client) == (None, None, ())
    assert report.sent == 3  # as asked, without Origin, and the path that does not exist


def test_a_page_that_may_not_is_told_who_answered_and_what_to_change() -> None:
    report = asked(always(("Server", "uvicorn"), status=401), {"stack": "django"}, method="PUT")
    assert report.conclusion is Conclusion.NO
    assert report.sent == 1
    assert report.code == "preflight-allow-origin-missing"
    assert report.witness is not None
    assert report.witness.kind == "authentication"
    assert [layer.title for layer in report.layers] == ["uvicorn"]
    assert report.remedy is not None
    assert report.remedy.stack == "django"


def test_without_probes_nothing_more_is_sent() -> None:
    report = asked(always(*OPEN), {"probes": False})
    assert (report.sent, report.findings) == (1, ())


def test_findings_come_along() -> None:
    report = asked(always(*OPEN, ("X-Total-Count", "1")))
    assert [finding.code for finding in report.findings] == ["header-not-exposed"]


@pytest.mark.parametrize(
    ("failure", "conclusion"),
    [
        (Failure.DNS, Conclusion.UNKNOWN),
        (Failure.REFUSED, Conclusion.UNKNOWN),
        (Failure.TIMEOUT, Conclusion.UNKNOWN),
        (Failure.TLS, Conclusion.NO),
        (Failure.CLOSED, Conclusion.NO),
        (Failure.MALFORMED, Conclusion.NO),
    ],
)
def test_what_the_network_hides_is_not_known_and_what_the_server_spoils_is(
    failure: Failure, conclusion: Conclusion
) -> None:
    report = asked(lambda _: NoAnswer(failure=failure, step="connect", problem="it fails"))
    assert report.conclusion is conclusion
    assert report.code == f"request-{failure}"
    assert report.sent == 1


def test_a_redirect_that_is_not_followed_leaves_the_question_open() -> None:
    report = asked(always(*OPEN, ("Location", "https://elsewhere.example/"), status=302))
    assert (report.conclusion, report.code) == (Conclusion.UNKNOWN, "redirect-not-followed")
    assert report.main.unfollowed == "https://elsewhere.example/"


def test_the_engine_that_blocks_alone_is_the_one_that_is_told() -> None:
    def server(sent: Sent) -> Answer:
        twice = ("Access-Control-Request-Headers", "x-a,x-a") in sent.headers
        names = ("Access-Control-Allow-Headers", "x-b" if twice else "x-a")
        return Answer(status=200, headers=(*OPEN, names))

    report = asked(server, headers=(("X-A", "1"), ("X-A", "2")))
    assert (report.main.engine, report.blocked_in) == ("firefox", ("firefox",))
    assert report.conclusion is Conclusion.NO


def test_what_the_standard_alone_refuses_is_a_note_with_its_code() -> None:
    report = asked(
        always(*OPEN, ("Access-Control-Allow-Headers", "*")), headers=(("Authorization", "x"),)
    )
    assert report.conclusion is Conclusion.YES
    (note,) = report.notes
    assert note.startswith("authorization-not-covered: The standard says no, and today's engines")
    assert "Name Authorization beside" in note


@pytest.mark.parametrize(
    ("page", "url", "peer", "asks"),
    [
        (PAGE, "http://localhost:8000/", "", True),
        (PAGE, "https://192.168.1.5/", "", True),
        (PAGE, "https://api.example/", "10.0.0.1", True),
        (PAGE, "https://api.example/", "fd00::1", True),
        (PAGE, "https://api.example/", "93.184.216.34", False),
        ("http://localhost:3000", "http://localhost:8000/", "127.0.0.1", False),
        ("http://[::1]", "http://localhost:8000/", "", False),
        ("https://app.example:8443", "http://localhost:8000/", "", True),
        ("null", "http://localhost:8000/", "", False),
    ],
)
def test_permission_for_the_local_network_is_noted_where_chromium_asks(
    page: str, url: str, peer: str, asks: bool
) -> None:
    report = asked(always(*OPEN, peer=peer), page=page, url=url)
    assert any("Local Network Access" in note for note in report.notes) is asks


def test_permission_is_not_noted_for_a_page_that_nobody_named() -> None:
    report = asked(always(*OPEN), {"assumed": True}, url="http://localhost:8000/")
    assert report.notes == ()


def test_a_page_of_the_address_itself_is_noted() -> None:
    report = asked(always(), page="https://api.example")
    assert report.conclusion is Conclusion.YES
    assert report.notes == ("The page and the address are of one origin: CORS has no part in it.",)


def test_a_page_that_asks_without_cors_is_told_that_it_reads_nothing() -> None:
    report = asked(always(), mode="no-cors")
    assert (report.conclusion, report.code) == (Conclusion.NO, None)
    assert "no script ever reads the answer" in report.notes[0]


def test_the_request_of_a_client_that_is_blocked_gets_its_change() -> None:
    report = asked(always(*OPEN), {"client": "mcp"})
    assert report.witness is not None
    assert report.remedy is not None
    assert report.remedy.says == (
        "Add content-type to Access-Control-Allow-Headers in the preflight's answer."
    )


def test_what_a_client_tells_is_not_told_twice() -> None:
    def server(sent: Sent) -> Answer:
        listed = ("Access-Control-Allow-Headers", "content-type")
        return Answer(status=200, headers=(*OPEN, listed, ("Mcp-Session-Id", "1"), *more))

    more: tuple[tuple[str, str], ...] = ()
    report = asked(server, {"client": "mcp"})
    assert (report.code, report.findings) == ("header-not-exposed", ())
    more = (("X-Total-Count", "3"),)
    (finding,) = asked(server, {"client": "mcp"}).findings
    assert finding.value == "Mcp-Session-Id, X-Total-Count"


def test_a_client_is_played_where_the_page_may() -> None:
    report = asked(always(*OPEN), {"client": "cog"})
    assert (report.conclusion, report.code) == (Conclusion.NO, "range-not-answered")
    assert asked(always(), {"client": "cog"}).client == ()
    works = asked(always(*OPEN), {"client": "mcp"})
    assert works.code == "header-not-allowed"
    listed = (("Access-Control-Allow-Headers", "*"),)
    assert asked(always(*OPEN, *listed), {"client": "mcp"}).conclusion is Conclusion.YES


def test_the_body_is_sent() -> None:
    bodies: list[bytes | None] = []

    def send(_: Sent, body: bytes | None) -> Result:
        bodies.append(body)
        return Answer(status=200, headers=OPEN)

    request = FetchRequest(page=PAGE, url=URL, method="POST", body=Body(kind="text"))
    inquire(Inquiry(request=request, body=b"hi", probes=False), send, lambda _: True)
    assert bodies == [b"hi"]


# ── corsmith serve ───────────────────────────────────────────────────────────

FOREIGN = _foreign(b"corsmith.invalid").sentence
HOST = (("Host", "corsmith.invalid"),)


def on_granian(says: str = FOREIGN, headers: Headers = ()) -> tuple[list[Sent], Server]:
    """Return what is asked of a server that refuses a Host that is not its own."""
    sent_to: list[Sent] = []

    def server(sent: Sent) -> Result:
        sent_to.append(sent)
        granian = ("Server", "granian")
        if sent.headers == HOST:
            body = json.dumps({"status": "Misdirected Request", "detail": says}).encode()
            return Answer(status=421, headers=(granian,), body=body)
        return Answer(status=200, headers=(*headers, granian))

    return sent_to, server


def test_corsmith_is_known_by_its_check_of_the_host_where_a_page_may_not() -> None:
    sent_to, server = on_granian()
    report = asked(server, method="PUT")
    assert [layer.title for layer in report.layers] == ["corsmith", "granian"]
    assert [sent.headers for sent in sent_to].count(HOST) == 1
    assert report.remedy is not None
    assert report.remedy.stack == "corsmith"
    assert "--origin https://app.example --method PUT;" in (report.remedy.note or "")


@pytest.mark.parametrize(
    ("says", "headers", "inquiry", "asks"),
    [
        ("Invalid host header", (), {}, 1),
        (FOREIGN, OPEN, {}, 0),
        (FOREIGN, (), {"probes": False}, 0),
        (FOREIGN, (("Proxy-Status", "corsmith; error=connection_refused"),), {}, 0),
    ],
    ids=["another server", "a page that may", "without probes", "known already"],
)
def test_corsmith_is_asked_for_only_where_that_helps(
    says: str, headers: Headers, inquiry: dict[str, Any], asks: int
) -> None:
    sent_to, server = on_granian(says, headers)
    report = asked(server, inquiry)
    assert [sent.headers for sent in sent_to].count(HOST) == asks
    titles = [layer.title for layer in report.layers]
    assert ("corsmith" in titles) is (headers not in {(), OPEN})


def test_a_server_that_does_not_answer_that_is_told_as_granian() -> None:
    _, server = on_granian()

    def hangs(sent: Sent) -> Result:
        if sent.headers == HOST:
            return NoAnswer(failure=Failure.TIMEOUT, step="first byte", problem="no answer")
        return server(sent)

    assert [layer.title for layer in asked(hangs).layers] == ["granian"]
