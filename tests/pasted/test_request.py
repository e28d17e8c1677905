"""What a page's script set is told from what its browser added."""

from __future__ import annotations

import pytest

from corsmith.errors import UsageError
from corsmith.pasted.request import PastedRequest, from_wire, origin_of

URL = "https://api.example/items"


def test_only_what_a_script_sets_is_kept() -> None:
    request = from_wire(
        URL,
        "put",
        [
            ("accept", "*/*"),
            ("accept-encoding", "gzip"),
            ("accept-language", "de"),
            ("content-type", "application/json"),
            ("origin", "https://app.example"),
            ("referer", "https://other.example/page"),
            ("sec-fetch-mode", "cors"),
            ("user-agent", "Mozilla/5.0"),
            ("x-key", " 1 "),
            (":authority", "api.example"),
        ],
    )
    assert request.headers == (("content-type", "application/json"), ("x-key", "1"))
    assert (request.method, request.page) == ("PUT", "https://app.example")
    assert (request.credentials, request.mode, request.notes) == ("same-origin", "cors", ())


def test_a_cookie_shows_that_credentials_are_included() -> None:
    request = from_wire(URL, "GET", [("Cookie", "sid=1")])
    assert (request.credentials, request.cookie) == ("include", "sid=1")
    assert from_wire(URL, "GET", [("Cookie", "a=b")], credentials="omit").credentials == "omit"


def test_the_headers_of_a_disabled_cache_are_the_tools() -> None:
    pair = [("cache-control", "no-cache"), ("pragma", "no-cache")]
    request = from_wire(URL, "GET", [*pair, ("x-key", "1")])
    assert request.headers == (("x-key", "1"),)
    assert "Disable cache" in request.notes[0]
    assert from_wire(URL, "GET", pair[:1]).headers == (pair[0],)


@pytest.mark.parametrize(
    ("lines", "page"),
    [
        ([], None),
        ([("Origin", "null")], "null"),
        ([("Origin", "capacitor://localhost")], "capacitor://localhost"),
        ([("Origin", "no origin"), ("Referer", "https://app.example/page?x")], "https://app.example"),
        ([("Referer", "about:client")], None),
    ],
)  # fmt: skip
def test_the_page_is_known_by_origin_else_by_referer(
    lines: list[tuple[str, str]], page: str | None
) -> None:
    assert from_wire(URL, "GET", lines).page == page


@pytest.mark.parametrize(
    ("word", "mode", "notes"),
    [("no-cors", "no-cors", 0), ("same-origin", "same-origin", 0), ("navigate", "navigate", 1)],
)
def test_the_mode_is_the_browsers_own_word(word: str, mode: str, notes: int) -> None:
    request = from_wire(URL, "GET", [("sec-fetch-mode", word)])
    assert (request.mode, len(request.notes)) == (mode, notes)


def test_a_user_in_an_address_becomes_authorization() -> None:
    request = from_wire("https://ada:pw@api.example/", "GET", [])
    assert request.url == "https://api.example/"
    assert request.headers == (("Authorization", "Basic YWRhOnB3"),)
    assert "as Authorization" in request.notes[0]


def test_what_is_no_url_or_no_method_is_told() -> None:
    with pytest.raises(UsageError, match="is no URL"):
        from_wire("ftp://api.example/", "GET", [])
    with pytest.raises(UsageError, match="is no method"):
        from_wire(URL, "GET IT", [])


def test_a_request_knows_its_length_and_whether_it_crosses_origins() -> None:
    request = PastedRequest(url=URL, body="é", page="https://api.example")
    assert (request.body_length, request.is_same_origin) == (2, True)
    assert (PastedRequest(url=URL).body_length, PastedRequest(url=URL).is_same_origin) == (
        None,
        False,
    )


def test_a_request_never_shows_its_secrets_by_accident() -> None:
    request = PastedRequest(url=URL + "?token=s3", headers=(("X", "s3"),), body="s3", cookie="s3")
    assert "s3" not in repr(request)


def test_the_origin_of_what_is_no_url_is_none() -> None:
    assert origin_of("about:blank") is None
