from __future__ import annotations

from typing import Any

import pytest

from corsmith.importers.draft import (
    COMMON,
    Draft,
    Imported,
    Row,
    differs,
    inexpressible,
    safelisted,
    settle,
)
from corsmith.importers.readings import Reading
from corsmith.policy import Policy

APP = "https://app.example"


def settled(**fields: Any) -> tuple[Policy | None, list[str]]:
    """Return the policy, and each thing that was said as code and field."""
    found = settle(Draft(**fields), "a library")
    return found.policy, [f"{item.code} {item.field}" for item in found.said]


def policy_of(**fields: Any) -> Policy:
    policy, _ = settled(**fields)
    assert policy is not None
    return policy


def test_what_is_fine_is_taken_as_it_is_and_nothing_is_said() -> None:
    policy, said = settled(
        origins=(APP, APP),
        readings=(Reading(text=r"https://[a-z]+\.app\.example"),),
        methods=("GET", "PUT", "patch"),
        headers=("X-Key", "x-key"),
        expose=("ETag",),
        credentials=True,
        max_age=60,
    )
    assert policy == Policy(
        origins=[APP],
        origin_regex=r"https://[a-z]+\.app\.example",
        methods=["GET", "PUT", "patch"],
        headers=["X-Key"],
        expose=["ETag"],
        credentials=True,
        max_age=60,
    )
    assert said == []


def test_any_origin_with_credentials_is_any_origin_without() -> None:
    policy, said = settled(origins=("*", APP), credentials=True, expose=("*",))
    assert policy == Policy(origins="*", methods=[], headers=[], expose="*")
    assert said == ["wildcard-with-credentials credentials"]


@pytest.mark.parametrize(
    ("origin", "credentials", "code"),
    [
        ("https://app.example/", False, "never-matched"),
        ("https://*.app.example", False, "never-matched"),
        ("null", False, "null-origin"),
        ("http://other.example", True, "insecure-origin"),
    ],
)
def test_an_origin_that_cannot_be_meant_or_is_a_risk_is_left_out(
    origin: str, code: str, *, credentials: bool
) -> None:
    policy, said = settled(origins=(APP, origin), credentials=credentials)
    assert policy is not None
    assert policy.origins == (APP,)
    assert said == [f"{code} origins"]


def test_where_no_origin_is_left_nothing_is_said_of_answers() -> None:
    policy, said = settled(
        origins=("https://app.example/",), said=(*COMMON, inexpressible("x", "y"))
    )
    assert policy is None
    assert said == ["not-expressible x", "never-matched origins", "origins-empty origins"]


def test_an_open_end_is_closed_and_an_expression_of_one_origin_is_that_origin() -> None:
    policy, said = settled(readings=(Reading(text=r"https://app\.example", is_open=True),))
    assert policy == Policy(origins=[APP], methods=[], headers=[])
    assert said == ["regex-open-end origin_regex"]


@pytest.mark.parametrize(
    ("text", "credentials", "regex", "code"),
    [
        (r"https://.*app\.example", True, r"https://(?:[a-z0-9-]+\.)*app\.example", "wide-regex"),
        (r"https://.*app\.example", False, r"https://.*app\.example", "wide-regex"),
        (r"https://[a-z]+\.vercel\.app", True, None, "wide-regex"),
        (r"https://.*\.[a-z]+", True, None, "wide-regex"),
        (r"https://([a-z]+)+\.app\.example", False, None, "regex-unbounded"),
    ],
)
def test_an_expression_that_admits_strangers_is_narrowed_or_left_out(
    text: str, regex: str | None, code: str, *, credentials: bool
) -> None:
    policy, said = settled(origins=(APP,), readings=(Reading(text=text),), credentials=credentials)
    assert policy is not None
    assert policy.origin_regex == regex
    assert said == [f"{code} origin_regex"]


def test_several_expressions_become_one() -> None:
    policy = policy_of(
        readings=(Reading(text=r"https://[a-c]\.example"), Reading(text=r"http://[a-c]\.example"))
    )
    assert policy.origin_regex == r"(?:https://[a-c]\.example)|(?:http://[a-c]\.example)"


def test_expressions_that_are_fine_alone_and_not_together_are_left_out() -> None:
    deep = "(?:" * 39 + "a" + ")" * 39
    readings = (
        Reading(text=f"https://{deep}x\\.app\\.example"),
        Reading(text="https://[bc]\\.example"),
    )
    policy, said = settled(origins=(APP,), readings=readings)
    assert policy == Policy(origins=[APP], methods=[], headers=[])
    assert said == ["regex-unbounded origin_regex"]


def test_a_method_that_no_browser_sends_so_is_left_out() -> None:
    policy, said = settled(origins=(APP,), methods=("GET", "put", "TRACE", "no token"))
    assert policy is not None
    assert policy.methods == ("GET",)
    assert said == ["never-matched methods"] * 3


def test_a_header_that_no_policy_may_name_is_left_out() -> None:
    policy, said = settled(
        origins=(APP,),
        headers=("X-Key", "Cookie", "Access-Control-Allow-Origin"),
        expose=("Set-Cookie",),
    )
    assert policy is not None
    assert (policy.headers, policy.expose) == (("X-Key",), ())
    assert said == [
        "header-forbidden headers",
        "header-is-response-header headers",
        "expose-forbidden expose",
    ]


def test_any_method_and_any_header_stay_any() -> None:
    policy = policy_of(
        origins=(APP,), methods=("*", "GET"), headers=("*", "Authorization", "X-Key")
    )
    assert (policy.methods, policy.headers) == (("*",), ("*", "Authorization"))


def test_a_star_that_is_a_name_to_pages_with_credentials_is_none_at_all() -> None:
    fields: dict[str, Any] = {
        "origins": (APP,),
        "methods": ("*", "PUT"),
        "headers": ("*", "X-Key"),
        "is_literal": True,
    }
    policy, said = settled(**fields, credentials=True, expose=("*", "ETag"))
    assert policy is not None
    assert (policy.methods, policy.headers, policy.expose) == (("PUT",), ("X-Key",), ("ETag",))
    assert said == [f"not-expressible {field}" for field in ("methods", "headers", "expose")]
    policy = policy_of(**fields)
    assert (policy.methods, policy.headers) == (("*",), ("*",))


def test_a_name_that_makes_a_sent_list_unreadable_is_told_for_what_it_did() -> None:
    lists = {"methods": ("no token",), "headers": ("no token",), "expose": ("no token", "")}
    _, said = settled(origins=(APP,), sent=frozenset(lists), **lists)
    assert [item for item in said if item.startswith("answers-differently")] == [
        f"answers-differently {field}" for field in lists
    ]


@pytest.mark.parametrize(("given", "kept"), [(0, 0), (86_400, 86_400), (86_401, 86_400), (-1, 0)])
def test_a_max_age_is_kept_within_a_day(given: int, kept: int) -> None:
    policy, said = settled(origins=(APP,), max_age=given)
    assert policy is not None
    assert policy.max_age == kept
    assert said == ([] if given == kept else ["max-age-out-of-range max_age"])


def test_what_a_draft_admits_is_what_the_library_admits() -> None:
    assert Draft(origins=("*",)).admits(APP)
    assert Draft(origins=(APP,)).admits(APP)
    assert Draft(readings=(Reading(text="https://app", is_open=True),)).admits(APP)
    assert not Draft().admits(APP)


def test_safelisted_methods_are_told_only_where_they_are_not_listed() -> None:
    assert safelisted(("GET", "HEAD", "POST"), "with 400") == ()
    (one,) = safelisted(("GET", "HEAD"), "with 400")
    assert one.message.startswith("POST is refused there with 400")
    (two,) = safelisted((), "with 400")
    assert two.message.startswith("GET and HEAD and POST are refused there with 400")


def test_what_is_imported_is_rows_and_what_is_said() -> None:
    imported = Imported(title="a library", found=("here",), rows=(Row(path="/", draft=None),))
    assert imported.said == ()
    assert differs("Vary", "it is there.").code == "answers-differently"
