"""One question of a page put to a server: each distinct request is sent once."""

from __future__ import annotations

from corsmith.browser import ENGINES, Failure, FetchRequest, Profile, Sent
from corsmith.exchange import Answer, Exchange, Leg, NoAnswer, Result

PAGE = "https://app.example"
URL = "https://api.example/items"
OPEN = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "*"))


class Server:
    """A server in memory that remembers what it was sent."""

    def __init__(self, *results: Result) -> None:
        self.results = list(results)
        self.sent: list[tuple[Sent, bytes | None]] = []

    def __call__(self, sent: Sent, body: bytes | None) -> Result:
        self.sent.append((sent, body))
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]


def always(_: str) -> bool:
    return True


def test_what_was_asked_once_is_not_sent_again() -> None:
    server = Server(Answer(status=200, headers=OPEN))
    exchange = Exchange(send=server, follow=always)
    request = FetchRequest(page=PAGE, url=URL, method="PUT")
    trials = [exchange.put(request, Profile(engine=engine)) for engine in ENGINES.values()]
    assert [trial.engine for trial in trials] == list(ENGINES)
    assert all(trial.readable for trial in trials)
    assert [sent.method for sent, _ in server.sent] == ["OPTIONS", "PUT"]


def test_the_order_and_case_of_headers_make_no_other_request() -> None:
    server = Server(Answer(status=200))
    exchange = Exchange(send=server, follow=always)
    for headers in ((("A", "1"), ("B", "2")), (("b", "2"), ("a", "1"))):
        exchange.ask(
            Sent(kind="actual", method="GET", url=URL, headers=headers, credentials=False, hop=0)
        )
    assert len(server.sent) == 1


def test_a_body_goes_with_the_request_and_not_with_its_preflight() -> None:
    from corsmith.browser import Body

    server = Server(Answer(status=200, headers=OPEN))
    request = FetchRequest(page=PAGE, url=URL, method="PUT", body=Body(kind="text"))
    Exchange(send=server, follow=always).put(request, Profile(), b"hello")
    assert [body for _, body in server.sent] == [None, b"hello"]


def test_a_failure_is_told_to_the_browser() -> None:
    silent = NoAnswer(failure=Failure.TIMEOUT, step="first byte", problem="no answer")
    trial = Exchange(send=Server(silent), follow=always).put(
        FetchRequest(page=PAGE, url=URL), Profile()
    )
    assert not trial.readable
    assert trial.last is not None
    assert trial.last.result is silent
    assert trial.last.answer is None


def test_a_redirect_to_what_may_not_be_asked_ends_without_a_verdict() -> None:
    server = Server(Answer(status=302, headers=(*OPEN, ("Location", "https://b.example/"))))
    trial = Exchange(send=server, follow=lambda url: url == URL).put(
        FetchRequest(page=PAGE, url=URL), Profile()
    )
    assert (trial.verdict, trial.unfollowed) == (None, "https://b.example/")
    assert [leg.sent.url for leg in trial.legs] == [URL]
    assert not trial.readable


def test_a_request_that_no_browser_begins_has_no_last_leg() -> None:
    trial = Exchange(send=Server(Answer(status=200)), follow=always).put(
        FetchRequest(page=PAGE, url=URL, method="TRACE"), Profile()
    )
    assert trial.last is None
    assert trial.verdict is not None


def test_an_opaque_answer_is_read_by_nobody() -> None:
    request = FetchRequest(page=PAGE, url=URL, mode="no-cors")
    trial = Exchange(send=Server(Answer(status=200)), follow=always).put(request, Profile())
    assert trial.verdict is not None
    assert trial.verdict.outcome == "ok"
    assert not trial.readable


def test_a_leg_knows_its_answer() -> None:
    sent = Sent(kind="actual", method="GET", url=URL, headers=(), credentials=False, hop=0)
    answer = Answer(status=200)
    assert Leg(sent=sent, result=answer).answer is answer
