"""What to write so that a refused request is allowed, and what is never advised."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.advice import Advice, advise, write_field, write_value
from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy

APP = "https://app.example"
OTHER = "https://other.example"
POLICY = Policy(origins=[APP], headers=["Content-Type", "X-Key"])


def preflight(method: str, *names: str, origin: str = APP) -> CorsRequest:
    return CorsRequest("OPTIONS", origin, method, (",".join(names),) if names else ())


def get(origin: str = APP) -> CorsRequest:
    return CorsRequest("GET", origin)


def ask(policy: Policy, request: CorsRequest, *, credentials: bool = False) -> Advice:
    return advise(policy, request, decide(policy, request), credentials=credentials)


def changed(policy: Policy, line: str) -> Policy:
    return Policy.from_mapping({**policy.to_mapping(), **tomllib.loads(line)})


@pytest.mark.parametrize(
    ("policy", "request_", "credentials", "line"),
    [
        (POLICY, preflight("PUT"), False, 'methods = ["GET", "HEAD", "POST", "PUT"]'),
        (
            POLICY,
            preflight("GET", "x-a", "x-key", "x-b"),
            False,
            'headers = ["Content-Type", "X-Key", "x-a", "x-b"]',
        ),
        (POLICY, get(OTHER), False, f'origins = ["{APP}", "{OTHER}"]'),
        (POLICY, get(), True, "credentials = true"),
        (
            POLICY,
            preflight("DELETE", "x-a", origin=OTHER),
            True,
            "\n".join(
                [
                    f'origins = ["{APP}", "{OTHER}"]',
                    'methods = ["GET", "HEAD", "POST", "DELETE"]',
                    'headers = ["Content-Type", "X-Key", "x-a"]',
                    "credentials = true",
                ]
            ),
        ),
        (Policy(origins="*"), get(), True, f'origins = ["{APP}"]\ncredentials = true'),
        (Policy(origins=["@loopback"]), get(), False, f'origins = ["@loopback", "{APP}"]'),
        (
            Policy(origins="*", headers="*"),
            preflight("GET", "authorization"),
            False,
            'headers = ["*", "authorization"]',
        ),
        (Policy(origins=[APP], methods=[]), preflight("PUT"), False, 'methods = ["PUT"]'),
        (
            Policy(origin_regex=r"https://[a-z]+\.app\.example"),
            get(),
            False,
            f'origins = ["{APP}"]',
        ),
    ],
)
def test_the_line_keeps_what_is_there_and_adds_what_is_missing(
    policy: Policy, request_: CorsRequest, credentials: bool, line: str
) -> None:
    assert ask(policy, request_, credentials=credentials).line == line


def test_what_is_added_is_named_as_it_stands_in_the_line() -> None:
    assert ask(POLICY, preflight("PUT", "x-a")).added == ('"PUT"', '"x-a"')
    assert ask(Policy(origins="*"), get(), credentials=True).added == (f'"{APP}"', "true")


def test_an_allowed_request_needs_no_change() -> None:
    assert ask(POLICY, get()) == Advice(line=None, note="Nothing needs changing.")


def test_a_request_without_origin_asks_no_policy() -> None:
    advice = ask(POLICY, CorsRequest("GET"))
    assert advice == Advice(line=None, note="Without an Origin header no policy is asked.")


@pytest.mark.parametrize("credentials", [False, True])
@pytest.mark.parametrize("risks", [(), ("null-origin",)])
def test_null_is_never_advised_and_its_risk_is_named(
    credentials: bool, risks: tuple[str, ...]
) -> None:
    policy = Policy(origins=[APP], accept_risks=risks)
    advice = ask(policy, get("null"), credentials=credentials)
    assert advice.line is None
    assert "any site (the risk null-origin)" in advice.note


def test_null_with_credentials_is_not_advised_for_the_open_policy_either() -> None:
    advice = ask(Policy(origins="*"), get("null"), credentials=True)
    assert advice.line is None
    assert "wildcard-with-credentials" in advice.note
    assert "null-origin" in advice.note


def test_credentials_for_any_origin_are_advised_only_for_a_list_and_say_why() -> None:
    advice = ask(Policy(origins="*"), get(), credentials=True)
    assert advice.note == (
        '"*" with credentials would let every site act as the signed-in user '
        "(wildcard-with-credentials), so name each origin that may."
    )


@pytest.mark.parametrize(
    ("policy", "request_", "credentials", "part"),
    [
        (
            Policy(origins=[APP], credentials=True),
            get("http://intranet.example"),
            True,
            "insecure-origin: origins:",
        ),
        (Policy(origins=["http://intranet.example"]), get(), True, "insecure-origin: origins:"),
        (Policy(origins=[APP], expose="*"), get(), True, "expose-wildcard-with-credentials"),
        (POLICY, preflight("TRACE"), False, "method-forbidden: methods:"),
        (POLICY, preflight("GET", "cookie"), False, "header-forbidden: headers:"),
        (POLICY, preflight("GET", "a b"), False, "No browser sends this"),
        (POLICY, preflight("G E T"), False, "No browser sends this"),
        (POLICY, CorsRequest("GET", (APP, APP)), False, "No browser sends this"),
        (POLICY, get("https://app.example/"), False, "No browser sends this"),
    ],
)
def test_what_cannot_work_or_wants_a_risk_accepted_is_told_and_not_written(
    policy: Policy, request_: CorsRequest, credentials: bool, part: str
) -> None:
    advice = ask(policy, request_, credentials=credentials)
    assert advice.line is None
    assert part in advice.note


def test_a_method_in_lower_case_is_to_be_repaired_in_the_page() -> None:
    listed = Policy(origins=[APP], methods=["PATCH"])
    assert ask(listed, preflight("patch")).line is None
    assert 'write method: "PATCH"' in ask(listed, preflight("patch")).note
    unlisted = ask(POLICY, preflight("patch"))
    assert unlisted.line == 'methods = ["GET", "HEAD", "POST", "PATCH"]'
    assert 'write method: "PATCH"' in unlisted.note


ORIGINS = [APP, OTHER, "http://localhost:5173", "http://intranet.example", "null"]
HEADERS = ["content-type", "x-key", "authorization", "x-a", "range"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "QUERY"]


def policies() -> st.SearchStrategy[Policy]:
    def made(
        origins: list[str], methods: list[str], headers: list[str], *, credentials: bool
    ) -> Policy:
        credentials = credentials and "*" not in origins
        risks = ["null-origin", "insecure-origin"]
        return Policy(
            origins=origins,
            methods=methods,
            headers=headers,
            credentials=credentials,
            accept_risks=risks,
        )

    return st.builds(
        made,
        st.lists(st.sampled_from([*ORIGINS, "*", "@loopback"]), min_size=1, unique=True),
        st.lists(st.sampled_from([*METHODS, "*"]), unique=True),
        st.lists(st.sampled_from([*HEADERS, "*", "@range"]), unique=True),
        credentials=st.booleans(),
    )


@given(
    policy=policies(),
    origin=st.sampled_from(ORIGINS),
    method=st.sampled_from(METHODS),
    names=st.lists(st.sampled_from(HEADERS), unique=True),
    credentials=st.booleans(),
)
def test_whoever_follows_the_advice_is_allowed_and_gives_nothing_away(
    policy: Policy, origin: str, method: str, names: list[str], credentials: bool
) -> None:
    request = preflight(method, *names, origin=origin)
    advice = ask(policy, request, credentials=credentials)
    satisfied = decide(policy, request).allowed and (policy.credentials or not credentials)
    if advice.line is None:
        assert satisfied or "null-origin" in advice.note
        return
    assert not satisfied
    after = changed(policy, advice.line)
    assert decide(after, request).allowed
    assert after.credentials or not credentials
    # Nobody gains but the origin that asked; and null and * are never the advice.
    gained = set(after.origins) - set(policy.origins)
    assert gained <= {origin} - {"null", "*"}
    assert after.accept_risks == policy.accept_risks
    assert ask(after, request, credentials=credentials).note == "Nothing needs changing."


@given(st.text())
def test_any_text_is_written_so_that_toml_reads_it_back(text: str) -> None:
    value = text.encode("utf-8", "replace").decode()  # TOML is UTF-8: no lone surrogates
    assert tomllib.loads(write_field("key", value)) == {"key": value}


def test_lists_truth_and_numbers_are_written_as_toml() -> None:
    assert write_value(["a", 'b"c']) == '["a", "b\\"c"]'
    values: list[object] = [True, False, 600, []]
    assert list(map(write_value, values)) == ["true", "false", "600", "[]"]
