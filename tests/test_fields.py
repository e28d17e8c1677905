"""Reading one field: its type, its groups, its values, and each problem in its exact words."""

# ruff: noqa: E501  a line of a table is a line that is printed

from __future__ import annotations

import doctest
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from corsmith import fields
from corsmith.fields import (
    MAX_AGE_LIMIT,
    RISKS,
    expand,
    first_spellings,
    read_bool,
    read_header,
    read_max_age,
    read_methods,
    read_origins,
    read_preflight_status,
    read_regex,
    read_response_header,
    read_risks,
    read_strings,
)

if TYPE_CHECKING:
    from corsmith.diagnostics import Diagnostic


class Old(str, Enum):  # noqa: UP042  its str() is not its value, and that is the point
    PUT = "PUT"


class New(StrEnum):
    PUT = "PUT"


class Minutes(IntEnum):
    TEN = 600


class Shouting(str):  # noqa: SLOT000  as people write them
    def __str__(self) -> str:
        return "!"


def lines(problems: list[Diagnostic]) -> list[str]:
    """Return each problem as it is printed."""
    return [str(problem) for problem in problems]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(fields) == (0, 1)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("*", ("*",)),
        ([], ()),
        ((), ()),
        (set(), ()),
        (frozenset(), ()),
        (["b", "a", "b"], ("b", "a")),
        (("b", "a"), ("b", "a")),
        ({"b", "a", "c"}, ("a", "b", "c")),
        (frozenset({"b", "a"}), ("a", "b")),
        ([Old.PUT], ("PUT",)),
        ([New.PUT], ("PUT",)),
        ([Shouting("PUT")], ("PUT",)),
        (["*", "x"], ("*", "x")),
    ],
)
def test_a_list_is_read_from_a_list_a_tuple_or_a_set(value: object, read: tuple[str, ...]) -> None:
    problems: list[Diagnostic] = []
    strings = read_strings("expose", value, problems)
    assert strings == read
    assert problems == []
    assert {type(string) for string in strings} <= {str}


def test_a_set_is_read_in_one_order_whatever_its_hashes_are() -> None:
    # Two values that differ only where a quotation of them is cut.
    values = ["a" * 200 + "1", "a" * 200 + "0"]
    assert read_strings("origins", set(values), []) == (values[1], values[0])
    assert read_strings("origins", {("a",), "b", 1}, []) == ("b",)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("GET", 'not-a-list: methods: "GET" is one string; methods takes a list of strings. Write methods=["GET"].'),
        ("GET, PUT", 'not-a-list: methods: "GET, PUT" is one string; methods takes a list of strings. Write methods=["GET", "PUT"].'),
        ("", 'not-a-list: methods: "" is one string; methods takes a list of strings. Write methods=[].'),
        pytest.param(Shouting("GET"), 'not-a-list: methods: "GET" is one string; methods takes a list of strings. Write methods=["GET"].', id="a str of its own"),
        (None, 'wrong-type: methods: None is of type NoneType; methods takes a list, tuple or set of strings. Write methods=["…"].'),
        (7, 'wrong-type: methods: 7 is of type int; methods takes a list, tuple or set of strings. Write methods=["…"].'),
        (b"GET", "wrong-type: methods: b'GET' is of type bytes; methods takes a list, tuple or set of strings. Write methods=[\"…\"]."),
        ({"GET": 1}, "wrong-type: methods: {'GET': 1} is of type dict; methods takes a list, tuple or set of strings. Write methods=[\"…\"]."),
        (dict.fromkeys("a").keys(), "wrong-type: methods: dict_keys(['a']) is of type dict_keys; methods takes a list, tuple or set of strings. Write methods=[\"…\"]."),
        (range(2), 'wrong-type: methods: range(0, 2) is of type range; methods takes a list, tuple or set of strings. Write methods=["…"].'),
        ([None], "wrong-type: methods: None is of type NoneType; methods holds strings. Write each value as a string."),
        ([b"GET"], "wrong-type: methods: b'GET' is of type bytes; methods holds strings. Write each value as a string."),
        ([["GET"]], "wrong-type: methods: ['GET'] is of type list; methods holds strings. Write each value as a string."),
    ],
)  # fmt: skip
def test_what_is_no_list_of_strings_is_a_problem_that_shows_the_list(
    value: object, line: str
) -> None:
    problems: list[Diagnostic] = []
    assert read_strings("methods", value, problems) == ()
    assert lines(problems) == [line]


def test_a_generator_is_a_problem_since_a_second_look_would_find_it_empty() -> None:
    problems: list[Diagnostic] = []
    assert read_strings("origins", (x for x in "ab"), problems) == ()
    assert [problem.code for problem in problems] == ["wrong-type"]


def test_a_wrong_value_does_not_hide_the_others_of_its_list() -> None:
    problems: list[Diagnostic] = []
    assert read_strings("expose", ["a", 1, "b", 2.5], problems) == ("a", "b")
    assert [problem.value for problem in problems] == ["1", "2.5"]


GROUPS = {"@one": ("a", "b"), "@two": ("b", "c"), "@none": ()}


def test_a_group_is_replaced_by_what_it_stands_for_and_each_value_is_there_once() -> None:
    problems: list[Diagnostic] = []
    assert expand("headers", ("x", "@one", "@two", "@none", "a"), GROUPS, problems) == tuple("xabc")
    assert problems == []


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("@ones", 'unknown-group: headers: "@ones" is no group of headers. Write "@one".'),
        ("@", 'unknown-group: headers: "@" is no group of headers. The groups of headers are @none, @one, @two.'),
    ],
)  # fmt: skip
def test_an_unknown_group_is_a_problem_that_shows_the_nearest(value: str, line: str) -> None:
    problems: list[Diagnostic] = []
    assert expand("headers", ("x", value), GROUPS, problems) == ("x",)
    assert lines(problems) == [line]


def test_header_names_are_merged_without_case_and_keep_their_first_spelling() -> None:
    names = ["X-Key", "x-key", "content-type", "X-KEY", "Content-Type"]
    assert first_spellings(names) == ("X-Key", "content-type")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (["https://b.example", "https://a.example"], ("https://b.example", "https://a.example")),
        (["https://a.example", "*"], ("*",)),
        (["*", "https://a.example/"], ("*",)),
        (["@loopback"], ("@loopback",)),
        ("*", ("*",)),
    ],
)
def test_origins_keep_their_order_and_a_star_swallows_the_others(
    value: object, read: tuple[str, ...]
) -> None:
    assert read_origins(value, []) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (["get", "Put", "DELETE"], ("GET", "PUT", "DELETE")),
        (["get", "GET"], ("GET",)),
        (["options", "head", "post"], ("OPTIONS", "HEAD", "POST")),
        (["PURGE", "purge", "chicken"], ("PURGE", "purge", "chicken")),
        (["PATCH", "patch"], ("PATCH", "patch")),
        (["GET", "*", "patch"], ("*",)),
        ([], ()),
    ],
)
def test_methods_are_normalised_as_fetch_does_and_each_is_there_once(
    value: object, read: tuple[str, ...]
) -> None:
    problems: list[Diagnostic] = []
    assert read_methods(value, problems) == read
    assert problems == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("", 'method-not-a-token: methods: "" is no method: a method is a token.'),
        ("résumé", 'method-not-a-token: methods: "résumé" is no method: a method is a token.'),
        ("GET, PUT", 'method-not-a-token: methods: "GET, PUT" is no method: a method is a token. Write "GET", "PUT".'),
        (" GET", 'method-not-a-token: methods: " GET" is no method: a method is a token. Write "GET".'),
        ("GET\n", 'method-not-a-token: methods: "GET\\n" is no method: a method is a token. Write "GET".'),
        ("a;b", 'method-not-a-token: methods: "a;b" is no method: a method is a token.'),
        ("\udcff", 'method-not-a-token: methods: "\\udcff" is no method: a method is a token.'),
        ("@range", 'method-not-a-token: methods: "@range" is no method: a method is a token.'),
        ("TRACE", 'method-forbidden: methods: "TRACE" is forbidden: browsers let no page send it. Leave it out.'),
        ("Connect", 'method-forbidden: methods: "Connect" is forbidden: browsers let no page send it. Leave it out.'),
        ("track", 'method-forbidden: methods: "track" is forbidden: browsers let no page send it. Leave it out.'),
        ("patch", 'method-lower-case: methods: "patch" is not PATCH: browsers keep its case, and methods compare byte for byte. Write "PATCH".'),
        ("Patch", 'method-lower-case: methods: "Patch" is not PATCH: browsers keep its case, and methods compare byte for byte. Write "PATCH".'),
    ],
)  # fmt: skip
def test_a_method_that_no_page_can_send_is_told(name: str, line: str) -> None:
    problems: list[Diagnostic] = []
    read_methods(["GET", name], problems)
    assert lines(problems) == [line]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("résumé", 'header-not-a-token: headers: "résumé" is no header name: a name is a token.'),
        ("X-A: 1", 'header-not-a-token: headers: "X-A: 1" is no header name: a name is a token.'),
        ("X-A,X-B", 'header-not-a-token: headers: "X-A,X-B" is no header name: a name is a token. Write "X-A", "X-B".'),
        ("Host", 'header-forbidden: headers: "Host" is forbidden: browsers let no page set it, so none asks for it. Leave it out.'),
        ("sec-fetch-mode", 'header-forbidden: headers: "sec-fetch-mode" is forbidden: browsers let no page set it, so none asks for it. Leave it out.'),
        ("COOKIE", 'header-forbidden: headers: "COOKIE" is forbidden: browsers let no page set it, so none asks for it. Leave it out; cookies come with credentials=True.'),
        ("Set-Cookie", 'header-forbidden: headers: "Set-Cookie" is forbidden: browsers let no page set it, so none asks for it. Leave it out.'),
        ("Access-Control-Allow-Origin", 'header-is-response-header: headers: "Access-Control-Allow-Origin" is a response header; headers are what a page may send. Leave it out: corsmith sends it where it belongs.'),
    ],
)  # fmt: skip
def test_a_request_header_that_no_page_can_send_is_told(name: str, line: str) -> None:
    problems: list[Diagnostic] = []
    read_header(name, problems)
    assert lines(problems) == [line]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("", 'header-not-a-token: expose: "" is no header name: a name is a token.'),
        ("set-cookie", 'expose-forbidden: expose: "set-cookie" is forbidden: browsers let no page read it. Leave it out.'),
        ("Set-Cookie2", 'expose-forbidden: expose: "Set-Cookie2" is forbidden: browsers let no page read it. Leave it out.'),
        ("Access-Control-Max-Age", 'expose-forbidden: expose: "Access-Control-Max-Age" is only on the answer to a preflight, which no page reads. Leave it out.'),
        ("Origin", 'expose-is-request-header: expose: "Origin" is a request header; expose is what a page may read. Leave it out.'),
    ],
)  # fmt: skip
def test_a_response_header_that_no_page_can_read_is_told(name: str, line: str) -> None:
    problems: list[Diagnostic] = []
    read_response_header(name, problems)
    assert lines(problems) == [line]


@pytest.mark.parametrize("name", ["*", "X-A", "Authorization", "User-Agent", "Range"])
def test_any_other_name_may_be_sent_and_read(name: str) -> None:
    problems: list[Diagnostic] = []
    read_header(name, problems)
    read_response_header(name, problems)
    assert problems == []


@pytest.mark.parametrize("value", [1, 0, "true", None, [], 1.0])
def test_only_true_and_false_are_truth_values(value: object) -> None:
    problems: list[Diagnostic] = []
    assert read_bool("credentials", value=True, problems=problems) is True
    assert read_bool("credentials", value=False, problems=problems) is False
    assert problems == []
    assert read_bool("credentials", value, problems) is False
    assert problems[0].fix == "Write credentials=True or credentials=False."
    assert problems[0].code == "wrong-type"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, None),
        (0, 0),
        (600, 600),
        (MAX_AGE_LIMIT, 86_400),
        pytest.param(Minutes.TEN, 600, id="an enum"),
        (timedelta(minutes=10), 600),
        (timedelta(0), 0),
        (timedelta(days=1), 86_400),
        (timedelta(microseconds=2_000_000), 2),
    ],
)
def test_a_max_age_is_whole_seconds_up_to_a_day(value: object, read: int | None) -> None:
    problems: list[Diagnostic] = []
    seconds = read_max_age(value, problems)
    assert seconds == read
    assert type(seconds) in {int, type(None)}
    assert problems == []


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (-1, "max-age-out-of-range: max_age: -1 is outside 0 to 86400 seconds (a day). Write max_age=0 to have nothing kept."),
        (86_401, "max-age-out-of-range: max_age: 86401 is outside 0 to 86400 seconds (a day). Write max_age=7200, Chromium's cap."),
        pytest.param(10**5000, "max-age-out-of-range: max_age: <int> is outside 0 to 86400 seconds (a day). Write max_age=7200, Chromium's cap.", id="huge"),
        (timedelta(days=-1), "max-age-out-of-range: max_age: -86400 is outside 0 to 86400 seconds (a day). Write max_age=0 to have nothing kept."),
        (timedelta(days=3, milliseconds=1), "max-age-not-whole-seconds: max_age: 259200.001 seconds is no whole number of seconds. Write max_age=86400."),
        (timedelta(days=10_000), "max-age-out-of-range: max_age: 864000000 is outside 0 to 86400 seconds (a day). Write max_age=7200, Chromium's cap."),
        (timedelta(seconds=1.5), "max-age-not-whole-seconds: max_age: 1.5 seconds is no whole number of seconds. Write max_age=1."),
        (timedelta(seconds=-0.5), "max-age-not-whole-seconds: max_age: -0.5 seconds is no whole number of seconds. Write max_age=0."),
        (True, "wrong-type: max_age: True is of type bool; max_age takes whole seconds, a timedelta or None. Write max_age=600."),
        (600.0, "wrong-type: max_age: 600.0 is of type float; max_age takes whole seconds, a timedelta or None. Write max_age=600."),
        ("600", 'wrong-type: max_age: "600" is of type str; max_age takes whole seconds, a timedelta or None. Write max_age=600.'),
        (float("nan"), "wrong-type: max_age: nan is of type float; max_age takes whole seconds, a timedelta or None. Write max_age=600."),
        (Decimal(5), "wrong-type: max_age: Decimal('5') is of type Decimal; max_age takes whole seconds, a timedelta or None. Write max_age=600."),
        (Fraction(5), "wrong-type: max_age: Fraction(5, 1) is of type Fraction; max_age takes whole seconds, a timedelta or None. Write max_age=600."),
    ],
)  # fmt: skip
def test_a_max_age_that_no_browser_honours_is_told(value: object, line: str) -> None:
    problems: list[Diagnostic] = []
    assert read_max_age(value, problems) is None
    assert lines(problems) == [line]


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_preflight_may_be_answered_with_any_ok_status(status: int) -> None:
    problems: list[Diagnostic] = []
    assert read_preflight_status(status, problems) == status
    assert problems == []


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (199, "preflight-status-not-ok: preflight_status: 199 is no ok status: browsers refuse a preflight outside 200 to 299. Write preflight_status=204."),
        (300, "preflight-status-not-ok: preflight_status: 300 is no ok status: browsers refuse a preflight outside 200 to 299. Write preflight_status=204."),
        (True, "wrong-type: preflight_status: True is of type bool; preflight_status takes an integer. Write preflight_status=204."),
        ("204", 'wrong-type: preflight_status: "204" is of type str; preflight_status takes an integer. Write preflight_status=204.'),
        (None, "wrong-type: preflight_status: None is of type NoneType; preflight_status takes an integer. Write preflight_status=204."),
    ],
)  # fmt: skip
def test_a_preflight_status_that_browsers_refuse_is_told(value: object, line: str) -> None:
    problems: list[Diagnostic] = []
    assert read_preflight_status(value, problems) == 200
    assert lines(problems) == [line]


def test_a_regular_expression_is_read_as_text() -> None:
    problems: list[Diagnostic] = []
    assert read_regex(None, problems) is None
    assert read_regex("(", problems) == "("
    assert type(read_regex(Shouting("x"), problems)) is str
    assert problems == []
    assert read_regex(["x"], problems) is None
    assert lines(problems) == [
        "wrong-type: origin_regex: ['x'] is of type list; origin_regex takes one regular expression as a string. Write origin_regex=\"…\"."
    ]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset, iter, dict.fromkeys])
def test_risks_are_accepted_from_anything_that_holds_names(kind: object) -> None:
    assert callable(kind)
    problems: list[Diagnostic] = []
    assert read_risks(kind(RISKS), problems) == set(RISKS)
    assert read_risks(kind([]), problems) == frozenset()
    assert problems == []


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("null-origin", 'not-a-list: accept_risks: "null-origin" is one string; accept_risks takes a list of names. Write accept_risks=["null-origin"].'),
        ("all", 'not-a-list: accept_risks: "all" is one string; accept_risks takes a list of names. Write accept_risks=["insecure-origin"].'),
        (True, 'wrong-type: accept_risks: True is of type bool; accept_risks takes a list of names. Write accept_risks=["insecure-origin"].'),
        (b"x", "wrong-type: accept_risks: b'x' is of type bytes; accept_risks takes a list of names. Write accept_risks=[\"insecure-origin\"]."),
        (["null_origin"], 'unknown-risk: accept_risks: "null_origin" is no risk that can be accepted. Write "null-origin".'),
        (["x"], 'unknown-risk: accept_risks: "x" is no risk that can be accepted. The risks are insecure-origin, null-origin, public-suffix, wide-regex.'),
        ([7], "unknown-risk: accept_risks: 7 is no risk that can be accepted. The risks are insecure-origin, null-origin, public-suffix, wide-regex."),
    ],
)  # fmt: skip
def test_a_risk_that_does_not_exist_is_told(value: object, line: str) -> None:
    problems: list[Diagnostic] = []
    assert read_risks(value, problems) == frozenset()
    assert lines(problems) == [line]
