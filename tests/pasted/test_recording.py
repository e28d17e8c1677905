"""A recording is judged as its browser judged it, by what was recorded alone."""

# ruff: noqa: E501  a row of the table is a line

from __future__ import annotations

import json
from typing import Any

import pytest

from corsmith.errors import UsageError
from corsmith.pasted.recording import Recorded, read_recording

URL = "https://api.example/items"
PAGE = "https://app.example"
ALLOW = ("Access-Control-Allow-Origin", PAGE)


def pairs(headers: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def entry(
    status: int = 200,
    answer: tuple[tuple[str, str], ...] = (),
    *,
    method: str = "GET",
    url: str = URL,
    headers: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return an entry as Chromium writes it, with the headers that a script set."""
    response = {"status": status, "headers": pairs(answer), "_error": more.pop("error", None)}
    request: dict[str, Any] = {"method": method, "url": url}
    request["headers"] = pairs((("Origin", PAGE), ("Sec-Fetch-Mode", "cors"), *headers))
    if "body" in more:
        request["postData"] = {"mimeType": "text/plain", "text": more.pop("body")}
    return {"_resourceType": "fetch", "request": request, "response": response, **more}


def preflight(status: int = 204, answer: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    asks = (("Access-Control-Request-Method", "PUT"),)
    return entry(status, answer, method="OPTIONS", headers=asks, _resourceType="preflight")


def har(*entries: object, creator: str = "WebInspector", **more: object) -> str:
    return json.dumps({"log": {"creator": {"name": creator}, "entries": entries, **more}})


def only(*entries: object, creator: str = "WebInspector") -> Recorded:
    (found,) = read_recording(har(*entries, creator=creator)).failed
    return found


@pytest.mark.parametrize(
    ("entries", "code", "cause"),
    [
        ([entry()], "allow-origin-missing", "no-cors-headers"),
        ([entry(500)], "allow-origin-missing", "server-error"),
        ([entry(200, (("Access-Control-Allow-Origin", "https://b.example"),))], "allow-origin-mismatch", "single-origin"),
        ([entry(200, (ALLOW, ALLOW))], "allow-origin-twice", "two-layers"),
        ([entry(0, error="net::ERR_FAILED")], "reason-not-told", "error-page"),
        ([entry(0)], "reason-not-told", "error-page"),
        ([entry(0, error="net::ERR_BLOCKED_BY_CLIENT")], "blocked-by-client", "ad-blocker"),
        ([entry(0, error="net::ERR_CONNECTION_REFUSED")], "request-refused", "server-down"),
        ([entry(0, error="net::ERR_CERT_DATE_INVALID")], "request-tls", "certificate"),
        ([entry(200, (ALLOW,), error="net::ERR_CONTENT_LENGTH_MISMATCH")], "request-malformed", "broken-answer"),
        ([preflight(405), entry(0, method="PUT", error="net::ERR_FAILED")], "preflight-allow-origin-missing", "preflight-no-route"),
        ([preflight(405, (ALLOW,)), entry(0, method="PUT")], "preflight-status", "preflight-no-route"),
        ([preflight(204, (ALLOW,)), entry(0, method="PUT")], "method-not-allowed", "method-not-listed"),
        ([preflight(0), entry(0, method="PUT", error="net::ERR_FAILED")], "reason-not-told", "error-page"),
        ([entry(302, (("Location", "https://b.example/"),))], "allow-origin-missing", "redirect-hop"),
        ([entry(302, (ALLOW, ("Location", "https://b.example/")))], "reason-not-told", "error-page"),
    ],
)  # fmt: skip
def test_the_code_is_the_one_that_the_browser_came_to(
    entries: list[object], code: str, cause: str
) -> None:
    found = only(*entries)
    assert (found.sighting.code, found.sighting.causes[0].name) == (code, cause)


@pytest.mark.parametrize(
    "one",
    [
        entry(200, (ALLOW,)),
        entry(200, (("Access-Control-Allow-Origin", "*"),)),
        entry(404, (ALLOW,)),
        entry(200, (ALLOW,), method="PUT"),
        entry(url="https://app.example/own"),
        entry(url="data:text/plain,x"),
        entry(url="http:///"),
        entry(_resourceType="document"),
        entry(200, (ALLOW, ("Access-Control-Allow-Credentials", "true")), headers=(("Cookie", "a=b"),)),
        entry(200, (("access-control-allow-origin", f"{PAGE}"), ("X-A", "1\n2"))),
        {"request": {"method": 1, "url": URL}, "response": {}},
        {"request": None},
    ],
)  # fmt: skip
def test_what_did_not_fail_or_does_not_cross_origins_is_no_finding(one: object) -> None:
    """A preflight that was not recorded had been allowed: its request was sent."""
    assert read_recording(har(one)).failed == ()


def test_requests_are_counted() -> None:
    recording = read_recording(har(entry(), preflight(), entry(url="https://app.example/own"), 7))
    assert (recording.requests, recording.crossing, len(recording.failed)) == (3, 1, 1)


def test_a_redirect_is_followed_in_the_recording() -> None:
    first = entry(302, (ALLOW, ("Location", "https://api.example/next")))
    assert only(first, entry(404, url="https://api.example/next")).sighting.code == (
        "allow-origin-missing"
    )
    bare = entry(302, (ALLOW, ("Location", "/next")))
    assert only(bare, entry(404, url="https://api.example/next")).status == 302
    after = entry(200, (ALLOW,), url="https://api.example/next")
    assert read_recording(har(first, after)).failed == ()


@pytest.mark.parametrize(
    ("creator", "engine"),
    [("WebInspector", "chromium"), ("Firefox", "firefox"), ("WebKit Web Inspector", "webkit")],
)
def test_the_engine_is_the_one_that_recorded(creator: str, engine: str) -> None:
    assert only(entry(), creator=creator).sighting.engine == engine


def test_the_request_is_kept_as_it_was_asked() -> None:
    found = only(entry(403, method="POST", body="a", headers=(("X-Key", "s"), ("Cookie", "c=d"))))
    request = found.request
    assert (request.method, request.page, request.body) == ("POST", PAGE, "a")
    assert (request.headers, request.credentials) == ((("X-Key", "s"),), "include")
    assert found.status == 403


def test_the_page_may_be_known_by_the_recordings_own_list() -> None:
    """Safari's entries have no Origin where nothing was sent."""
    one = entry(0, error="net::ERR_FAILED", pageref="page_1")
    one["request"]["headers"] = []
    text = har(one, pages=[{"id": "page_1", "title": "https://app.example/start"}])
    assert read_recording(text).failed[0].request.page == PAGE
    assert read_recording(har(one)).failed == ()


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read_recording("\ufeff" + har()).requests == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"it is not JSON \(line 1\)"),
        ("{\n'a'}", r"it is not JSON \(line 2\)"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it has no log.entries"),
        ('{"log": {}}', "it has no log.entries"),
        ('{"log": 1}', "it has no log.entries"),
    ],
)
def test_what_is_no_recording_is_told_with_how_to_save_one(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_recording(text)
