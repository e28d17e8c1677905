"""What is pasted is read whole: its cause first, its request beside it, its secrets hidden."""

# ruff: noqa: E501  a row of the table is a line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.errors import UsageError
from corsmith.pasted.text import Kind, read_pasted, sight
from tests.pasted_lines import BROWSER_LINES, REAL_LINES


@pytest.mark.parametrize(("engine", "code", "cause", "text"), BROWSER_LINES)
def test_every_line_of_a_browser_has_its_cause_first(
    engine: str, code: str, cause: str, text: str
) -> None:
    first = read_pasted(text).sightings[0]
    assert (first.engine, first.code, first.causes[0].name) == (engine, code, cause)


@pytest.mark.parametrize(("code", "cause", "text"), REAL_LINES)
def test_what_threads_quote_has_its_cause_first(code: str, cause: str, text: str) -> None:
    first = read_pasted(text).sightings[0]
    assert (first.code, first.causes[0].name) == (code, cause)


CORS = "has been blocked by CORS policy: "
MISSING = "No 'Access-Control-Allow-Origin' header is present on the requested resource."


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://api.example/items", Kind.URL),
        ("  <https://api.example/items>.\n", Kind.URL),
        ("curl https://api.example/items", Kind.CURL),
        ("$ curl https://api.example/items", Kind.CURL),
        ("# as copied\n  curl.exe https://api.example/items", Kind.CURL),
        ("await fetch('https://api.example/items')", Kind.PROGRAM),
        ("it fails at https://api.example/items", Kind.NOTHING),
    ],
)
def test_a_text_is_taken_for_what_it_is(text: str, kind: Kind) -> None:
    pasted = read_pasted(text)
    assert pasted.kind is kind
    assert pasted.request is not None
    assert pasted.request.url == "https://api.example/items"


@pytest.mark.parametrize("text", ["hello", "http://a.example/ http://b.example/", "see http://:/x"])
def test_a_text_that_tells_nothing_has_no_request(text: str) -> None:
    pasted = read_pasted(text)
    assert (pasted.kind, pasted.sightings, pasted.request) == (Kind.NOTHING, (), None)


def test_a_program_beside_its_error_is_read_with_it() -> None:
    text = "fetch('https://api.example/items')\nUncaught (in promise) TypeError: Failed to fetch"
    pasted = read_pasted(text)
    assert (pasted.kind, pasted.sightings[0].code) == (Kind.PROGRAM, "network-error")


def test_a_console_line_before_a_curl_command_is_read_too() -> None:
    text = f"Access to fetch at 'https://api.example/a' from origin 'https://app.example' {CORS}{MISSING}"
    pasted = read_pasted(f"{text}\ncurl 'https://api.example/a' -X PUT")
    assert (pasted.kind, pasted.sightings[0].code) == (Kind.CURL, "allow-origin-missing")
    assert pasted.request is not None
    assert pasted.request.method == "PUT"


@pytest.mark.parametrize(
    ("page", "reason", "method", "headers", "credentials"),
    [
        ("https://app.example", MISSING, "GET", (), "same-origin"),
        ("null", MISSING, "GET", (), "same-origin"),
        ("capacitor://localhost", MISSING, "GET", (), "same-origin"),
        ("https://app.example", "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.", "PUT", (), "same-origin"),
        ("https://app.example", "Request header field x-y is not allowed by Access-Control-Allow-Headers in preflight response.", "GET", (("x-y", "1"),), "same-origin"),
        ("https://app.example", "Request header field content-type is not allowed by Access-Control-Allow-Headers in preflight response.", "GET", (("content-type", "application/json"),), "same-origin"),
        ("https://app.example", "Response to preflight request doesn't pass access control check: It does not have HTTP ok status.", "GET", (("Content-Type", "application/json"),), "same-origin"),
        ("https://app.example", "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials mode is 'include'.", "GET", (), "include"),
    ],
)  # fmt: skip
def test_a_console_line_tells_the_request_as_far_as_it_goes(
    page: str,
    reason: str,
    method: str,
    headers: tuple[tuple[str, str], ...],
    credentials: str,
) -> None:
    text = f"Access to fetch at 'https://api.example/a?b&c' from origin '{page}' {CORS}{reason}"
    request = read_pasted(text).request
    assert request is not None
    assert (request.url, request.page, request.method) == (
        "https://api.example/a?b&c",
        page,
        method,
    )
    assert (request.headers, request.credentials) == (headers, credentials)


def test_what_stands_in_for_the_unknown_is_said() -> None:
    text = (
        "Access to fetch at 'https://api.example/a' from origin 'https://app.example' "
        f"{CORS}Response to preflight request doesn't pass access control check: {MISSING}"
    )
    assert "stands for it" in read_pasted(text).notes[0]


def test_the_advice_about_no_cors_is_answered() -> None:
    text = next(row[-1] for row in REAL_LINES if "opaque response serves" in row[-1])
    assert "never gives the page the body" in read_pasted(text).notes[0]


def test_a_request_line_gives_method_and_status_to_the_sentence() -> None:
    text = f"{CORS}{MISSING}\nDELETE https://api.example/a net::ERR_FAILED 502 (Bad Gateway)"
    pasted = read_pasted(text)
    assert pasted.sightings[0].causes[0].name == "gateway-error"
    assert pasted.request is not None
    assert pasted.request.method == "DELETE"


def test_an_address_beside_a_sentence_without_one_is_its_address() -> None:
    text = "Origin https://app.example is not allowed by Access-Control-Allow-Origin.\nhttps://api.example/a"
    request = read_pasted(text).request
    assert request is not None
    assert request.url == "https://api.example/a"


def test_an_address_that_is_none_leaves_its_blank() -> None:
    text = f"Access to fetch at 'https://a.example:99999/' from origin 'https://app.example' {CORS}{MISSING}"
    pasted = read_pasted(text)
    assert pasted.request is None
    assert pasted.sightings[0].causes[2].ask.startswith("Is the server yours?")


def test_what_says_little_is_told_only_where_nothing_says_more() -> None:
    text = f"TypeError: Failed to fetch\n{CORS}{MISSING}"
    (sighting,) = read_pasted(text).sightings
    assert (sighting.code, sighting.is_cors, sighting.is_vague) == (
        "allow-origin-missing",
        True,
        False,
    )


def test_no_secret_and_no_control_of_a_text_is_shown() -> None:
    values = {"value": "https://a.example/?token=abc\x1b[2J", "page": "https://app.example"}
    head = sight("allow-origin-list", {**values, "value": values["value"] + ", x"}).causes[0].head
    assert "abc" not in head
    assert "\x1b" not in head


def test_a_long_value_is_cut() -> None:
    head = sight("header-not-allowed", {"header": "x" * 500}).causes[0].head
    assert len(head) < 150
    assert "…" in head


def test_an_empty_value_is_called_so() -> None:
    assert "an empty value" in sight("allow-origin-invalid", {"value": ""}).causes[0].head


@pytest.mark.parametrize(
    "text", ["curl -X PUT", "curl 'https://api.example", "fetch(url)", "http://:/x"]
)
def test_half_a_request_is_asked_for_again(text: str) -> None:
    with pytest.raises(UsageError):
        read_pasted(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("curl 'ftp://ada:s3cr3t@a.example/'", "is no URL"),
        ("fetch('/items?token=' + s3cr3t)", "is not whole"),
        ("fetch(" * 10_000, "is not whole"),
    ],
)
def test_what_is_wrong_is_told_without_secrets_and_at_no_length(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_pasted(text)
    assert told in str(caught.value) or len(text) > 1000
    assert "ada:s3cr3t" not in str(caught.value)
    assert len(str(caught.value)) < 500


PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "curl ",
            "fetch(",
            "axios.post(",
            "'",
            '"',
            "`",
            "$'",
            "\\\\",
            "\\n",
            "^",
            "-H ",
            "--data ",
            "https://a.example/?token=",
            "{",
            "}",
            "[",
            ",",
            ":",
            "Access to fetch at ",
            "from origin 'null'",
            "blocked by CORS policy: ",
            "net::ERR_FAILED ",
            "500",
            "null",
            "(Reason: ",
            "Status code: ",
            "Method ",
            "Mixed Content: ",
            "WebSocket connection to ",
            "***",
            "\x1b[2J",
            "é",
        ]
    ),
    st.sampled_from([row[-1] for row in BROWSER_LINES]),
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_text_does_harm(text: str) -> None:
    """Whatever is pasted is answered, or asked for again; and no control is ever shown."""
    try:
        pasted = read_pasted(text)
    except UsageError:
        return
    for sighting in pasted.sightings:
        for cause in sighting.causes:
            assert (cause.head + cause.more + cause.ask).isprintable()
