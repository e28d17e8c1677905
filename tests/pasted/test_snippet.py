"""A request is read out of a piece of program, and nothing of the program is run."""

# ruff: noqa: E501  a row of the table is a line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corsmith.errors import UsageError
from corsmith.pasted.snippet import read_snippet

if TYPE_CHECKING:
    from corsmith.pasted.request import PastedRequest

URL = "https://api.example/items"

# As Chromium copies it; Firefox writes `await fetch` and the same object.
COPIED = """fetch("https://api.example/items?a=1&b=2", {
  "headers": {
    "accept": "*/*",
    "content-type": "application/json",
    "x-key": "1"
  },
  "referrer": "https://app.example/page",
  "referrerPolicy": "strict-origin-when-cross-origin",
  "body": "{\\"name\\":\\"it's\\"}",
  "method": "PUT",
  "mode": "cors",
  "credentials": "include"
});"""


def read(text: str) -> PastedRequest:
    request = read_snippet(text)
    assert request is not None
    return request


def test_a_fetch_copied_from_a_browser_is_the_request_of_its_page() -> None:
    request = read(COPIED)
    assert (request.method, request.url) == ("PUT", "https://api.example/items?a=1&b=2")
    assert request.headers == (("content-type", "application/json"), ("x-key", "1"))
    assert (request.page, request.credentials) == ("https://app.example", "include")
    assert (request.body, request.body_kind, request.mode) == ('{"name":"it\'s"}', "text", "cors")


TEXT = ("Content-Type", "text/plain;charset=UTF-8")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
AXIOS = ("Accept", "application/json, text/plain, */*")


@pytest.mark.parametrize(
    ("text", "method", "headers", "body"),
    [
        ("await fetch('{}')", "GET", (), None),
        ("window.fetch(`{}`, {method: 'post'})", "POST", (), None),
        ("fetch(new URL('{}'), {})", "GET", (), None),
        ("fetch('{}', {method: 'POST', body: 'a'})", "POST", (TEXT,), "a"),
        ("fetch('{}', {method: 'POST', body: JSON.stringify({a: [1]}), headers: {'Content-Type': 'application/json'}})", "POST", (JSON,), '{"a": [1]}'),
        ("fetch('{}', {headers: new Headers({'X-A': 'b'})})", "GET", (("X-A", "b"),), None),
        ("fetch('{}', {headers: [['X-A', 'b'], ['half']]})", "GET", (("X-A", "b"),), None),
        ("fetch('{}', {headers: {'X-N': 1, 'X-B': true, 'X-L': []}})", "GET", (("X-N", "1"), ("X-B", "true")), None),
        ("axios.get('{}')", "GET", (AXIOS,), None),
        ("axios('{}', {method: 'put'})", "PUT", (AXIOS,), None),
        ("axios({url: '{}', method: 'delete'})", "DELETE", (AXIOS,), None),
        ("axios.post('{}', {a: 1}, {headers: {'X-A': 'b'}})", "POST", (("X-A", "b"), JSON, AXIOS), '{"a": 1}'),
        ("axios.post('{}', 'a=1')", "POST", (FORM, AXIOS), "a=1"),
        ("axios.put('{}')", "PUT", (AXIOS,), None),
        ("axios.delete('{}', {data: {a: 1}})", "DELETE", (JSON, AXIOS), '{"a": 1}'),
        ("axios.get('/items', {baseURL: 'https://api.example/'})", "GET", (AXIOS,), None),
        ("requests.get('{}', headers={'X-A': 'b'}, timeout=3)", "GET", (("X-A", "b"),), None),
        ("requests.post(url='{}', json={'a': None})", "POST", (JSON,), '{"a": null}'),
        ("requests.post('{}', json=json.dumps(x))", "POST", (JSON,), ""),
        ("httpx.request('PATCH', '{}', data='x')", "PATCH", (), "x"),
        ("requests.request(method='PUT', url='{}')", "PUT", (), None),
        ("requests.post('{}', data={'a': 'b', 'c': 1})", "POST", (FORM,), "a=b"),
        ("requests.get('{}', auth=('ada', 'pw'))", "GET", (("Authorization", "Basic YWRhOnB3"),), None),
        ("requests.get('{}', auth=auth)", "GET", (("Authorization", "Basic ***"),), None),
        ("$.get('{}')", "GET", (), None),
        ("$.post('{}')", "POST", (), None),
        ("$.ajax({url: '{}', type: 'put', data: 'a=1'})", "PUT", (("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),), "a=1"),
        ("$.ajax('{}', {method: 'POST', data: '{}', contentType: 'application/json'})", "POST", (JSON,), "{}"),
        ("$.ajax({url: '{}', headers: {'X-A': 'b'}})", "GET", (("X-A", "b"),), None),
        ("x.open('POST', '{}'); x.setRequestHeader('X-A', 'b'); x.send('a')", "POST", (("X-A", "b"), TEXT), "a"),
        ("x.open('GET', '{}'); x.send(null)", "GET", (), None),
        ("x.open('PUT', '{}'); x.send()", "PUT", (), None),
        ("new EventSource('{}')", "GET", (("Accept", "text/event-stream"),), None),
    ],
)  # fmt: skip
def test_a_call_is_read_with_its_arguments(
    text: str, method: str, headers: tuple[tuple[str, str], ...], body: str | None
) -> None:
    request = read(text.replace("{}", URL, 1))
    assert (request.url, request.method, request.headers) == (URL, method, headers)
    assert request.body == body


@pytest.mark.parametrize(
    ("text", "credentials"),
    [
        ("fetch('{}', {credentials: 'omit'})", "omit"),
        ("fetch('{}', {credentials: 'same-origin'})", "same-origin"),
        ("axios.get('{}', {withCredentials: true})", "include"),
        ("$.ajax({url: '{}', xhrFields: {withCredentials: true}})", "include"),
        ("x.open('GET', '{}'); x.withCredentials = true;", "include"),
        ("new EventSource('{}', {withCredentials: true})", "include"),
        ("requests.get('{}', cookies={'sid': '1'})", "include"),
    ],
)
def test_credentials_are_included_where_the_program_says_so(text: str, credentials: str) -> None:
    assert read(text.replace("{}", URL)).credentials == credentials


@pytest.mark.parametrize(
    ("text", "kind", "note"),
    [
        ("fetch('{}', {method: 'POST', body: new FormData(form)})", "multipart", "body is computed"),
        ("fetch('{}', {method: 'POST', body: formData})", "multipart", "body is computed"),
        ("fetch('{}', {method: 'POST', body: new URLSearchParams('a=1')})", "form", None),
        ("fetch('{}', {method: 'POST', body: new URLSearchParams(x)})", "form", "body is computed"),
        ("fetch('{}', {method: 'POST', body: JSON.stringify(x)})", "text", "body is computed"),
        ("fetch('{}', {method: 'POST', body: data})", "text", "body is computed"),
        ("fetch('{}', {method: m})", None, "method is computed"),
        ("fetch('{}', {headers: h})", None, "headers are computed"),
        ("fetch('{}', {headers: {Authorization: `Bearer ${t}`}})", None, "Authorization is computed"),
    ],
)  # fmt: skip
def test_what_a_program_computes_is_told(text: str, kind: str | None, note: str | None) -> None:
    request = read(text.replace("{}", URL))
    assert request.body_kind == kind
    assert (note is None and request.notes == ()) or str(note) in request.notes[0]


def test_parameters_go_into_the_address() -> None:
    text = "axios.get('https://api.example/?x=1', {params: {q: 'a', n: 2, t: token}})"
    assert read(text).url == "https://api.example/?x=1&q=a&n=2"
    assert read("requests.get('https://api.example/a', params={'q': 'b'})").url.endswith("/a?q=b")
    assert read("requests.get('https://api.example/a', params={'q': b})").url.endswith("/a")


def test_a_computed_cookie_of_a_mode_is_kept_out() -> None:
    request = read(f"fetch('{URL}', {{mode: 'no-cors', referrer: ref}})")
    assert (request.mode, request.page) == ("no-cors", None)


@pytest.mark.parametrize(
    "text",
    [
        "fetch(url)",
        "fetch(`${BASE}/items`)",
        "fetch('/items')",
        "axios.get('/items', {baseURL: base})",
    ],
)
def test_an_address_that_only_running_it_would_tell_is_asked_for(text: str) -> None:
    with pytest.raises(UsageError, match="is not whole; write it out"):
        read_snippet(text)


@pytest.mark.parametrize(
    "text", ["", "let x = 1", "prefetch('https://a.example/')", "fetch()", "fetch(1)", "fetch({})"]
)
def test_a_program_without_a_request_has_none(text: str) -> None:
    assert read_snippet(text) is None
