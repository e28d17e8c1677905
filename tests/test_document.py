"""The two forms that a policy has outside Python: a TOML document and environment variables."""

# ruff: noqa: E501  a line of a table is a line that is printed

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

import pytest

from corsmith import document
from corsmith.document import read_document, read_environment
from corsmith.errors import PolicyError
from corsmith.policy import Policy
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable

APP = "https://app.example"
POLICY = """
[policy]
origins = ["https://app.example", "@loopback"]
methods = ["GET", "PUT"]
headers = ["X-Key"]
expose = "*"
max_age = 600
preflight_status = 204
accept_risks = ["null-origin"]
origin_regex = 'https://pr-[0-9]+\\.app\\.example'
credentials = false
"""
ROUTES = """
[[routes]]
path = "/api/"
origins = ["https://app.example"]

[[routes]]
path = "/health"
cors = false
"""
BEGIN = 'A policy begins with [policy], then origins = ["https://app.example"].'
EMPTY = "origins-empty: origins: no origin is allowed, so no page could read any answer."


def problems(make: Callable[[], object]) -> list[str]:
    """Return each problem that reading tells, as it is printed."""
    with pytest.raises(PolicyError) as caught:
        make()
    return [str(problem) for problem in caught.value.problems]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(document) == (0, 2)


def test_a_document_holds_one_policy() -> None:
    assert read_document(POLICY) == Policy(
        origins=[APP, "@loopback"],
        methods=["GET", "PUT"],
        headers=["X-Key"],
        expose="*",
        max_age=600,
        preflight_status=204,
        accept_risks=["null-origin"],
        origin_regex=r"https://pr-[0-9]+\.app\.example",
    )


def test_a_document_holds_routes() -> None:
    assert read_document(ROUTES) == Routes({"/api/": Policy(origins=[APP]), "/health": None})


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ['document-without-policy: the document holds neither [policy] nor [[routes]]. Begin with [policy], then origins = ["https://app.example"].']),
        ("# only a comment", ['document-without-policy: the document holds neither [policy] nor [[routes]]. Begin with [policy], then origins = ["https://app.example"].']),
        ("[policy]", [f'{EMPTY} Write origins = ["https://app.example"], or origins = "*" for everyone.']),
        ("[polcy]\norigins = ['*']", ['unknown-field: "polcy" is no table of a policy document. Write [policy].']),
        ("[[route]]\npath = '/'", ['unknown-field: "route" is no table of a policy document. Write [[routes]].']),
        ("origins = ['*']", ['unknown-field: "origins" is no table of a policy document. Write [policy] on a line above origins.']),
        ("allow_origins = ['*']", ['unknown-field: "allow_origins" is no table of a policy document. Write [policy] on a line above allow_origins.']),
        ("x = 1", ['unknown-field: "x" is no table of a policy document. The tables are [policy] and [[routes]].']),
        ("policy = 1", ["wrong-type: policy: policy is no table. Write [policy] on a line of its own."]),
        ("[[policy]]\norigins = ['*']", ["wrong-type: policy: policy is no table. Write [policy] on a line of its own."]),
        ("[routes]\npath = '/'", ["wrong-type: routes: routes are one list of tables, each with a path and the fields of a policy."]),
        ("[policy]\n[[routes]]", ['document-mixed: a document has [policy] or [[routes]], not both. Make the policy the route with path = "/".']),
        ("[policy]\norigin = ['*']", ['unknown-field: a policy has no field "origin". Write origins.']),
        ("[policy]\norigins = ['https://a.example/']\n[extra]", ['unknown-field: "extra" is no table of a policy document. The tables are [policy] and [[routes]].', 'origin-has-path: origins: "https://a.example/" has a trailing slash. An origin is scheme, host and port. Write "https://a.example".']),
        ("[[routes]]\npath = '/a'\norigins = ['null']", ['null-origin: /a origins: "null" is sent by every sandboxed frame and every page from a file: it admits any site. Leave it out, or say accept_risks = ["null-origin"].']),
        ("[policy]\norigins = ['*']\nmax_age = 10:00:00", ["wrong-type: max_age: datetime.time(10, 0) is of type time; max_age takes whole seconds, a timedelta or None. Write max_age = 600."]),
        ("[policy]\norigins = ['*']\nmax_age = inf", ["wrong-type: max_age: inf is of type float; max_age takes whole seconds, a timedelta or None. Write max_age = 600."]),
    ],
)  # fmt: skip
def test_a_document_that_says_no_policy_is_refused_with_every_problem(
    text: str, lines: list[str]
) -> None:
    assert problems(lambda: read_document(text)) == lines


@pytest.mark.parametrize(
    "text",
    [
        "policy",
        "[policy]\norigins = [https://app.example]",
        "[policy]\n[policy]",
        '{"origins": "*"}',
        "\0",
        pytest.param(f"x = {'9' * 5000}", id="more digits than int() reads"),
        pytest.param(f"x = {'[' * 100_000}", id="deeper than the stack"),
    ],
)
def test_a_text_that_is_no_toml_is_refused_with_the_place(text: str) -> None:
    (line,) = problems(lambda: read_document(text))
    assert line.startswith("document-not-toml: the text is no TOML: ")
    assert line.endswith(f". {BEGIN}")


def test_the_place_of_a_slip_in_toml_is_told() -> None:
    (line,) = problems(lambda: read_document("[policy]\norigins = x"))
    assert "(at line 2, column 11)" in line


@pytest.mark.parametrize(
    ("environ", "fields"),
    [
        ({"ORIGINS": APP}, {"origins": [APP]}),
        ({"ORIGINS": f" {APP} ,, https://b.example,"}, {"origins": [APP, "https://b.example"]}),
        ({"ORIGINS": "*"}, {"origins": "*"}),
        ({"ORIGINS": APP, "METHODS": "get,PUT"}, {"origins": [APP], "methods": ["GET", "PUT"]}),
        ({"ORIGINS": APP, "METHODS": "", "HEADERS": " "}, {"origins": [APP], "methods": [], "headers": []}),
        ({"ORIGINS": APP, "EXPOSE": "ETag,X"}, {"origins": [APP], "expose": ["ETag", "X"]}),
        ({"ORIGINS": APP, "MAX_AGE": " 600 "}, {"origins": [APP], "max_age": 600}),
        ({"ORIGINS": APP, "MAX_AGE": "0"}, {"origins": [APP], "max_age": 0}),
        ({"ORIGINS": APP, "MAX_AGE": "", "ORIGIN_REGEX": "", "CREDENTIALS": " "}, {"origins": [APP]}),
        ({"ORIGINS": APP, "PREFLIGHT_STATUS": "204"}, {"origins": [APP], "preflight_status": 204}),
        ({"ORIGIN_REGEX": r"[h]ttps://a{1,2}\.example"}, {"origin_regex": r"[h]ttps://a{1,2}\.example"}),
        ({"ORIGINS": "null", "ACCEPT_RISKS": "null-origin,wide-regex"}, {"origins": ["null"], "accept_risks": ["null-origin", "wide-regex"]}),
        ({"ORIGINS": APP, "CREDENTIALS": "TRUE"}, {"origins": [APP], "credentials": True}),
        ({"ORIGINS": APP, "CREDENTIALS": "1"}, {"origins": [APP], "credentials": True}),
        ({"ORIGINS": APP, "CREDENTIALS": "yes"}, {"origins": [APP], "credentials": True}),
        ({"ORIGINS": APP, "CREDENTIALS": "on"}, {"origins": [APP], "credentials": True}),
        ({"ORIGINS": APP, "CREDENTIALS": "False"}, {"origins": [APP]}),
        ({"ORIGINS": APP, "CREDENTIALS": "0"}, {"origins": [APP]}),
        ({"ORIGINS": APP, "CREDENTIALS": "no"}, {"origins": [APP]}),
        ({"ORIGINS": APP, "CREDENTIALS": "off"}, {"origins": [APP]}),
    ],
)  # fmt: skip
def test_the_environment_has_one_variable_for_each_field(
    environ: dict[str, str], fields: dict[str, object]
) -> None:
    variables = {f"CORS_{name}": value for name, value in environ.items()}
    others = {"PATH": "/bin", "CORSX": "1", "ORIGINS": "nonsense"}
    assert read_environment(variables | others, "CORS_") == Policy.from_mapping(fields)


def test_the_prefix_can_be_another() -> None:
    environ = {"SHOP_ORIGINS": APP, "CORS_ORIGINS": "https://b.example"}
    assert read_environment(environ, "SHOP_") == Policy(origins=[APP])


ALL = "CORS_ORIGINS, CORS_METHODS, CORS_HEADERS, CORS_EXPOSE, CORS_CREDENTIALS, CORS_MAX_AGE, CORS_ORIGIN_REGEX, CORS_PREFLIGHT_STATUS, CORS_ACCEPT_RISKS"


@pytest.mark.parametrize(
    ("environ", "lines"),
    [
        ({}, [f"{EMPTY} Write CORS_ORIGINS=https://app.example, or CORS_ORIGINS=* for everyone."]),
        ({"CORS_ORIGINS": ""}, [f"{EMPTY} Write CORS_ORIGINS=https://app.example, or CORS_ORIGINS=* for everyone."]),
        ({"CORS_ALLOWED_ORIGINS": APP}, ['unknown-field: "CORS_ALLOWED_ORIGINS" is no variable of a policy. Write CORS_ORIGINS.']),
        ({"CORS_origins": APP}, ['unknown-field: "CORS_origins" is no variable of a policy. Write CORS_ORIGINS.']),
        ({"CORS_ORIGINS": APP, "CORS_X": "1"}, [f'unknown-field: "CORS_X" is no variable of a policy. The variables are {ALL}.']),
        ({"CORS_ORIGINS": f'["{APP}", "https://b.example"]'}, [f'environment-json: origins: CORS_ORIGINS looks like JSON: "[\\"{APP}\\", \\"https://b.example\\"]". Write CORS_ORIGINS={APP},https://b.example']),
        ({"CORS_ORIGINS": f"['{APP}']"}, [f"environment-json: origins: CORS_ORIGINS looks like JSON: \"['{APP}']\". Write CORS_ORIGINS={APP}"]),
        ({"CORS_ORIGINS": f'"{APP}"'}, [f'environment-json: origins: CORS_ORIGINS looks like JSON: "\\"{APP}\\"". Write CORS_ORIGINS={APP}']),
        ({"CORS_ORIGINS": '{"a": 1}'}, ['environment-json: origins: CORS_ORIGINS looks like JSON: "{\\"a\\": 1}". Write one variable for each field, lists separated by commas.']),
        ({"CORS_ORIGINS": '"\x1f'}, ['environment-json: origins: CORS_ORIGINS looks like JSON: "\\"\\x1f". Write one variable for each field, lists separated by commas.']),
        ({"CORS_ORIGIN_REGEX": '"https://a"'}, ['environment-json: origin_regex: CORS_ORIGIN_REGEX looks like JSON: "\\"https://a\\"". Write CORS_ORIGIN_REGEX=https://a']),
        ({"CORS_ORIGINS": APP, "CORS_CREDENTIALS": "maybe"}, ['wrong-type: credentials: CORS_CREDENTIALS is "maybe", which is neither true nor false. Write CORS_CREDENTIALS=true or CORS_CREDENTIALS=false.']),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "1h"}, ['wrong-type: max_age: CORS_MAX_AGE is "1h", which is no whole number of seconds. Write CORS_MAX_AGE=600.']),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "+7"}, ['wrong-type: max_age: CORS_MAX_AGE is "+7", which is no whole number of seconds. Write CORS_MAX_AGE=600.']),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "7_0"}, ['wrong-type: max_age: CORS_MAX_AGE is "7_0", which is no whole number of seconds. Write CORS_MAX_AGE=600.']),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "3\u00b2"}, ['wrong-type: max_age: CORS_MAX_AGE is "3\u00b2", which is no whole number of seconds. Write CORS_MAX_AGE=600.']),
        ({"CORS_ORIGINS": APP, "CORS_PREFLIGHT_STATUS": "ok"}, ['wrong-type: preflight_status: CORS_PREFLIGHT_STATUS is "ok", which is no whole number. Write CORS_PREFLIGHT_STATUS=204.']),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "-5"}, ["max-age-out-of-range: max_age: -5 is outside 0 to 86400 seconds (a day). Write max_age=0 to have nothing kept."]),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "9" * 4000}, [f"max-age-out-of-range: max_age: {'9' * 120}… is outside 0 to 86400 seconds (a day). Write max_age=7200, Chromium's cap."]),
        ({"CORS_ORIGINS": APP, "CORS_MAX_AGE": "9" * 5000}, [f'wrong-type: max_age: CORS_MAX_AGE is "{"9" * 120}…", which is no whole number of seconds. Write CORS_MAX_AGE=600.']),
        ({"CORS_ORIGINS": "null", "CORS_X": "", "CORS_MAX_AGE": "x"}, [f'unknown-field: "CORS_X" is no variable of a policy. The variables are {ALL}.', 'wrong-type: max_age: CORS_MAX_AGE is "x", which is no whole number of seconds. Write CORS_MAX_AGE=600.', 'null-origin: origins: "null" is sent by every sandboxed frame and every page from a file: it admits any site. Leave it out, or say accept_risks=["null-origin"].']),
    ],
)  # fmt: skip
def test_an_environment_that_says_no_policy_is_refused_with_every_problem(
    environ: dict[str, str], lines: list[str]
) -> None:
    assert problems(lambda: read_environment(environ, "CORS_")) == lines


def test_the_fix_of_a_document_is_written_as_toml() -> None:
    """What is shown can be copied into the file: spaces, and truth in lower case."""
    with pytest.raises(PolicyError) as caught:
        read_document('[policy]\norigins = "https://app.example"\ncredentials = "yes"')
    assert [problem.fix for problem in caught.value.problems] == [
        'Write origins = ["https://app.example"].',
        "Write credentials = true or credentials = false.",
    ]
