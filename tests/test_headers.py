"""The words of the protocol: tokens, lists, methods, safelists and the merging of Vary."""

from __future__ import annotations

import doctest

import pytest

from corsmith import headers
from corsmith.headers import (
    FORBIDDEN_METHODS,
    FORBIDDEN_REQUEST_HEADERS,
    FORBIDDEN_RESPONSE_HEADERS,
    NORMALIZED_METHODS,
    OWNED_RESPONSE_HEADERS,
    REQUEST_HEADERS_OF_CORS,
    RESPONSE_HEADERS_OF_PREFLIGHT,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    is_forbidden_request_header,
    is_token,
    merge_vary,
    normalize_method,
    split_list,
)

TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(headers) == (0, 3)


@pytest.mark.parametrize("code", range(0x100))
def test_a_token_holds_the_characters_of_rfc_9110_and_no_other(code: int) -> None:
    character = chr(code)
    assert is_token(character) is (character in TCHAR)
    assert is_token(f"a{character}") is (character in TCHAR)
    assert is_token(f"{character}a") is (character in TCHAR)


@pytest.mark.parametrize(
    "text", ["", "x-a\n", "\nx-a", "x a", "x,a", "\u017f", "\u212a", "\udc80", "x\u0663"]
)
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    ("method", "normalised"),
    [
        ("get", "GET"),
        ("Head", "HEAD"),
        ("post", "POST"),
        ("pUt", "PUT"),
        ("delete", "DELETE"),
        ("options", "OPTIONS"),
        ("GET", "GET"),
        ("patch", "patch"),
        ("Patch", "Patch"),
        ("PATCH", "PATCH"),
        ("trace", "trace"),
        ("chicken", "chicken"),
        ("", ""),
        # What upper() makes of these is a method, but they are none.
        ("po\ufb05", "po\ufb05"),
        ("po\u017ft", "po\u017ft"),
    ],
)
def test_six_methods_are_upper_cased_and_no_other(method: str, normalised: str) -> None:
    assert normalize_method(method) == normalised


def test_the_methods_of_the_standard() -> None:
    assert set(SAFELISTED_METHODS) == {"GET", "HEAD", "POST"}
    assert set(FORBIDDEN_METHODS) == {"CONNECT", "TRACE", "TRACK"}
    assert set(NORMALIZED_METHODS) == {"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"}


@pytest.mark.parametrize(
    "name",
    [
        "Accept-Charset",
        "Accept-Encoding",
        "Access-Control-Request-Headers",
        "Access-Control-Request-Method",
        "Connection",
        "Content-Length",
        "Cookie",
        "Cookie2",
        "Date",
        "DNT",
        "Expect",
        "Host",
        "Keep-Alive",
        "Origin",
        "Referer",
        "Set-Cookie",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Via",
        "Proxy-",
        "Proxy-Authorization",
        "Sec-",
        "Sec-Fetch-Site",
    ],
)
def test_a_page_may_not_set_a_forbidden_request_header(name: str) -> None:
    assert is_forbidden_request_header(name)
    assert is_forbidden_request_header(name.lower())
    assert is_forbidden_request_header(name.upper())


@pytest.mark.parametrize(
    "name", ["Authorization", "User-Agent", "Accept", "Range", "Secret", "Proxy", "X-Sec-A", "*"]
)
def test_a_page_may_set_any_other_request_header(name: str) -> None:
    assert not is_forbidden_request_header(name)


def test_the_sets_of_names_hold_lower_case_names_only() -> None:
    names = {
        *FORBIDDEN_REQUEST_HEADERS,
        *FORBIDDEN_RESPONSE_HEADERS,
        *OWNED_RESPONSE_HEADERS,
        *REQUEST_HEADERS_OF_CORS,
        *RESPONSE_HEADERS_OF_PREFLIGHT,
        *SAFELISTED_RESPONSE_HEADERS,
    }
    assert names == {name.lower() for name in names}


def test_the_response_headers_of_the_standard() -> None:
    assert set(FORBIDDEN_RESPONSE_HEADERS) == {"set-cookie", "set-cookie2"}
    assert len(SAFELISTED_RESPONSE_HEADERS) == 7
    assert RESPONSE_HEADERS_OF_PREFLIGHT < OWNED_RESPONSE_HEADERS
    assert len(OWNED_RESPONSE_HEADERS) == 7


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ("", []),
        (",", []),
        (" \t, ,\t", []),
        ("x-a", ["x-a"]),
        ("x-a,x-b", ["x-a", "x-b"]),
        (" x-a \t,\t x-b ", ["x-a", "x-b"]),
        ("x-a,,x-a", ["x-a", "x-a"]),
        ("a b", ["a b"]),
        # Only space and TAB surround an element: the others belong to it.
        ("\x0bx-a,x-b\xa0,\x85", ["\x0bx-a", "x-b\xa0", "\x85"]),
    ],
)
def test_a_list_is_split_at_commas_and_empty_elements_are_ignored(
    value: str, elements: list[str]
) -> None:
    assert split_list(value) == elements


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ([], "Origin"),
        ([""], "Origin"),
        (["Origin"], "Origin"),
        (["origin"], "origin"),
        (["Accept-Encoding"], "Accept-Encoding, Origin"),
        (["Accept-Encoding, ORIGIN, Cookie"], "Accept-Encoding, ORIGIN, Cookie"),
        (["a", "b, A", "a"], "a, b, Origin"),
        (["*"], "*"),
        (["Accept, *", "Cookie"], "*"),
    ],
)
def test_vary_is_merged_never_replaced_and_never_doubled(values: list[str], merged: str) -> None:
    assert merge_vary(values, "Origin") == merged
