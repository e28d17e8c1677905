"""The table of known local servers: what `serve @name` and `check @name` begin with."""

from __future__ import annotations

import doctest

import pytest

from corsmith import Policy, profiles
from corsmith.address import read_address
from corsmith.decision import CorsRequest, decide
from corsmith.errors import UsageError
from corsmith.headers import ALLOW_HEADERS, EXPOSE_HEADERS
from corsmith.origin import is_loopback
from corsmith.profiles import PROFILES, Profile, find_profile

ROWS = PROFILES.values()


def named(row: object) -> str:
    assert isinstance(row, Profile)
    return row.name


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(profiles) == (0, 1)


def test_the_profiles_of_the_issue_are_there() -> None:
    assert [*PROFILES] == ["@ollama", "@llamacpp", "@lmstudio", "@comfyui", "@mcp", "@jupyter"]


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_profile_is_found_by_its_name(row: Profile) -> None:
    assert find_profile(row.name) is row
    assert find_profile(row.name.upper()) is row


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_profile_lies_on_this_machine_and_keeps_the_paths_of_the_page(row: Profile) -> None:
    address = read_address(row.url)
    assert is_loopback(address.host)
    assert row.url == address.origin


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_the_probe_of_a_profile_is_a_path(row: Profile) -> None:
    assert read_address(row.url + row.probe).target == row.probe


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_the_fields_of_a_profile_make_a_policy_with_credentials(row: Profile) -> None:
    policy = Policy.from_mapping({"origins": ["@loopback"], "credentials": True, **row.fields})
    assert not policy.warnings


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_profile_says_in_one_line_what_the_server_does_by_itself(row: Profile) -> None:
    for text in (row.title, row.itself, row.source, row.note, row.allow, row.besides):
        assert "\n" not in text
        assert len(text) <= 100
    assert row.title
    assert row.itself
    assert row.source


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_profile_tells_how_its_program_allows_an_origin(row: Profile) -> None:
    assert row.besides.endswith(".")
    lacks_a_word_for_it = {"@lmstudio", "@mcp"}  # all or nothing, and one for each program
    assert ("«origin»" in row.allow) is (row.name not in lacks_a_word_for_it)
    assert bool(row.allow) is (row.name != "@mcp")


def test_no_two_profiles_listen_on_one_port() -> None:
    assert len({row.url for row in ROWS}) == len(PROFILES)


def test_mcp_sends_and_reads_what_its_transport_needs() -> None:
    policy = Policy.from_mapping({"origins": ["@loopback"], **PROFILES["@mcp"].fields})
    assert {"GET", "POST", "DELETE"} <= set(policy.methods)
    assert "Mcp-Session-Id" in decided(policy, "POST")
    assert "Mcp-Session-Id" in decided(policy, None)


def decided(policy: Policy, wanted: str | None) -> str:
    """Return the names that a page may send, or those that it may read."""
    method = "GET" if wanted is None else "OPTIONS"
    request = CorsRequest(
        method=method, origins=("http://localhost:5173",), request_method=wanted, request_headers=()
    )
    headers = dict(decide(policy, request).headers)
    return headers[ALLOW_HEADERS if wanted else EXPOSE_HEADERS]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("@olama", "; did you mean @ollama?"),
        ("@", ""),
        ("@nothing", ""),
        ("@jupiter", "; did you mean @jupyter?"),
    ],
)
def test_an_unknown_name_is_told_those_that_are_known(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_profile(name)
    assert str(caught.value) == (
        f"{name} is not known{meant}\n"
        "  write one of @ollama @llamacpp @lmstudio @comfyui @mcp @jupyter\n"
        "  any other server is named by its address: http://127.0.0.1:PORT"
    )
