"""The answers made in advance: the whole header set for each kind of request, in both forms."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.tables import (
    MAX_ECHOED_BYTES,
    MAX_ECHOED_NAMES,
    MAX_EMPTY_ELEMENTS,
    MAX_ORIGINS_MET,
    AnswerFields,
    Answers,
)

APP = "https://app.example"
ORIGIN = ("Access-Control-Allow-Origin", APP)
STAR = ("Access-Control-Allow-Origin", "*")
CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
METHODS = ("Access-Control-Allow-Methods", "PUT,patch")
HEADERS = ("Access-Control-Allow-Headers", "X-Key,Content-Type")
EXPOSE = ("Access-Control-Expose-Headers", "ETag,X-Total")
AGE = ("Access-Control-Max-Age", "600")
VARY = ("Vary", "Origin")


def as_bytes(text: str) -> bytes:
    return text.encode("latin-1")


def answers(**changes: Any) -> Answers[str]:
    """Return the answers of a policy that has everything, but for the changes."""
    fields: dict[str, Any] = {
        "any_origin": False,
        "exact": frozenset({APP}),
        "admits": None,
        "methods": ("PUT", "patch"),
        "headers": ("X-Key", "Content-Type"),
        "expose": ("ETag", "X-Total"),
        "credentials": True,
        "max_age": 600,
    }
    return Answers(AnswerFields(**(fields | changes)), str)


def fault(asked: Answers[str], method: str = "GET", *lines: str) -> str | None:
    """Return the code of what is wrong with a preflight, and what it is about."""
    found = asked.fault(method, lines)
    return None if found is None else f"{found.code} {found.value}"


SIXTY_FOUR = ",".join(f"x-{n}" for n in range(MAX_ECHOED_NAMES))
OPEN = answers(any_origin=True, exact=frozenset(), credentials=False)
STARS = answers(methods=("*",), headers=("*",))
LITERAL = answers(methods=("*",), headers=("*",), credentials=False)


def test_an_actual_request_of_an_allowed_origin_gets_all_but_the_lists_of_a_preflight() -> None:
    assert answers().actual(APP) == (ORIGIN, CREDENTIALS, EXPOSE, VARY)
    assert answers(credentials=False, expose=()).actual(APP) == (ORIGIN, VARY)


@pytest.mark.parametrize("origin", [None, "https://other.example", "null", "", "*"])
def test_whoever_is_not_allowed_gets_vary_alone(origin: str | None) -> None:
    assert answers().actual(origin) == (VARY,)
    assert answers().preflight(origin, "PUT", ()) == (VARY,)


@pytest.mark.parametrize("origin", [None, APP, "https://other.example", "null", "", "\xff"])
def test_the_open_policy_gives_everyone_the_same_star_and_no_vary(origin: str | None) -> None:
    assert OPEN.actual(origin) == (STAR, EXPOSE)
    assert OPEN.preflight(origin, "DELETE", ()) == (STAR, METHODS, HEADERS, AGE)
    assert OPEN.allow("x") == STAR
    assert OPEN.vary == ()


def test_a_preflight_gets_the_whole_static_truth_whatever_it_asks_for() -> None:
    everything = (ORIGIN, CREDENTIALS, METHODS, HEADERS, AGE, VARY)
    for method in ("PUT", "GET", "DELETE", "", "a b", "x" * 100_000):
        for lines in ((), ("x-key",), ("x-other",), (",,,",), ("x\ny",)):
            assert answers().preflight(APP, method, lines) == everything


def test_nothing_is_sent_for_an_empty_list_and_zero_is_an_age() -> None:
    bare = answers(methods=(), headers=(), expose=(), credentials=False, max_age=None)
    assert bare.preflight(APP, "PUT", ()) == (ORIGIN, VARY)
    assert answers(max_age=0).preflight(APP, "PUT", ())[-2] == ("Access-Control-Max-Age", "0")


def test_an_origin_that_is_not_listed_is_admitted_by_the_matcher_byte_for_byte() -> None:
    admitting = answers(admits=lambda text: text.startswith("https://pr-"))
    assert admitting.allow("https://pr-1.example") == (ORIGIN[0], "https://pr-1.example")
    assert admitting.allow("https://other.example") is None
    assert admitting.allow(APP) == ORIGIN


def test_an_origin_that_the_matcher_admitted_is_not_asked_about_again() -> None:
    asked: list[str] = []

    def admits(text: str) -> bool:
        asked.append(text)
        return text.startswith("https://pr-")

    admitting = answers(admits=admits)
    for _ in range(3):
        expected = ((ORIGIN[0], "https://pr-1.example"), CREDENTIALS, EXPOSE, VARY)
        assert admitting.actual("https://pr-1.example") == expected
        assert admitting.actual(" https://pr-1.example") == expected
        assert admitting.actual("https://other.example") == (VARY,)
    assert asked.count("https://pr-1.example") == 1
    assert asked.count("https://other.example") == 3


def test_only_so_many_admitted_origins_are_remembered_and_no_stranger() -> None:
    admitting = answers(admits=lambda text: text.startswith("https://pr-"))
    for number in range(MAX_ORIGINS_MET + 50):
        assert admitting.allow(f"https://pr-{number}.example") is not None
        assert admitting.allow(f"https://other-{number}.example") is None
    pages = [f"https://pr-{number}.example" for number in range(MAX_ORIGINS_MET + 50)]
    ready = [page for page in pages if admitting.find(page) is not None]
    assert ready == pages[:MAX_ORIGINS_MET]
    assert admitting.find("https://other-0.example") is None


def test_what_needs_no_look_at_an_origin_is_ready() -> None:
    exact = answers()
    assert exact.find(None) is exact.unmatched
    assert exact.find(APP) is exact.actual(APP)
    assert exact.find("https://stranger.example") is None
    for origin in (None, APP, "no origin"):
        assert OPEN.find(origin) is OPEN.unmatched


@pytest.mark.parametrize("around", ["{} ", " {}", "\t {}\t "])
def test_white_space_around_a_field_value_is_no_part_of_it(around: str) -> None:
    assert answers().allow(around.format(APP)) == ORIGIN
    assert answers(admits=lambda text: text == "x").allow(around.format("x")) == (ORIGIN[0], "x")
    assert answers().allow(around.format("")) is None


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\r", "\n", "\xa0", "\x85", "\x1f"])
def test_only_space_and_tab_are_white_space(odd: str) -> None:
    assert answers().allow(APP + odd) is None
    assert answers().allow(odd + APP) is None


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        (None, "origin-malformed"),
        ("", "origin-malformed"),
        ("*", "origin-malformed"),
        ("https://a.example, https://b.example", "origin-malformed"),
        ("https://a.example/", "origin-malformed"),
        ("https://\xff.example", "origin-malformed"),
        ("null", "origin-not-allowed"),
        (" null", "origin-not-allowed"),
        ("https://a.example", "origin-not-allowed"),
        ("\thttps://a.example ", "origin-not-allowed"),
    ],
)
def test_a_refusal_says_whether_the_value_is_an_origin_at_all(
    origin: str | None, code: str
) -> None:
    assert answers().refusal(origin) == code


def test_the_forms_of_a_host_differ_in_nothing_but_the_form() -> None:
    fields = AnswerFields(
        any_origin=False,
        exact=frozenset({APP}),
        admits=lambda text: text == "https://b.example",
        methods=("*",),
        headers=("*", "Authorization"),
        expose=("ETag",),
        credentials=True,
        max_age=1,
    )
    text, octets = Answers(fields, str, str.lower), Answers(fields, as_bytes, str.lower)
    for origin in (APP, "https://b.example", " https://b.example\t", "https://c.example", "\xff"):
        assert octets.refusal(as_bytes(origin)) == text.refusal(origin)
        pairs = text.actual(origin)
        assert octets.actual(as_bytes(origin)) == tuple(
            (as_bytes(k), as_bytes(v)) for k, v in pairs
        )
        for method, line in (("PUT", "x-a,authorization"), ("TRACE", "x a"), ("\xff", "\xff")):
            pairs = text.preflight(origin, method, (line,))
            assert octets.preflight(as_bytes(origin), as_bytes(method), (as_bytes(line),)) == tuple(
                (as_bytes(k), as_bytes(v)) for k, v in pairs
            )
            asked = octets.fault(as_bytes(method), (as_bytes(line),))
            assert asked == text.fault(method, (line,))
    assert text.actual(APP)[0] == ("access-control-allow-origin", APP)


def test_without_credentials_a_star_is_sent_as_it_is_and_covers_everything() -> None:
    assert LITERAL.preflight(APP, "PUT", ("x-a",)) == (
        ORIGIN,
        ("Access-Control-Allow-Methods", "*"),
        ("Access-Control-Allow-Headers", "*"),
        AGE,
        VARY,
    )
    for method in ("PUT", "patch", "TRACE", "*", "x" * MAX_ECHOED_BYTES):
        assert fault(LITERAL, method, "x-a,x-b") is None
    assert fault(LITERAL, "x" * (MAX_ECHOED_BYTES + 1)) == f"method-malformed {'x' * 4097}"


@pytest.mark.parametrize("method", ["PUT", "GET", "patch", "CHICKEN", "x" * MAX_ECHOED_BYTES])
def test_with_credentials_the_method_that_was_asked_is_echoed(method: str) -> None:
    assert ("Access-Control-Allow-Methods", method) in STARS.preflight(APP, method, ())
    assert fault(STARS, method) is None


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("", "method-malformed"),
        ("GET, PUT", "method-malformed"),
        ("PUT\n", "method-malformed"),
        ("\xff", "method-malformed"),
        ("x" * (MAX_ECHOED_BYTES + 1), "method-malformed"),
        ("TRACE", "method-not-allowed"),
        ("connect", "method-not-allowed"),
    ],
)
def test_with_credentials_what_no_page_can_send_is_not_echoed(method: str, code: str) -> None:
    assert STARS.preflight(APP, method, ()) == (ORIGIN, CREDENTIALS, AGE, VARY)
    assert fault(STARS, method) == f"{code} {method}"


@pytest.mark.parametrize(
    ("lines", "echoed"),
    [
        (("x-a,x-b",), "x-a,x-b"),
        (("x-a", "x-b"), "x-a,x-b"),
        ((" x-a ,,\tX-B",), "x-a,X-B"),
        (("x-a,x-a",), "x-a"),
        (("*",), "*"),
        (("x-a,authorization",), "x-a"),
        (("x" * MAX_ECHOED_BYTES,), "x" * MAX_ECHOED_BYTES),
        ((SIXTY_FOUR,), SIXTY_FOUR),
        (("," * MAX_EMPTY_ELEMENTS + ",".join("x" * MAX_ECHOED_NAMES),), "x"),
    ],
)
def test_with_credentials_the_names_that_were_asked_are_echoed(
    lines: tuple[str, ...], echoed: str
) -> None:
    assert ("Access-Control-Allow-Headers", echoed) in STARS.preflight(APP, "GET", lines)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), None),
        (("",), None),
        ((" ,\t, ",), None),
        (("x a",), "headers-malformed x a"),
        (("x-a,x\nb",), "headers-malformed x\nb"),
        (("x-a,\xff",), "headers-malformed \xff"),
        (("authorization",), "header-not-allowed authorization"),
        (("AUTHORIZATION",), "header-not-allowed AUTHORIZATION"),
        (("x" * (MAX_ECHOED_BYTES + 1),), "headers-too-many 4097 bytes"),
        (("x" * 2048, "x" * 2049), "headers-too-many 4097 bytes"),
        ((",".join(f"x-{n}" for n in range(MAX_ECHOED_NAMES + 1)),), "headers-too-many 65 names"),
        (("x-a," * 65,), "headers-too-many 65 names"),
        (("," * 80,), "headers-too-many 80 bytes"),
        (("," * 1_000_000,), "headers-too-many 1000000 bytes"),
        (("x-a",) * 81, "headers-too-many 81 lines"),
    ],
)
def test_with_credentials_nothing_else_is_echoed(lines: tuple[str, ...], said: str | None) -> None:
    methods = ("Access-Control-Allow-Methods", "PUT")
    assert STARS.preflight(APP, "PUT", lines) == (ORIGIN, CREDENTIALS, methods, AGE, VARY)
    assert fault(STARS, "PUT", *lines) == said


def test_one_list_is_echoed_while_the_other_is_static() -> None:
    method, name = ("Access-Control-Allow-Methods", "DELETE"), ("Access-Control-Allow-Headers", "x")
    any_method, any_header = answers(methods=("*",)), answers(headers=("*",))
    head, tail = (ORIGIN, CREDENTIALS), (AGE, VARY)
    assert any_method.preflight(APP, "DELETE", ("x",)) == (*head, method, HEADERS, *tail)
    assert any_header.preflight(APP, "DELETE", ("x",)) == (*head, METHODS, name, *tail)


def test_authorization_is_covered_only_where_it_is_named() -> None:
    for credentials in (False, True):
        unnamed = answers(headers=("*",), credentials=credentials)
        named = answers(headers=("*", "Authorization"), credentials=credentials)
        assert fault(unnamed, "GET", "x-a,Authorization") == "header-not-allowed Authorization"
        assert fault(named, "GET", "x-a,Authorization") is None
    echoed = ("Access-Control-Allow-Headers", "authorization,x-a")
    assert echoed in named.preflight(APP, "GET", ("authorization,x-a",))
    literal = answers(headers=("*", "Authorization"), credentials=False)
    sent = ("Access-Control-Allow-Headers", "*,Authorization")
    assert sent in literal.preflight(APP, "GET", ())


@pytest.mark.parametrize(
    ("method", "lines", "said"),
    [
        ("GET", (), None),
        ("HEAD", (), None),
        ("POST", ("x-key,content-type",), None),
        ("PUT", ("x-key", "", "content-type"), None),
        ("patch", (" X-KEY ,, Content-Type\t",), None),
        ("PATCH", (), "method-not-allowed PATCH"),
        ("put", (), "method-not-allowed put"),
        ("Get", (), "method-not-allowed Get"),
        ("DELETE", ("x-other",), "method-not-allowed DELETE"),
        ("*", (), "method-not-allowed *"),
        ("PUT, GET", (), "method-malformed PUT, GET"),
        ("GET", ("x-key,x-other,x-more",), "header-not-allowed x-other"),
        ("GET", ("x-key", "x-other"), "header-not-allowed x-other"),
        ("GET", ("*",), "header-not-allowed *"),
        ("GET", ("x-key;x-other",), "headers-malformed x-key;x-other"),
        ("GET", ("x-key," * 64,), None),
        ("GET", ("x-key," * 65,), "headers-too-many 65 names"),
        ("GET", ("x-key" + "," * 80,), "headers-too-many 85 bytes"),
        ("GET", ("\x0bx-key",), "headers-malformed \x0bx-key"),
    ],
)
def test_a_fault_is_the_first_thing_that_a_browser_would_refuse(
    method: str, lines: tuple[str, ...], said: str | None
) -> None:
    assert fault(answers(), method, *lines) == said


def test_a_long_list_of_names_widens_the_bounds_of_what_is_read() -> None:
    names = tuple(f"X-A-Rather-Long-Name-Of-A-Header-{n:04}" for n in range(200))
    many = answers(headers=names)
    line = ", ".join(names).lower()
    assert len(line) > MAX_ECHOED_BYTES
    assert fault(many, "GET", line) is None
    assert fault(many, "GET", *(name.lower() for name in names)) is None
    assert fault(many, "GET", line + ",x-other") == "headers-too-many 201 names"


def test_what_is_handed_out_cannot_be_changed() -> None:
    made = answers()
    handed = (made.vary, made.vary_tail, made.unmatched, made.actual(APP))
    assert {type(pairs) for pairs in (*handed, made.preflight(APP, "PUT", ()))} == {tuple}
    assert {type(pair) for pairs in handed for pair in pairs} == {tuple}
    for name in made.__slots__:
        with pytest.raises(AttributeError, match="the answers of a policy do not change"):
            setattr(made, name, ())
        with pytest.raises(AttributeError, match="the answers of a policy do not change"):
            delattr(made, name)
    assert made.actual(APP) == answers().actual(APP)
