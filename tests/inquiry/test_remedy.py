"""What to change: the header lines that are missing, and the lines of a stack."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.browser import Failure, FetchRequest, Profile, Sent
from corsmith.exchange import Answer, Exchange, NoAnswer, Result
from corsmith.inquiry.change import Need
from corsmith.inquiry.layer import read_layers, witness
from corsmith.inquiry.remedy import Remedy, find_remedy

PAGE = "https://app.example"
URL = "https://api.example/items"
ORIGIN = ("Access-Control-Allow-Origin", PAGE)
TRUE = ("Access-Control-Allow-Credentials", "true")
VARY = ("Vary", "Origin")
STAR = ("Access-Control-Allow-Origin", "*")
SERVER = "Server"


def remedy(
    preflight: Result, actual: Result | None = None, stack: str | None = None, **request: Any
) -> Remedy | None:
    """Return what is to be changed in a server that answers so."""

    def send(sent: Sent, _: bytes | None) -> Result:
        return preflight if sent.kind == "preflight" or actual is None else actual

    asked = FetchRequest(**{"page": PAGE, "url": URL} | request)
    trial = Exchange(send=send, follow=lambda url: "elsewhere" not in url).put(asked, Profile())
    who = None if trial.last is None else witness(trial.last)
    layers = read_layers(leg.answer for leg in trial.legs if leg.answer is not None)
    return find_remedy(asked, trial, who, layers, stack)


def answer(status: int, *headers: tuple[str, str], body: bytes = b"") -> Answer:
    return Answer(status=status, headers=headers, body=body)


def test_nothing_is_to_be_changed_where_nothing_is_wrong() -> None:
    assert remedy(answer(200, ORIGIN)) is None
    assert remedy(answer(302, ORIGIN, ("Location", "https://elsewhere.example/"))) is None


@pytest.mark.parametrize(
    ("preflight", "actual", "request_", "asks", "needs"),
    [
        (answer(200), None, {}, (), (ORIGIN, VARY)),
        (answer(200, VARY), None, {}, (), (ORIGIN,)),
        (answer(200, ("Vary", "accept, ORIGIN")), None, {}, (), (ORIGIN,)),
        (answer(200, ORIGIN, VARY), None, {"credentials": "include"}, (), (TRUE,)),
        (
            answer(200, ("Access-Control-Allow-Origin", "*"), ("Vary", "*")),
            None,
            {"credentials": "include"},
            (),
            (ORIGIN, TRUE, VARY),
        ),
        # A star that stays is the same for every page.
        (
            answer(200, STAR),
            None,
            {"method": "PUT", "headers": (("X-Key", "1"),)},
            (
                ("Access-Control-Allow-Methods", "PUT"),
                ("Access-Control-Allow-Headers", "x-key"),
            ),
            (),
        ),
        (
            answer(401),
            None,
            {"method": "PUT", "headers": (("X-Key", "1"), ("X-A", "1"))},
            (
                ORIGIN,
                ("Access-Control-Allow-Methods", "PUT"),
                ("Access-Control-Allow-Headers", "x-a, x-key"),
                VARY,
            ),
            (ORIGIN, VARY),
        ),
        (
            answer(
                *(200, ORIGIN, VARY, ("Access-Control-Allow-Methods", "get,put")),
                ("Access-Control-Allow-Headers", "X-A, *"),
            ),
            None,
            {"method": "PUT", "headers": (("X-A", "1"),)},
            (("Access-Control-Allow-Methods", "GET, PUT"),),
            (),
        ),
        (
            answer(
                200,
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Methods", "*"),
                ("Access-Control-Allow-Headers", "X-A"),
            ),
            None,
            {"method": "PUT", "headers": (("X-Key", "1"),)},
            (("Access-Control-Allow-Headers", "X-A, x-key"),),
            (),
        ),
        (
            answer(200, ORIGIN, VARY, ("Access-Control-Allow-Methods", "PUT")),
            answer(500),
            {"method": "PUT"},
            (),
            (ORIGIN, VARY),
        ),
        (answer(200, ORIGIN, ORIGIN), None, {}, (), (ORIGIN, VARY)),
        (answer(307, ("Location", "/items/")), None, {}, (), ()),
    ],
)
def test_the_header_lines_that_are_missing_are_shown_and_no_others(
    preflight: Answer, actual: Answer | None, request_: dict[str, Any], asks: object, needs: object
) -> None:
    found = remedy(preflight, actual, **request_)
    assert found is not None
    assert (found.preflight, found.request) == (asks, needs)
    assert (found.stack, found.lines, found.note) == (None, (), None)


def test_the_stack_that_shows_is_told_in_its_own_lines() -> None:
    found = remedy(answer(500, (SERVER, "uvicorn")), credentials="include")
    assert found is not None
    assert (found.need, found.stack) == (Need.ERROR, "starlette")
    assert found.lines == (
        "from starlette.middleware.cors import CORSMiddleware",
        "",
        "app = CORSMiddleware(",
        "    app,",
        '    allow_origins=["https://app.example"],',
        '    allow_methods=["GET"],',
        "    allow_credentials=True,",
        ")",
    )
    assert found.note == "Starlette(middleware=[…]) puts it inside the layer that makes the 500."


def test_the_stack_that_is_named_wins_over_the_one_that_shows() -> None:
    found = remedy(answer(200, (SERVER, "uvicorn")), stack="rails", method="PUT")
    assert found is not None
    assert found.stack == "rails"
    assert "      methods: [:put]" in found.lines


def test_of_several_layers_the_inner_is_changed_but_for_what_two_layers_do() -> None:
    both = ((SERVER, "nginx"), ("X-Powered-By", "Express"))
    inner = remedy(answer(200, *both))
    outer = remedy(answer(200, *both, ORIGIN, ORIGIN))
    assert inner is not None
    assert outer is not None
    assert (inner.stack, outer.stack) == ("express", "nginx")
    assert outer.lines[0] == "proxy_hide_header Access-Control-Allow-Origin;"


def test_a_need_that_a_stack_has_no_lines_for_has_none() -> None:
    slash = remedy(answer(307, (SERVER, "uvicorn"), ("Location", "/items/")))
    assert slash is not None
    assert (slash.stack, slash.lines) == (None, ())
    host = remedy(answer(400, body=b"Invalid host header"), stack="django")
    assert host is not None
    assert host.lines == ('ALLOWED_HOSTS += ["api.example"]',)


def test_a_method_that_needs_no_list_is_in_none() -> None:
    found = remedy(answer(200), headers=(("X-Key", "1"),))
    assert found is not None
    names = [name for name, _ in found.preflight]
    assert names == ["Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Vary"]


def test_a_server_that_says_nothing_needs_no_header_lines() -> None:
    silent = NoAnswer(failure=Failure.REFUSED, step="connect", problem="refused")
    found = remedy(silent, method="PUT")
    assert found is not None
    assert (found.need, found.preflight, found.request) == (Need.REACH, (), ())


def test_corsmith_stands_before_the_app_that_it_serves() -> None:
    app = answer(404, ("Proxy-Status", "corsmith; error=x"), body=b'{"detail":"Not Found"}')
    found = remedy(app, method="PUT", headers=(("X-Key", "1"),), credentials="include")
    assert found is not None
    assert (found.need, found.stack) == (Need.PREFLIGHT, "corsmith")
    assert found.note == (
        "Without a file, on its command line: --origin https://app.example --method PUT "
        "--header x-key --credentials; a flag replaces its list, so name again what is to stay, "
        "as in --origin @loopback,https://app.example."
    )


def test_what_corsmith_checks_besides_origins_has_a_flag_of_its_own() -> None:
    body = b'{"status": "Misdirected Request", "detail": "This server does not answer to x"}'
    found = remedy(answer(421, body=body))
    assert found is not None
    assert (found.need, found.lines) == (Need.HOST, ("--allow-host api.example",))


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        (
            "@ollama",
            (f"OLLAMA_ORIGINS={PAGE} ollama serve", f"corsmith serve @ollama --origin {PAGE}"),
        ),
        ("@lmstudio", ("lms server start --cors", f"corsmith serve @lmstudio --origin {PAGE}")),
        ("@mcp", (f"corsmith serve @mcp --origin {PAGE}",)),
    ],
)
def test_a_program_that_has_a_name_is_told_what_to_type(
    program: str, lines: tuple[str, ...]
) -> None:
    for refused in (answer(403), answer(404), answer(200, ("Access-Control-Allow-Origin", "x"))):
        for method in ("GET", "PUT"):
            found = remedy(refused, stack=program, method=method)
            assert found is not None
            assert (found.need, found.stack, found.lines) == (Need.ALLOW, program, lines)
            assert (found.preflight, found.request) == ((), ())
            assert f" allow {PAGE}, or let the page ask a gateway before it" in found.says


@pytest.mark.parametrize(
    ("refused", "request_"),
    [
        (NoAnswer(failure=Failure.REFUSED, step="connect", problem="refused"), {}),
        (answer(200, ORIGIN, VARY), {"credentials": "include"}),
        (answer(200, ORIGIN, VARY), {"method": "PUT"}),
        (answer(403), {"page": "null"}),
    ],
    ids=["down", "credentials", "method", "null"],
)
def test_what_is_not_about_the_origin_is_told_of_a_program_as_of_any(
    refused: Result, request_: dict[str, Any]
) -> None:
    found = remedy(refused, stack="@ollama", **request_)
    assert found == remedy(refused, **request_)
    assert found is not None
    assert not any("OLLAMA" in line for line in found.lines)
