"""What refuses an answer although CORS lets it through."""

from __future__ import annotations

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, Received
from corsmith.browser.blocks import element_problem, resource_policy_problem


def typed(kind: str, status: int = 200, *, nosniff: bool = False) -> Received:
    sniff = (("X-Content-Type-Options", "NoSniff, x"),) if nosniff else ()
    return Received(status=status, headers=(("Content-Type", kind), *sniff))


@pytest.mark.parametrize(
    ("api", "answer", "problem"),
    [
        ("eventsource", typed("text/event-stream; charset=utf-8"), None),
        ("eventsource", typed("text/plain"), "status 200, type 'text/plain': no event stream"),
        ("eventsource", typed("text/event-stream", 204), "status 204, type 'text/event-stream'"),
        ("script", typed("text/plain"), None),
        ("script", typed("text/javascript", 404), "status 404 is not ok"),
        (
            "script",
            typed("text/plain", nosniff=True),
            "type 'text/plain' is no JavaScript, and X-C",
        ),
        ("script", typed("text/javascript", nosniff=True), None),
        ("script", typed("image/png"), "type 'image/png' is never a script"),
        ("module", typed("TEXT/JavaScript"), None),
        ("module", typed("text/plain"), "type 'text/plain' is no JavaScript"),
        ("module", typed("text/javascript", 500), "status 500 is not ok"),
        ("stylesheet", typed("text/css"), None),
        ("stylesheet", typed(""), None),
        ("stylesheet", typed("text/plain"), "type 'text/plain' is no style sheet"),
        ("stylesheet", typed("", nosniff=True), "type '' is no style sheet"),
        ("img", typed("image/gif"), None),
        ("img", typed("image/gif", 206), None),
        ("img", typed("image/gif", 404), None),
        ("img", typed("image/gif", 204), "status 204 has no image"),
        ("fetch", typed("text/plain", 404, nosniff=True), None),
    ],
)
def test_an_element_makes_something_of_an_answer_or_tells_why_not(
    api: str, answer: Received, problem: str | None
) -> None:
    found = element_problem(api, "cors", answer, STANDARD)
    assert (found or "").startswith(problem or "")
    assert (found is None) is (problem is None)


def test_an_answer_without_a_type_is_no_module() -> None:
    assert element_problem("module", "cors", Received(status=200), STANDARD) is not None


def test_one_engine_takes_any_style_sheet() -> None:
    assert element_problem("stylesheet", "opaque", typed("text/plain"), CHROMIUM) is None


def test_engines_block_opaque_images_that_say_they_are_none() -> None:
    page = typed("text/html", nosniff=True)
    assert element_problem("img", "opaque", page, CHROMIUM) is not None
    assert element_problem("img", "cors", page, CHROMIUM) is None
    assert element_problem("img", "opaque", page, STANDARD) is None


def test_one_engine_blocks_an_opaque_part_of_an_image() -> None:
    assert element_problem("img", "opaque", typed("image/gif", 206), FIREFOX) is not None
    assert element_problem("img", "cors", typed("image/gif", 206), FIREFOX) is None


@pytest.mark.parametrize(
    ("policy", "target", "refused"),
    [
        ("same-origin", "https://app.example", False),
        ("same-origin", "https://app.example:8443", True),
        ("same-site", "https://app.example:8443", False),
        ("same-site", "https://api.example", True),
        ("cross-origin", "https://api.example", False),
        ("SAME-ORIGIN", "https://api.example", False),
    ],
)
def test_a_resource_policy_refuses_pages_that_are_not_meant(
    policy: str, target: str, *, refused: bool
) -> None:
    answer = Received(status=200, headers=(("Cross-Origin-Resource-Policy", policy),))
    found = resource_policy_problem("https://app.example", target, answer, STANDARD)
    assert (found is not None) is refused


def test_an_answer_without_a_policy_is_for_everyone() -> None:
    answer = Received(status=200)
    assert (
        resource_policy_problem("https://a.example", "https://b.example", answer, STANDARD) is None
    )
