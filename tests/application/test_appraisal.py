"""The eight questions, put to applications that are functions of a request."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import pytest

from corsmith.application.appraisal import Appraisal, Kind, Page, Path, Probe, appraise
from corsmith.browser import Failure, Sent
from corsmith.exchange import Answer, Exchange, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASE = "https://localhost"
ALLOW = (("Access-Control-Allow-Origin", "https://app.example"), ("Vary", "Origin"))
PATHS = (
    Path(path="/items/1", methods=frozenset({"GET"}), fixed=False),
    Path(path="/items/", methods=frozenset({"GET"})),
    Path(path="/upload", methods=frozenset({"POST"})),
)


class App:
    """A small application; ``bare`` names the statuses that it answers without headers."""

    def __init__(self, bare: frozenset[int] = frozenset(), preflight: int = 200) -> None:
        self.bare = bare
        self.preflight = preflight
        self.fault: str | None = None
        self.asked: list[str] = []

    def send(self, sent: Sent, _body: bytes | None) -> Answer | NoAnswer:
        path = sent.url.removeprefix(BASE).partition("?")[0]
        self.asked.append(f"{sent.method} {path}")
        if sent.method == "OPTIONS":
            return Answer(status=self.preflight, headers=ALLOW)
        status = self.status(sent.method, path)
        location = (("Location", f"{path}/"),) if status == 307 else ()
        return Answer(status=status, headers=location + (() if status in self.bare else ALLOW))

    def status(self, method: str, path: str) -> int:
        if path == "/raises":
            return {"error": 418, "crash": 500}.get(self.fault or "", 200)
        if path == "/items":
            return 307
        if path not in {"/items/", "/items/1"}:
            return 404
        return 200 if method == "GET" else 405

    @contextmanager
    def faulty(self, fault: Literal["error", "crash"], _route: str) -> Iterator[str | None]:
        self.fault = fault
        yield "/raises"
        self.fault = None


def appraised(app: App, page: Page | None = None, **changed: object) -> Appraisal:
    """Return the appraisal of an application for a page of https://app.example."""
    exchange = Exchange(send=app.send, follow=lambda _url: True)
    settings: dict[str, object] = {"paths": PATHS, "faulty": app.faulty, **changed}
    page = page or Page(origin="https://app.example")
    return appraise(page, BASE, exchange=exchange, **settings)  # type: ignore[arg-type]  # by name


def test_an_application_that_is_right_passes_all_eight() -> None:
    appraisal = appraised(App())
    assert [probe.kind for probe in appraisal.asked] == list(Kind)
    assert appraisal.blocked == ()
    assert [probe.status for probe in appraisal.probes] == [200, 200, 200, 404, 405, 418, 500, 307]
    assert appraisal.has_cors
    assert appraisal.also == ()


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (404, [Kind.NOT_FOUND]),
        (405, [Kind.NOT_ALLOWED]),
        (418, [Kind.ERROR]),
        (500, [Kind.CRASH]),
        (307, [Kind.SLASH]),
        (200, [Kind.GET, Kind.SLASH]),
    ],
)
def test_an_answer_without_headers_is_kept_from_the_page(status: int, kinds: list[Kind]) -> None:
    appraisal = appraised(App(bare=frozenset({status})))
    assert [probe.kind for probe in appraisal.blocked] == kinds
    assert appraisal.of(kinds[0]).status == status


def test_a_preflight_counts_by_itself_whatever_becomes_of_the_request() -> None:
    appraisal = appraised(App(bare=frozenset({404}), preflight=404))
    blocked = [probe.kind for probe in appraisal.blocked]
    assert blocked == [Kind.PREFLIGHT, Kind.PREFLIGHT_UNKNOWN, Kind.NOT_FOUND]
    assert appraised(App(bare=frozenset({404}))).of(Kind.PREFLIGHT_UNKNOWN).passed


def test_the_preflight_asks_for_what_the_page_does() -> None:
    page = Page(origin="https://app.example", method="PUT", headers=(("X-Key", "1"),), cookies=True)
    appraisal = appraised(App(), page)
    preflight = appraisal.of(Kind.PREFLIGHT)
    assert preflight.trial is not None
    assert preflight.trial.verdict is not None
    assert dict(preflight.trial.legs[0].sent.headers)["Access-Control-Request-Method"] == "PUT"
    assert preflight.trial.verdict.code == "preflight-allow-credentials-missing"


def test_a_route_without_parameters_is_asked_first_and_only_with_get() -> None:
    app = App()
    appraised(app)
    assert app.asked[0] == "GET /items/"
    assert "POST /upload" not in app.asked


def test_where_every_route_fails_the_first_is_asked() -> None:
    paths = (Path(path="/gone", methods=frozenset({"GET"})),)
    appraisal = appraised(App(), paths=paths)
    assert appraisal.of(Kind.GET).status == 404
    assert appraisal.of(Kind.NOT_ALLOWED).absent == "no route answers POST with 405"


def test_what_cannot_be_asked_says_why() -> None:
    appraisal = appraised(App(), paths=(), faulty=None)
    absent = {probe.kind: probe.absent for probe in appraisal.probes if probe.absent}
    assert absent == {
        Kind.NOT_ALLOWED: "its routes are not known here",
        Kind.ERROR: "no handler can be made to raise here",
        Kind.CRASH: "no handler can be made to raise here",
        Kind.SLASH: "no path is redirected for its slash",
    }


def test_a_slash_is_added_where_the_route_has_none() -> None:
    app = App()
    appraised(app, paths=(Path(path="/x", methods=frozenset({"GET"})),))
    assert "GET /x/" in app.asked


def test_a_handler_that_does_not_run_is_told() -> None:
    @contextmanager
    def without(_fault: str, _route: str) -> Iterator[str | None]:
        yield None

    @contextmanager
    def elsewhere(_fault: str, _route: str) -> Iterator[str | None]:
        yield "/items/"

    none = appraised(App(), faulty=without)
    assert none.of(Kind.CRASH).absent == "there is no route that could raise"
    other = appraised(App(), faulty=elsewhere)
    assert other.of(Kind.ERROR).absent == "the handler did not run: the answer is 200"
    assert other.of(Kind.CRASH).absent == "the handler did not run: the answer is 200"


def everything(status: int, *headers: tuple[str, str]) -> Callable[..., Answer]:
    """Return an application that gives one answer to everything."""
    return lambda _sent, _body: Answer(status=status, headers=headers)


def test_an_application_that_answers_all_paths_has_no_404() -> None:
    exchange = Exchange(send=everything(200), follow=lambda _url: True)
    appraisal = appraise(Page(origin="https://app.example"), BASE, (), exchange, None)
    assert appraisal.of(Kind.NOT_FOUND).absent == "an unknown path is answered 200"
    assert not appraisal.has_cors


def test_an_answer_that_varies_with_origin_comes_from_a_cors_layer() -> None:
    exchange = Exchange(send=everything(200, ("vary", "origin")), follow=lambda _url: True)
    appraisal = appraise(Page(origin="https://app.example"), BASE, (), exchange, None)
    assert appraisal.has_cors


def test_a_missing_vary_is_found_beside_the_eight() -> None:
    def send(sent: Sent, _body: bytes | None) -> Answer:
        origin = dict(sent.headers).get("Origin")
        return Answer(status=200, headers=() if origin is None else ALLOW[:1])

    exchange = Exchange(send=send, follow=lambda _url: True)
    appraisal = appraise(Page(origin="https://app.example"), BASE, (), exchange, None)
    assert [one.code for one in appraisal.also] == ["vary-missing"]


def test_an_application_that_gives_no_answer_lets_nothing_through() -> None:
    none = NoAnswer(failure=Failure.TIMEOUT, step="answer", problem="late")
    exchange = Exchange(send=lambda _sent, _body: none, follow=lambda _url: True)
    appraisal = appraise(Page(origin="https://app.example"), BASE, (), exchange, None)
    assert appraisal.of(Kind.GET).blocked
    assert appraisal.of(Kind.GET).status is None
    assert not appraisal.has_cors


def test_a_probe_that_was_not_put_has_nothing_to_tell() -> None:
    probe = Probe(kind=Kind.CRASH, absent="no")
    assert (probe.passed, probe.blocked, probe.status) == (False, False, None)


def test_where_no_address_may_be_asked_nothing_is_concluded() -> None:
    exchange = Exchange(send=everything(200), follow=lambda _url: False)
    appraisal = appraise(Page(origin="https://app.example"), BASE, PATHS, exchange, None)
    assert appraisal.of(Kind.GET).status is None
    assert not appraisal.of(Kind.GET).passed


def test_a_redirect_to_an_address_that_may_not_be_asked_has_passed_its_own_check() -> None:
    away = ("Location", "https://elsewhere.example/")
    exchange = Exchange(send=everything(302, away, *ALLOW), follow=lambda url: url.startswith(BASE))
    appraisal = appraise(Page(origin="https://app.example"), BASE, PATHS, exchange, None)
    assert appraisal.of(Kind.GET).trial is not None
    assert appraisal.of(Kind.GET).passed


def test_where_no_policy_covers_other_paths_none_is_asked() -> None:
    app = App()
    appraisal = appraised(app, Page(origin="https://app.example", unknown=None))
    for kind in (Kind.PREFLIGHT_UNKNOWN, Kind.NOT_FOUND):
        assert appraisal.of(kind).absent == "no policy covers a path without a route"
    assert appraisal.blocked == ()
    assert not any("no-such-path" in asked for asked in app.asked)


@pytest.mark.parametrize(("value", "told"), [("true", True), ("True", False)])
def test_an_answer_says_whether_cookies_may_go_along(value: str, told: bool) -> None:
    allow = ("Access-Control-Allow-Credentials", value)
    exchange = Exchange(send=everything(200, allow, *ALLOW), follow=lambda _url: True)
    appraisal = appraise(Page(origin="https://app.example"), BASE, PATHS, exchange, None)
    assert appraisal.credentials is told
    assert appraisal.route == "/items/"
