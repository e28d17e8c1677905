"""Which kind of change an exchange needs, and the change in a sentence."""

from __future__ import annotations

import doctest
from dataclasses import replace
from typing import Any

import pytest

from corsmith.browser import Failure, FetchRequest, Profile, Sent, Verdict
from corsmith.browser.verdict import Outcome
from corsmith.exchange import Answer, Exchange, NoAnswer, Result
from corsmith.inquiry import change
from corsmith.inquiry.change import Case, Need, base_code, find_need
from corsmith.inquiry.layer import witness

PAGE = "https://app.example"
URL = "https://api.example/items"
ORIGIN = ("Access-Control-Allow-Origin", PAGE)


def case(preflight: Result, actual: Result | None = None, **request: Any) -> Case:
    """Return what comes of a request to a server that answers so."""

    def send(sent: Sent, _: bytes | None) -> Result:
        return preflight if sent.kind == "preflight" or actual is None else actual

    asked = FetchRequest(**{"page": PAGE, "url": URL} | request)
    trial = Exchange(send=send, follow=lambda _: True).put(asked, Profile())
    assert trial.verdict is not None
    return Case(
        request=asked,
        verdict=trial.verdict,
        leg=trial.last,
        who=None if trial.last is None else witness(trial.last),
        code=base_code(trial.verdict.code),
    )


def answer(status: int = 200, *headers: tuple[str, str], body: bytes = b"") -> Answer:
    return Answer(status=status, headers=headers, body=body)


def allows(value: str, *more: tuple[str, str], status: int = 200) -> Answer:
    return answer(status, ("Access-Control-Allow-Origin", value), *more)


LOCATION = "Location"
PUT = {"method": "PUT"}
COOKIES = {"credentials": "include"}


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(change) == (0, 1)


@pytest.mark.parametrize(
    ("server", "request_", "need", "says"),
    [
        # by what failed
        (answer(), {}, Need.ALLOW, f"Let the server allow {PAGE}: put the header lines below"),
        (answer(), PUT, Need.ALLOW, "on its answer to the preflight"),
        (allows(PAGE, status=404), PUT, Need.PREFLIGHT, "with 200 or 204 instead of 404"),
        (allows(PAGE, status=418), PUT, Need.PREFLIGHT, "with 200 or 204 instead of 418"),
        (allows(PAGE + "/"), {}, Need.ALLOW, "an origin has no slash at its end"),
        (allows(""), {}, Need.ALLOW, "the header is empty"),
        (allows(PAGE.upper()), {}, Need.ALLOW, "an origin is in lower case"),
        (allows(PAGE + ":8443"), {}, Need.ALLOW, "the port differs"),
        (allows("http://app.example"), {}, Need.ALLOW, "the scheme differs"),
        (allows("app.example"), {}, Need.ALLOW, "an origin has a scheme"),
        (allows("https://*.example"), {}, Need.ALLOW, "no wildcard inside an origin"),
        (allows("https://b.example"), {}, Need.ALLOW, "byte for byte"),
        (allows(f"{PAGE}, {PAGE}"), {}, Need.SINGLE, "Two layers set"),
        (allows(f"{PAGE}, https://b.example"), {}, Need.ALLOW, "exactly one origin"),
        (answer(200, ORIGIN, ORIGIN), {}, Need.SINGLE, "one line with one value"),
        (allows("*"), COOKIES, Need.ALLOW, f'Write "{PAGE}" in place of "*"'),
        (allows(PAGE), COOKIES, Need.ALLOW, "Add Access-Control-Allow-Credentials: true"),
        (
            allows(PAGE, ("Access-Control-Allow-Credentials", "1")),
            COOKIES,
            Need.ALLOW,
            'Write "true" in place of "1"',
        ),
        (allows(PAGE), PUT, Need.ALLOW, "Add PUT to Access-Control-Allow-Methods"),
        (
            allows(PAGE, ("Access-Control-Allow-Methods", "put")),
            PUT,
            Need.ALLOW,
            'Write "PUT" in place of "put" in Access-Control-Allow-Methods',
        ),
        (
            allows(PAGE, ("Access-Control-Allow-Methods", "PATCH")),
            {"method": "patch"},
            Need.ALLOW,
            'Let the page send "PATCH": browsers send "patch" as it is written',
        ),
        (allows(PAGE), {"headers": (("X-Key", "1"),)}, Need.ALLOW, "Add x-key to Access-Control"),
        (
            allows("*", ("Access-Control-Allow-Headers", "*")),
            {"headers": (("Authorization", "x"),)},
            Need.ALLOW,
            'Name Authorization beside "*"',
        ),
        (
            allows(PAGE, ("Access-Control-Allow-Methods", "GET; PUT")),
            PUT,
            Need.ALLOW,
            "names with commas between them",
        ),
        (answer(), {"url": "http://api.example/"}, Need.PAGE, "Serve it over https"),
        (
            allows("*", (LOCATION, "https://u:p@b.example/"), status=302),
            {},
            Need.ELSEWHERE,
            "without a user name and password",
        ),
        (
            allows("*", (LOCATION, "http://api.example/items/"), status=307),
            {},
            Need.SLASH,
            'ask for "https://api.example/items/", where no redirect is needed; and tell',
        ),
        (
            allows("*", (LOCATION, "http://b.example/"), status=307),
            {},
            Need.PAGE,
            "Serve it over https",
        ),
        # by who answered
        (answer(401), PUT, Need.PREFLIGHT, "through before authentication"),
        (answer(401), {}, Need.ERROR, "Put the CORS layer outside authentication"),
        (answer(302, (LOCATION, "/login")), PUT, Need.PREFLIGHT, "before authentication"),
        (answer(302, (LOCATION, "/login")), {}, Need.ERROR, "answer 401 with the header lines"),
        (answer(307, (LOCATION, "/items/")), {}, Need.SLASH, f'ask for "{URL}/"'),
        (
            answer(301, (LOCATION, "http://api.example/items")),
            {},
            Need.SCHEME,
            'ask for "http://api.example/items" at once',
        ),
        (
            answer(302, (LOCATION, "https://cdn.example/x")),
            {},
            Need.ERROR,
            'or let the page ask for "https://cdn.example/x" at once',
        ),
        (
            answer(302, (LOCATION, "https://cdn.example/x")),
            PUT,
            Need.ELSEWHERE,
            "a preflight follows no redirect",
        ),
        (answer(302, (LOCATION, "mailto:a@b")), {}, Need.ERROR, "the address that it redirects to"),
        (answer(405), PUT, Need.PREFLIGHT, "Answer OPTIONS /items with 204"),
        (answer(404), {}, Need.ERROR, "Check the path /items and the method first"),
        (answer(502), {}, Need.UPSTREAM, "502 is not about CORS"),
        (answer(429), {}, Need.ERROR, "Let the page ask less often: this is a rate limit"),
        (answer(429, ("Retry-After", "9")), {}, Need.ERROR, "and wait as Retry-After: 9 says"),
        (answer(403, body=b"captcha"), {}, Need.ERROR, "through the firewall or bot check"),
        (answer(403, body=b"captcha"), PUT, Need.PREFLIGHT, "through the firewall"),
        (
            answer(400, body=b"Invalid host header"),
            {},
            Need.HOST,
            'Add "api.example" to the host names',
        ),
        (answer(403, body=b"CSRF"), {}, Need.CSRF, f"Trust {PAGE} in the CSRF check"),
        (answer(500), {}, Need.ERROR, "GET /items fails with 500"),
        (answer(500), PUT, Need.PREFLIGHT, "before the code that fails with 500"),
        # what no table knows
        (answer(), {"method": "TRACE"}, Need.PAGE, "Change the request: TRACE is forbidden"),
    ],
)
def test_each_failure_needs_its_change(
    server: Answer, request_: dict[str, Any], need: Need, says: str
) -> None:
    found, sentence = find_need(case(server, **request_))
    assert found is need
    assert says in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("failure", "step", "hint", "says"),
    [
        (Failure.REFUSED, "connect", "start it", "It hangs up. Start it."),
        (Failure.TIMEOUT, "connect", None, "It hangs up."),
        (Failure.TLS, "tls", "renew it", "It hangs up. Renew it."),
    ],
)
def test_no_answer_is_told_with_what_to_try(
    failure: Failure, step: str, hint: str | None, says: str
) -> None:
    silent = NoAnswer(failure=failure, step=step, problem="it hangs up", hint=hint)
    assert find_need(case(silent, method="PUT")) == (Need.REACH, says)


def test_a_preflight_without_an_answer_is_told_which_it_needs() -> None:
    silent = NoAnswer(failure=Failure.CLOSED, step="first byte", problem="it hangs up", hint="wait")
    assert find_need(case(silent, method="PUT")) == (
        Need.PREFLIGHT,
        (
            "Make the server answer OPTIONS /items with 204 and the header lines below: it hangs "
            "up. Or wait."
        ),
    )


def test_a_host_at_the_beginning_of_a_sentence_stays_as_it_is_written() -> None:
    told = "api.example is not trusted: its certificate has expired"
    silent = NoAnswer(failure=Failure.TLS, step="tls", problem=told)
    assert find_need(case(silent)) == (Need.REACH, f"{told}.")
    elsewhere = replace(silent, problem="other.example is not trusted")
    assert find_need(case(elsewhere)) == (Need.REACH, "Other.example is not trusted.")


def test_no_answer_to_a_request_names_its_method() -> None:
    silent = NoAnswer(failure=Failure.CLOSED, step="first byte", problem="it hangs up")
    assert find_need(case(silent)) == (Need.REACH, "Make the server answer GET: it hangs up.")


def test_a_verdict_without_a_step_is_still_told() -> None:
    bare = replace(
        case(answer()), verdict=Verdict(outcome=Outcome.NETWORK_ERROR), leg=None, who=None
    )
    assert find_need(replace(bare, code="odd")) == (Need.PAGE, "Change the request: it fails.")
    assert find_need(replace(bare, code="header-not-allowed"))[1].startswith("Add the header to")
    assert bare.path == "/items"
    assert not bare.is_preflight
    assert not bare.credentials
    for code in ("allow-origin-mismatch", "allow-origin-list"):
        assert find_need(replace(bare, code=code))[0] is Need.ALLOW
