"""How each stack is told what to answer: the lines, filled in."""

from __future__ import annotations

import ast
import doctest
import json
import re

import pytest

from corsmith.document import read_document
from corsmith.inquiry import stacks
from corsmith.inquiry.change import Need
from corsmith.inquiry.stacks import STACKS, fill, find_stack
from corsmith.policy import Policy

FULL = {
    "origin": "https://app.example",
    "host": "api.example",
    "methods": "GET, PUT",
    'methods"': '"GET", "PUT"',
    "headers": "x-key",
    'headers"': '"x-key"',
    "expose": "etag",
    'expose"': '"etag"',
    "credentials": "true",
    "credentials!": "True",
    "symbols": ":get, :put",
    "flags": "--origin https://app.example",
}
PYTHON = ["fastapi", "starlette", "django", "flask", "http.server"]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(stacks) == (0, 2)


@pytest.mark.parametrize("word", ["drf", "UVICORN", "Istio", "httpd", "nginx", "asp.net"])
def test_a_stack_is_found_by_other_names(word: str) -> None:
    assert find_stack(word) in STACKS


@pytest.mark.parametrize("name", STACKS)
def test_every_blank_is_filled_and_every_need_is_one(name: str) -> None:
    stack = STACKS[name]
    for template in (stack.lines, *stack.notes.values(), *stack.other.values()):
        assert "«" not in "\n".join(fill(template, FULL))
    assert {*stack.notes, *stack.other} <= set(Need)


@pytest.mark.parametrize("name", STACKS)
def test_the_lines_name_all_that_is_asked(name: str) -> None:
    text = "\n".join(fill(STACKS[name].lines, FULL))
    assert "https://app.example" in text
    assert "PUT" in text or ":put" in text
    assert "x-key" in text
    assert "etag" in text


@pytest.mark.parametrize("name", STACKS)
def test_what_is_not_asked_has_no_line(name: str) -> None:
    bare = dict.fromkeys(FULL, "") | {key: FULL[key] for key in ("origin", 'methods"', "methods")}
    text = "\n".join(fill(STACKS[name].lines, bare | {"symbols": ":put"}))
    assert "redential" not in text
    assert not re.search(r"«|, \]|\[\]", text)
    assert text.count("(") == text.count(")")
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("name", PYTHON)
def test_lines_for_python_are_python(name: str) -> None:
    ast.parse("\n".join(fill(STACKS[name].lines, FULL)))


def test_lines_for_corsmith_are_a_policy() -> None:
    policy = read_document("\n".join(fill(STACKS["corsmith"].lines, FULL)))
    assert isinstance(policy, Policy)
    assert policy.origins == ("https://app.example",)
    assert (policy.methods, policy.headers, policy.expose) == (
        ("GET", "PUT"),
        ("x-key",),
        ("etag",),
    )
    assert policy.credentials


def test_lines_for_a_bucket_are_json() -> None:
    assert json.loads("\n".join(fill(STACKS["s3"].lines, FULL)))[0]["AllowedMethods"] == [
        *("GET", "PUT")
    ]
