"""The groups are one table: what each word stands for, and that it is legal where it stands."""

from __future__ import annotations

import pytest

from corsmith.groups import EXPOSE_GROUPS, HEADER_GROUPS, ORIGIN_GROUPS
from corsmith.policy import Policy

EVERYWHERE = "https://app.example"


def test_loopback_is_localhost_its_names_and_both_addresses_on_any_port() -> None:
    hosts = ("localhost", "*.localhost", "127.0.0.1", "[::1]")
    assert sorted(ORIGIN_GROUPS["@loopback"]) == sorted(
        f"{scheme}://{host}:*" for scheme in ("http", "https") for host in hosts
    )
    assert len(ORIGIN_GROUPS) == 1


@pytest.mark.parametrize(
    ("group", "headers", "expose"),
    [
        (
            "@range",
            "Range If-Range If-Match If-None-Match If-Modified-Since Cache-Control",
            "Accept-Ranges Content-Encoding Content-Length Content-Range ETag Last-Modified",
        ),
        (
            "@mcp",
            "Content-Type Authorization Mcp-Session-Id Mcp-Protocol-Version Last-Event-ID",
            "Mcp-Session-Id WWW-Authenticate",
        ),
        ("@tracing", "traceparent tracestate baggage sentry-trace b3", ""),
        ("@download", "", "Content-Disposition Content-Length"),
        ("@pagination", "", "Link X-Total-Count Location"),
    ],
)
def test_a_group_of_headers_stands_for(group: str, headers: str, expose: str) -> None:
    assert HEADER_GROUPS[group] == tuple(headers.split())
    assert EXPOSE_GROUPS[group] == tuple(expose.split())


def test_the_same_groups_exist_for_headers_and_for_expose() -> None:
    assert HEADER_GROUPS.keys() == EXPOSE_GROUPS.keys()
    assert len(HEADER_GROUPS) == 5


def test_a_group_makes_a_policy_without_problem_or_warning() -> None:
    names = sorted(HEADER_GROUPS)
    for credentials in (False, True):
        policy = Policy(origins=["@loopback"], headers=names, expose=names, credentials=credentials)
        assert policy.warnings == ()


@pytest.mark.parametrize("groups", [ORIGIN_GROUPS, HEADER_GROUPS, EXPOSE_GROUPS])
def test_a_table_of_groups_cannot_be_changed(groups: object) -> None:
    with pytest.raises(TypeError):
        groups["@mine"] = ()  # type: ignore[index]  # that it cannot is the test
