"""Which request headers need no preflight, by the value rules of the Fetch Standard."""

import pytest

from corsmith.safelists import is_safelisted_request_header, unsafe_request_header_names

SAFELISTED = [
    ("Accept", "text/html, */*;q=0.8"),
    ("accept", "a" * 128),
    ("accept", ""),
    ("Accept", "tab\tis allowed"),
    ("Accept", "é is above 0x7F and not unsafe".encode().decode("latin-1")),
    ("Accept-Language", "de-DE, en;q=0.5, *"),
    ("Content-Language", "en"),
    ("Content-Type", "text/plain"),
    ("CONTENT-TYPE", "Text/Plain;charset=UTF-8"),
    ("Content-Type", " text/plain ; x=y"),
    ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Content-Type", "text/plain;"),
    ("Range", "bytes=0-99"),
    ("Range", "bytes=10-"),
    ("Range", "bytes=5-5"),
    ("Range", "bytes=00-0"),
    ("range", f"bytes=1-{'9' * 100}"),
]

UNSAFE = [
    ("X-Key", "1"),
    ("Authorization", "Basic x"),
    ("Accept", "a" * 129),
    ("Accept", 'quoted "x"'),
    ("Accept", "(comment)"),
    ("Accept", "a:b"),
    ("Accept", "<a>"),
    ("Accept", "a?b"),
    ("Accept", "a@b"),
    ("Accept", "a[0]"),
    ("Accept", "a\\b"),
    ("Accept", "{a}"),
    ("Accept", "a\x7f"),
    ("Accept", "a\x00"),
    ("Accept", "a\x1f"),
    ("Accept-Language", "en_US"),
    ("Accept-Language", "en\t"),
    ("Content-Language", "en/us"),
    ("Content-Type", "application/json"),
    ("Content-Type", "text"),
    ("Content-Type", "text/"),
    ("Content-Type", "/plain"),
    ("Content-Type", "text/plain x"),
    ("Content-Type", ""),
    ("Content-Type", 'text/plain;charset="utf-8"'),
    ("Range", "bytes=-5"),
    ("Range", "bytes=0-1,3-4"),
    ("Range", "bytes = 0-1"),
    ("Range", "BYTES=0-1"),
    ("Range", "bytes=9-1"),
    ("Range", "bytes=10-9"),
    ("Range", "bytes=0-1\n"),
    ("Range", "bytes=²-3"),
]


@pytest.mark.parametrize(("name", "value"), SAFELISTED)
def test_a_safelisted_header_needs_no_preflight(name: str, value: str) -> None:
    """Name and value together are CORS-safelisted."""
    assert is_safelisted_request_header(name, value)
    assert unsafe_request_header_names([(name, value)]) == ()


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_any_other_header_is_asked_for(name: str, value: str) -> None:
    """The name, or the value, is not CORS-safelisted."""
    assert not is_safelisted_request_header(name, value)
    assert unsafe_request_header_names([(name, value)]) == (name.lower(),)


def test_unsafe_names_are_lower_case_sorted_and_unique() -> None:
    """The list is as Access-Control-Request-Headers has it."""
    headers = [("X-B", "1"), ("x-a", "1"), ("X-b", "2"), ("Accept", "*/*")]
    assert unsafe_request_header_names(headers) == ("x-a", "x-b")


def test_safelisted_values_above_1024_bytes_together_are_all_asked_for() -> None:
    """Each is short enough alone, and the sum is not."""
    names = ["Accept", "Accept-Language", "Content-Language"]
    headers = [(name, "a" * 114) for name in names * 3]
    assert sum(len(value) for _, value in headers) == 1026
    assert unsafe_request_header_names(headers) == tuple(sorted(map(str.lower, names)))
    headers[0] = ("Accept", "a" * 112)
    assert unsafe_request_header_names(headers) == ()
