"""What the fields of a policy mean together: refused, merged or warned of, word for word."""

# ruff: noqa: E501  a line of a table is a line that is printed

from __future__ import annotations

from typing import Any

import pytest

from corsmith.errors import PolicyError
from corsmith.policy import Policy

APP = "https://app.example"


def problems(**fields: Any) -> list[str]:
    """Return each problem of a policy as it is printed; none if it can be made."""
    try:
        Policy(**({"origins": [APP]} | fields))
    except PolicyError as error:
        return [str(problem) for problem in error.problems]
    return []


def warnings(**fields: Any) -> list[str]:
    """Return each warning of a policy as it is printed."""
    return [str(warning) for warning in Policy(**({"origins": [APP]} | fields)).warnings]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"origins": []}, 'origins-empty: origins: no origin is allowed, so no page could read any answer. Write origins=["https://app.example"], or origins="*" for everyone.'),
        ({"origins": "*", "credentials": True}, 'wildcard-with-credentials: origins: "*" with credentials would let every site act as the signed-in user. List the origins, or set credentials=False; for development write origins=["@loopback"].'),
        ({"origins": [APP, "*"], "credentials": True, "accept_risks": ["wide-regex", "null-origin"]}, 'wildcard-with-credentials: origins: "*" with credentials would let every site act as the signed-in user. List the origins, or set credentials=False; for development write origins=["@loopback"].'),
        ({"origins": ["null"]}, 'null-origin: origins: "null" is sent by every sandboxed frame and every page from a file: it admits any site. Leave it out, or say accept_risks=["null-origin"].'),
        ({"origins": ["http://app.example"], "credentials": True}, 'insecure-origin: origins: "http://app.example" is not https: whoever is on the network can speak for it, with credentials. Write "https://app.example", or say accept_risks=["insecure-origin"].'),
        ({"origins": ["http://*.app.example:8080"], "credentials": True}, 'insecure-origin: origins: "http://*.app.example:8080" is not https: whoever is on the network can speak for it, with credentials. Write "https://*.app.example:8080", or say accept_risks=["insecure-origin"].'),
        ({"origins": ["http://app.example:443"], "credentials": True}, 'insecure-origin: origins: "http://app.example:443" is not https: whoever is on the network can speak for it, with credentials. Write "https://app.example", or say accept_risks=["insecure-origin"].'),
        ({"origins": ["ws://app.example"], "credentials": True}, 'insecure-origin: origins: "ws://app.example" is not https: whoever is on the network can speak for it, with credentials. Write "https://app.example", or say accept_risks=["insecure-origin"].'),
        ({"origins": ["https://*.github.io"], "credentials": True}, 'public-suffix: origins: "https://*.github.io" admits whoever registers a name below github.io, a public suffix. Name the site, or say accept_risks=["public-suffix"].'),
        ({"origins": ["https://pr-*.vercel.app"]}, 'public-suffix: origins: "https://pr-*.vercel.app" admits whoever registers a name below vercel.app, a public suffix. Name the site, or say accept_risks=["public-suffix"].'),
        ({"expose": ["*"], "credentials": True}, 'expose-wildcard-with-credentials: expose: "*" with credentials exposes only a header whose name is *. Write the names, for example expose=["X-Total-Count"].'),
        ({"headers": ["@rnage"]}, 'unknown-group: headers: "@rnage" is no group of headers. Write "@range".'),
        ({"expose": ["@loopback"]}, 'unknown-group: expose: "@loopback" is no group of expose. The groups of expose are @download, @mcp, @pagination, @range, @tracing.'),
        ({"origins": ["@range", APP]}, 'unknown-group: origins: "@range" is no group of origins. The groups of origins are @loopback.'),
        ({"headers": ["X-A", "Host"]}, 'header-forbidden: headers: "Host" is forbidden: browsers let no page set it, so none asks for it. Leave it out.'),
        ({"expose": ["*", "Set-Cookie"]}, 'expose-forbidden: expose: "Set-Cookie" is forbidden: browsers let no page read it. Leave it out.'),
        ({"origins": [APP + "/"]}, 'origin-has-path: origins: "https://app.example/" has a trailing slash. An origin is scheme, host and port. Write "https://app.example".'),
    ],
)  # fmt: skip
def test_what_cannot_work_or_is_dangerous_is_refused(fields: dict[str, Any], line: str) -> None:
    assert problems(**fields) == [line]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"origins": ["https://app.example:*"]}, 'any-port: origins: "https://app.example:*" allows every port of that host, whoever listens there. List the ports, if you know them.'),
        ({"origins": [APP, "http://localhost:3000"]}, "localhost-beside-public: origins: \"http://localhost:3000\" stands beside public origins: any program on a user's machine can be it. Keep it for development; localhost, 127.0.0.1 and [::1] are three hosts, @loopback means them all."),
        ({"origins": ["https://*.github.io"]}, 'public-suffix: origins: "https://*.github.io" admits whoever registers a name below github.io, a public suffix. Name the site, or say accept_risks=["public-suffix"].'),
        ({"max_age": 7201}, "max-age-over-cap: max_age: 7201 seconds are shortened to 7200 by Chromium. Write max_age=7200."),
        ({"headers": "*"}, 'wildcard-without-authorization: headers: "*" does not cover Authorization: a page that sends it is refused by the standard. Write headers=["*", "Authorization"] if pages send it.'),
        ({"headers": ["X-A", "*"], "credentials": True}, 'wildcard-without-authorization: headers: "*" does not cover Authorization: a page that sends it is refused by the standard. Write headers=["*", "Authorization"] if pages send it.'),
        ({"expose": ["Content-type"]}, 'expose-safelisted: expose: "Content-type" is CORS-safelisted: every allowed page may read it anyway. Leave it out.'),
        ({"expose": ["Content-Length"]}, 'expose-safelisted: expose: "Content-Length" is CORS-safelisted: every allowed page may read it anyway. Leave it out.'),
        ({"expose": ["X-Api-Key"]}, 'expose-sensitive: expose: "X-Api-Key" usually carries a secret, and every allowed page could read it. Leave it out unless pages need it.'),
        ({"methods": ["patch"]}, 'method-lower-case: methods: "patch" is not PATCH: browsers keep its case, and methods compare byte for byte. Write "PATCH".'),
    ],
)  # fmt: skip
def test_what_is_suspicious_but_legitimate_is_a_warning(fields: dict[str, Any], line: str) -> None:
    assert problems(**fields) == []
    assert warnings(**fields) == [line]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"origins": [], "origin_regex": r"https://[a-z]+\.app\.example"},
        {"origins": "*"},
        {"origins": ["*", "null", "http://localhost:3000", "https://app.example:*"]},
        {"origins": ["@loopback"], "credentials": True},
        {"origins": ["http://localhost:*", "http://app.localhost", "http://127.0.0.2"]},
        {"origins": ["http://localhost", "tauri://localhost", "capacitor://localhost"]},
        {"origins": [APP, "capacitor://localhost", "chrome-extension://abc"], "credentials": True},
        {"origins": ["http://app.example"]},
        {"origins": ["https://*.app.example", "https://pr-*.app.example"], "credentials": True},
        {"origins": ["http://*.localhost:*", "http://pr-*.localhost"], "credentials": True},
        {"max_age": 7200},
        {"max_age": 0},
        {"headers": ["*", "authorization"]},
        {"headers": ["*", "@mcp"]},
        {"headers": [], "methods": [], "expose": []},
        {"expose": "*"},
        {"expose": ["*", "Content-Type", "X-Api-Key"]},
        {"expose": ["@range", "@download", "content-length"]},
        {"methods": ["PATCH", "patch", "PURGE"]},
    ],
)
def test_what_is_usual_has_neither_problem_nor_warning(fields: dict[str, Any]) -> None:
    assert problems(**fields) == []
    assert warnings(**fields) == []


@pytest.mark.parametrize(
    ("risk", "fields"),
    [
        ("null-origin", {"origins": ["null"]}),
        ("null-origin", {"origins": ["null"], "credentials": True}),
        ("insecure-origin", {"origins": ["http://app.example"], "credentials": True}),
        ("insecure-origin", {"origins": ["http://169.254.169.254:90"], "credentials": True}),
        ("insecure-origin", {"origins": ["http://[2001:db8::1]"], "credentials": True}),
        ("insecure-origin", {"origins": ["http://localhost.evil.example"], "credentials": True}),
        ("insecure-origin", {"origins": ["connector://foo"], "credentials": True}),
        ("public-suffix", {"origins": ["https://*.com"], "credentials": True}),
        ("public-suffix", {"origins": ["https://*.co.uk."], "credentials": True}),
        ("public-suffix", {"origins": ["https://*.nosuchtoplabel"], "credentials": True}),
        ("public-suffix", {"origins": ["https://x-*.com"]}),
        ("wide-regex", {"origins": [], "origin_regex": r"https://.*", "credentials": True}),
    ],
)
def test_a_risk_is_taken_only_by_name_and_then_without_a_word(
    risk: str, fields: dict[str, Any]
) -> None:
    refused = problems(**fields)
    assert [line.partition(":")[0] for line in refused] == [risk]
    others = {"insecure-origin", "null-origin", "public-suffix", "wide-regex"} - {risk}
    assert problems(**fields, accept_risks=others) == refused
    assert problems(**fields, accept_risks=[risk]) == []
    assert warnings(**fields, accept_risks=[risk]) == []


def test_a_risk_that_is_not_taken_may_be_accepted_all_the_same() -> None:
    assert problems(accept_risks=["null-origin", "wide-regex"]) == []


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost.",
        "http://a.b.localhost:3000",
        "http://*.localhost",
        "http://127.0.0.1:90",
        "http://127.255.255.254",
        "http://[::1]:90",
        "ws://localhost:3000",
        "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba",
        "moz-extension://2f2f2f2f-0000-4000-8000-000000000000",
        "safari-web-extension://abc",
        "extension://abc",
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "app://obsidian.md",
    ],
)
def test_credentials_need_no_risk_on_this_machine_or_in_an_app(origin: str) -> None:
    assert problems(origins=[origin], credentials=True) == []


def test_every_problem_is_told_at_once_in_the_order_of_the_fields() -> None:
    codes = [
        line.partition(":")[0]
        for line in problems(
            accept_risks=["x"],
            preflight_status=404,
            origin_regex="(",
            max_age=-1,
            credentials=True,
            expose=["*", "Set-Cookie"],
            headers=["Host", "a b"],
            methods=["TRACE", ""],
            origins=["https://a.example/", "http://b.example"],
            orgins=[],
        )
    ]
    assert codes == [
        "unknown-field",
        "origin-has-path",
        "insecure-origin",
        "method-forbidden",
        "method-not-a-token",
        "header-forbidden",
        "header-not-a-token",
        "expose-forbidden",
        "expose-wildcard-with-credentials",
        "max-age-out-of-range",
        "regex-invalid",
        "preflight-status-not-ok",
        "unknown-risk",
    ]


def test_warnings_are_not_told_beside_problems() -> None:
    lines = problems(origins=["https://a.example:*", "null"], max_age=86_400)
    assert [line.partition(":")[0] for line in lines] == ["null-origin"]


@pytest.mark.parametrize(
    "fields",
    [
        {"origins": 7},
        {"origins": "https://app.example"},
        {"origins": [7]},
        {"origins": ["@lopback"]},
        {"origins": [], "allow_origins": [APP]},
    ],
)
def test_the_lack_of_origins_is_not_told_where_another_problem_explains_it(
    fields: dict[str, Any],
) -> None:
    lines = problems(**fields)
    assert len(lines) == 1
    assert not lines[0].startswith("origins-empty")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (["X-Key", "x-key", "A"], ("X-Key", "A")),
        (["x-a", "*", "Authorization"], ("*", "Authorization")),
        (["authoriZation", "*", "Authorization"], ("authoriZation", "*")),
        (["@tracing", "B3", "x"], ("traceparent", "tracestate", "baggage", "sentry-trace", "b3", "x")),
        (["*", "@mcp"], ("*", "Authorization")),
        (["@download"], ()),
    ],
)  # fmt: skip
def test_a_star_swallows_the_headers_beside_it_but_authorization(
    written: list[str], sent: tuple[str, ...]
) -> None:
    pairs = dict(Policy(origins=[APP], headers=written).answers.preflight(APP, "GET", ()))
    assert pairs.get("Access-Control-Allow-Headers", "") == ",".join(sent)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (["ETag", "etag", "X"], "ETag,X"),
        (["X", "*"], "*"),
        (["@pagination", "x-total-count"], "Link,X-Total-Count,Location"),
        (["@tracing"], None),
    ],
)
def test_what_is_exposed_is_merged_too(written: list[str], sent: str | None) -> None:
    pairs = dict(Policy(origins=[APP], expose=written).answers.actual(APP))
    assert pairs.get("Access-Control-Expose-Headers") == sent


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({}, {APP}),
        ({"origins": [APP, "null"], "accept_risks": ["null-origin"]}, {APP, "null"}),
        ({"origins": ["https://*.app.example"]}, {"https://a.app.example"}),
        ({"origins": [], "origin_regex": r"https://b\.example"}, {"https://b.example"}),
        (
            {"origins": [APP, "https://*.app.example"], "origin_regex": r"https://b\.example"},
            {APP, "https://a.app.example", "https://b.example"},
        ),
    ],
)
def test_each_way_to_name_an_origin_admits_what_it_names_and_no_more(
    fields: dict[str, Any], allowed: set[str]
) -> None:
    policy = Policy(**({"origins": [APP]} | fields))
    everyone = {APP, "null", "https://a.app.example", "https://b.example", "https://c.example"}
    assert {origin for origin in everyone if policy.answers.allow(origin)} == allowed
