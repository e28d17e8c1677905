"""What a script asks for: the Request constructor, XMLHttpRequest, elements and beacons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, WEBKIT, Body, FetchRequest
from corsmith.browser.request import InvalidRequestError, Prepared, prepare, unsafe_names

if TYPE_CHECKING:
    from corsmith.browser import Engine

A = "a" * 128


def made(engine: Engine = STANDARD, **fields: Any) -> Prepared:
    return prepare(
        FetchRequest(page="https://app.example", url="https://api.example/", **fields), engine
    )


def names(*lines: tuple[str, str], engine: Engine = STANDARD) -> tuple[str, ...]:
    return unsafe_names(made(engine, headers=lines).headers, engine)


@pytest.mark.parametrize(
    ("given", "method"),
    [("get", "GET"), ("Put", "PUT"), ("patch", "patch"), ("PATCH", "PATCH"), ("*", "*")],
)
def test_six_methods_are_normalised_and_no_others(given: str, method: str) -> None:
    assert made(method=given).method == method


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"method": ""}, "method-not-a-token"),
        ({"method": "a b"}, "method-not-a-token"),
        ({"method": "Trace"}, "method-forbidden"),
        ({"method": "PUT", "mode": "no-cors"}, "method-not-safelisted"),
        ({"headers": (("a b", "1"),)}, "header-not-a-token"),
        ({"headers": (("a", "1\n2"),)}, "header-value-invalid"),
        ({"headers": (("a", "\u0100"),)}, "header-value-invalid"),
        ({"body": Body(kind="text")}, "body-not-allowed"),
        ({"method": "POST", "body": Body(kind="stream", half=False)}, "stream-not-half-duplex"),
        (
            {"method": "POST", "mode": "no-cors", "body": Body(kind="stream")},
            "stream-not-half-duplex",
        ),
    ],
)
def test_the_constructor_throws_for_what_no_browser_sends(
    fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidRequestError) as error:
        made(**fields)
    assert error.value.code == code


def test_xmlhttprequest_leaves_out_the_body_of_a_get() -> None:
    prepared = made(api="xhr", body=Body(kind="text"))
    assert (prepared.body, prepared.headers) == (None, ())


@pytest.mark.parametrize(
    "name", ["Cookie", "origin", "Sec-X", "Proxy-Y", "Access-Control-Request-Method"]
)
def test_forbidden_headers_are_dropped_without_a_word(name: str) -> None:
    assert made(headers=((name, "1"),)).headers == ()


def test_no_engine_forbids_the_header_of_private_network_access() -> None:
    assert names(("Access-Control-Request-Private-Network", "1")) != ()


def test_one_engine_drops_the_user_agent_of_a_script() -> None:
    assert made(CHROMIUM, headers=(("User-Agent", "x"),)).headers == ()
    assert made(headers=(("User-Agent", "x"),)).headers == (("User-Agent", "x"),)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("PUT", True),
        ("TRACE", False),
        ("get, track ", False),
        ('",TRACE,",PUT', True),
        ('"TRACE"', True),
        ("TRACES", True),
        ("", True),
    ],
)
def test_a_method_override_is_dropped_where_it_names_a_forbidden_method(
    value: str, *, kept: bool
) -> None:
    assert bool(made(headers=(("X-HTTP-Method-Override", value),)).headers) is kept


def test_two_engines_split_an_override_inside_quotes() -> None:
    assert made(FIREFOX, headers=(("X-Method-Override", '",TRACE,",PUT'),)).headers == ()


def test_header_values_lose_the_white_space_around_them() -> None:
    assert made(headers=(("X", " \r\n a b\t"),)).headers == (("X", "a b"),)


def test_xmlhttprequest_makes_one_line_of_two() -> None:
    twice = (("X", "1"), ("y", "2"), ("x", "3"))
    assert made(api="xhr", headers=twice).headers == (("X", "1, 3"), ("y", "2"))
    assert made(headers=twice).headers == twice


def test_no_cors_keeps_safelisted_headers_only() -> None:
    given = (("Accept", "a" * 100), ("Accept", "b" * 100), ("X", "1"), ("Range", "bytes=0-1"))
    assert made(mode="no-cors", headers=given).headers == given[:1]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (Body(kind="text"), "text/plain;charset=UTF-8"),
        (Body(kind="blob", type="Image/PNG"), "image/png"),
        (Body(kind="blob"), None),
        (Body(kind="bytes"), None),
        (Body(kind="form"), "application/x-www-form-urlencoded;charset=UTF-8"),
        (Body(kind="multipart"), "multipart/form-data; boundary=----boundary"),
    ],
)
def test_a_body_brings_its_type(body: Body, kind: str | None) -> None:
    assert dict(made(method="POST", body=body).headers).get("Content-Type") == kind


def test_a_type_that_a_script_sets_stays() -> None:
    own = (("content-type", "x/y"),)
    assert made(method="POST", body=Body(kind="text"), headers=own).headers == own


def test_no_cors_drops_a_type_that_is_not_safelisted_except_in_one_engine() -> None:
    json: dict[str, Any] = {
        "method": "POST",
        "mode": "no-cors",
        "body": Body(kind="blob", type="application/json"),
    }
    assert made(**json).headers == ()
    assert made(WEBKIT, **json).headers == (("Content-Type", "application/json"),)


def test_a_stream_forces_a_preflight_where_streams_are_known() -> None:
    stream: dict[str, Any] = {"method": "POST", "body": Body(kind="stream")}
    assert made(**stream).force_preflight
    assert not made(WEBKIT, **stream).force_preflight
    assert made(FIREFOX, **stream).headers == (("Content-Type", "text/plain;charset=UTF-8"),)


def test_an_upload_listener_forces_a_preflight() -> None:
    assert made(api="xhr", upload_listener=True).force_preflight
    assert not made(CHROMIUM, api="xhr", upload_listener=True).force_preflight
    with_body: dict[str, Any] = {
        "api": "xhr",
        "method": "POST",
        "upload_listener": True,
        "body": Body(kind="text"),
    }
    assert made(CHROMIUM, **with_body).force_preflight


@pytest.mark.parametrize(
    ("api", "crossorigin", "mode", "credentials"),
    [
        ("img", None, "no-cors", "include"),
        ("img", "", "cors", "same-origin"),
        ("script", "use-credentials", "cors", "include"),
        ("stylesheet", "anonymous", "cors", "same-origin"),
        ("module", None, "cors", "same-origin"),
        ("module", "use-credentials", "cors", "include"),
    ],
)
def test_an_element_asks_as_its_attribute_says(
    api: Any, crossorigin: str | None, mode: str, credentials: str
) -> None:
    prepared = made(api=api, crossorigin=crossorigin, method="PUT", mode="same-origin")
    assert (prepared.method, prepared.mode, prepared.credentials) == ("GET", mode, credentials)
    assert prepared.is_element


def test_an_event_source_asks_for_events() -> None:
    assert made(api="eventsource").headers == (("Accept", "text/event-stream"),)


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        (None, "no-cors"),
        (Body(kind="text"), "no-cors"),
        (Body(kind="blob", type="application/json"), "cors"),
    ],
)
def test_a_beacon_is_a_cors_request_where_its_type_is_not_safelisted(
    body: Body | None, mode: str
) -> None:
    prepared = made(api="beacon", body=body)
    assert (prepared.method, prepared.mode, prepared.credentials) == ("POST", mode, "include")


def test_unsafe_names_are_lower_case_sorted_and_each_once() -> None:
    asked = (("X-B", "1"), ("Authorization", "x"), ("x-b", "2"), ("Accept", "*/*"))
    assert names(*asked) == ("authorization", "x-b")
    assert names(*asked, engine=FIREFOX) == ("authorization", "x-b", "x-b")


def test_safelisted_values_have_a_limit_together() -> None:
    many = tuple([("Accept", A)] * 5 + [("Accept-Language", A)] * 3)
    assert names(*many) == ()
    assert names(*many, ("Content-Language", "a")) == (
        "accept",
        "accept-language",
        "content-language",
    )
    assert names(*many, ("Content-Language", "a"), engine=FIREFOX) == ()
    assert names(("Accept", "a" * 70), ("accept", "a" * 70), engine=CHROMIUM) == ("accept",)


@pytest.mark.parametrize(
    ("name", "value", "safe"),
    [
        ("Save-Data", "on", True),
        ("Save-Data", "off", False),
        ("DPR", "2.0", True),
        ("DPR", "x", False),
        ("Width", "35", True),
        ("Width", "35.5", False),
        ("ECT", "4g", True),
        ("RTT", "1" * 129, False),
    ],
)
def test_one_engine_counts_client_hints_as_safelisted(name: str, value: str, *, safe: bool) -> None:
    assert (names((name, value), engine=CHROMIUM) == ()) is safe
    assert names((name, value)) == (name.lower(),)


@pytest.mark.parametrize(
    ("engine", "value", "safe"),
    [
        (STANDARD, "bytes=0-1", True),
        (STANDARD, "BYTES=0-1", False),
        (WEBKIT, "BYTES=+0-1", True),
        (WEBKIT, "bytes=2-1", False),
        (STANDARD, f"bytes={2**64}-", True),
        (FIREFOX, f"bytes={2**64}-", False),
        (FIREFOX, f"bytes=0-{2**64 - 1}", True),
        (CHROMIUM, f"bytes={2**63}-", False),
    ],
)
def test_a_range_needs_no_preflight_as_each_engine_reads_it(
    engine: Engine, value: str, *, safe: bool
) -> None:
    assert (names(("Range", value), engine=engine) == ()) is safe


def test_bytes_above_ascii_are_unsafe_in_one_engine() -> None:
    assert names(("Accept", "é"), engine=FIREFOX) == ("accept",)
    assert names(("Accept", "e"), ("Accept", "é")) == ()
