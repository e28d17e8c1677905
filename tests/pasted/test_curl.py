"""A curl command means for a page what it means for curl, and nothing of it is lost unsaid."""

# ruff: noqa: E501  a row of the table is a line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corsmith.errors import UsageError
from corsmith.pasted.commandline import split_command
from corsmith.pasted.curl import read_curl

if TYPE_CHECKING:
    from corsmith.pasted.request import PastedRequest

URL = "https://api.example/items"
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")

# As Chromium copies it for bash.
CHROMIUM = r"""curl 'https://api.example/items?a=1&b=2' \
  -X 'PATCH' \
  -H 'accept: application/json' \
  -H 'accept-language: en-GB,en;q=0.9' \
  -H 'authorization: Bearer s3cr3t' \
  -H 'content-type: application/json' \
  -b 'sid=1; theme=dark' \
  -H 'origin: https://app.example' \
  -H 'priority: u=1, i' \
  -H 'referer: https://app.example/' \
  -H 'sec-ch-ua: "Chromium";v="156"' \
  -H 'sec-fetch-mode: cors' \
  -H 'user-agent: Mozilla/5.0' \
  --data-raw $'{"name":"it\'s & \u0021"}'"""


def read(command: str) -> PastedRequest:
    return read_curl(split_command(command))


def test_a_command_copied_from_chromium_is_the_request_of_its_page() -> None:
    request = read(CHROMIUM)
    assert (request.method, request.url) == ("PATCH", "https://api.example/items?a=1&b=2")
    assert [name for name, _ in request.headers] == ["accept", "authorization", "content-type"]
    assert (request.page, request.cookie) == ("https://app.example", "sid=1; theme=dark")
    assert (request.body, request.body_kind) == ('{"name":"it\'s & !"}', "text")
    assert (request.credentials, request.ignored, request.notes) == ("include", (), ())


def test_a_command_copied_for_cmd_is_the_same_request() -> None:
    text = (
        'curl ^"https://api.example/items?a=1^&b=2^" ^\r\n  -X ^"PATCH^" ^\r\n'
        '  -H ^"content-type: application/json^" ^\r\n  --data-raw ^"^{^\\^"a^\\^":1^}^"'
    )
    request = read(text)
    assert (request.method, request.url) == ("PATCH", "https://api.example/items?a=1&b=2")
    assert (request.body, request.headers) == ('{"a":1}', (("content-type", "application/json"),))


@pytest.mark.parametrize(
    ("words", "method", "headers", "body"),
    [
        ("", "GET", (), None),
        ("-I", "HEAD", (), None),
        ("-XPUT", "PUT", (), None),
        ("--request delete", "DELETE", (), None),
        ("-d a=1 -d b=2", "POST", (FORM,), "a=1&b=2"),
        ("--data-binary a=1", "POST", (FORM,), "a=1"),
        ("--data-raw @a", "POST", (FORM,), "@a"),
        ("--data-urlencode 'a=b c/é'", "POST", (FORM,), "a=b%20c%2F%C3%A9"),
        ("--data-urlencode 'b c'", "POST", (FORM,), "b%20c"),
        ("-d a -H 'Content-Type: text/plain'", "POST", (("Content-Type", "text/plain"),), "a"),
        ("--json '{}'", "POST", (("Accept", JSON[1]), JSON), "{}"),
        ("-H 'Accept: text/csv' --json '{' --json '}'", "POST", (("Accept", "text/csv"), JSON), "{}"),
        ("-G -d a=1", "GET", (), None),
        ("-u ada:pw", "GET", (("Authorization", "Basic YWRhOnB3"),), None),
        ("--oauth2-bearer t", "GET", (("Authorization", "Bearer t"),), None),
        ("-r 0-9", "GET", (("Range", "bytes=0-9"),), None),
        ("-H 'X-A;' -H 'X-B:' -H 'X-C: '", "GET", (("X-A", ""),), None),
        ("-sSLkI -H'X-A: 1'", "HEAD", (("X-A", "1"),), None),
        ("-T file", "PUT", (), None),
    ],
)  # fmt: skip
def test_an_option_means_what_curl_means_by_it(
    words: str, method: str, headers: tuple[tuple[str, str], ...], body: str | None
) -> None:
    request = read(f"curl {URL} {words}")
    assert (request.method, request.headers, request.body) == (method, headers, body)


def test_data_of_get_goes_into_the_address() -> None:
    assert read(f"curl -G {URL}#x -d a=1").url == f"{URL}?a=1"
    assert read(f"curl -G '{URL}?b=2' -d a=1").url == f"{URL}?b=2&a=1"
    assert read(f"curl -G {URL}").url == URL


def test_a_form_is_multipart_and_its_files_are_not_read() -> None:
    request = read(f"curl {URL} -F a=1 -F f=@/etc/passwd;type=text/plain")
    assert request.body_kind == "multipart"
    assert request.body is not None
    assert request.body.count("------boundary") == 3
    assert 'name="a"\r\n\r\n1' in request.body
    assert request.notes == ("The file /etc/passwd is not read.",)


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ("-d @body.json", "in the file body.json is not read"),
        ("-d @-", "on standard input is not read"),
        ("--data-urlencode a@body", "in the file body is not read"),
        ("-H @headers", "The header lines in the file headers are not read"),
        ("-b cookies.txt", "The cookies in the file cookies.txt are not read"),
        ("-T body.bin", "The file body.bin is not read"),
        ("https://b.example/", "Only the first of 2 addresses"),
        ("--next https://b.example/", "Only the first request, before --next"),
    ],
)
def test_what_is_not_read_is_said(words: str, note: str) -> None:
    """Nothing of a person's disk is read on the word of a pasted text."""
    assert note in read(f"curl {URL} {words}").notes[0]


@pytest.mark.parametrize(
    ("words", "ignored"),
    [
        ("-s -S -L -k", ("-s", "-S", "-L", "-k")),
        ("--compressed -A agent", ("-A",)),
        ("-o out --max-time 3", ("-o", "--max-time")),
        ("-x http://proxy:1 --http2", ("-x", "--http2")),
        ("-sk -sk", ("-s", "-k")),
        ("--never-heard-of", ("--never-heard-of",)),
        ("-Zm5", ("-Z", "-m")),
        ("--basic --globoff -g", ()),
    ],
)
def test_what_changes_nothing_is_said_to_be_ignored(words: str, ignored: tuple[str, ...]) -> None:
    request = read(f"curl {words} {URL}")
    assert (request.url, request.ignored) == (URL, ignored)


def test_an_authority_is_named_and_not_read() -> None:
    request = read(f"curl {URL} --cacert none.pem")
    assert (request.authority, request.ignored, request.notes) == ("none.pem", (), ())
    assert read(f"curl {URL}").authority is None


def test_the_page_is_known_by_origin_or_referer() -> None:
    assert read(f"curl {URL} -e 'https://app.example/page;auto'").page == "https://app.example"
    assert read(f"curl {URL} -H 'Origin: https://app.example'").page == "https://app.example"


def test_an_address_may_stand_anywhere() -> None:
    assert read(f"curl -s --url {URL}").url == URL
    assert read(f"/usr/bin/curl -- {URL} --").url == URL
    assert read_curl([URL]).url == URL
    assert read_curl(["curl.exe", URL]).url == URL


def test_an_address_without_a_scheme_is_http_as_curl_takes_it() -> None:
    request = read("curl localhost:8000/items")
    assert request.url == "http://localhost:8000/items"
    assert "no scheme" in request.notes[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["curl"], "names no URL"),
        (["curl", "-s"], "names no URL"),
        (["curl", URL, "-H"], "-H lacks its value"),
        (["curl", URL, "--data"], "--data lacks its value"),
        (["curl", URL, "-o"], "-o lacks its value"),
        (["curl", URL, "--max-time"], "--max-time lacks its value"),
        (["curl", "ftp://a.example/"], "is no URL"),
        (["curl", URL, "-X", "A B"], "is no method"),
    ],
)
def test_half_a_command_is_asked_for_again(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_curl(words)
