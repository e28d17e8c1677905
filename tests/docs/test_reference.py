"""The reference names everything there is, and nothing else."""

from __future__ import annotations

import inspect
import re

import pytest

import corsmith
from corsmith import Policy, install, load, load_env
from corsmith.adapters import asgi, http_server, wsgi
from corsmith.cli import main
from corsmith.cli.status import Status
from corsmith.fields import RISKS
from corsmith.groups import EXPOSE_GROUPS, HEADER_GROUPS, ORIGIN_GROUPS
from tests.docs.documents import DOCS
from tests.docs.index import groups_table

POLICY = (DOCS / "reference" / "policy.md").read_text()
PYTHON = (DOCS / "reference" / "python.md").read_text()
CLI = (DOCS / "reference" / "cli.md").read_text()


def first_column(text: str, heading: str) -> list[str]:
    """Return the words of the first column of the first table below a heading."""
    below = text.split(f"\n{heading}\n", 1)[1].partition("\n\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", below, re.MULTILINE)
    return [re.sub(r"[`\[\]]|\(.*\)", "", row) for row in rows[1:]]


def test_the_table_of_fields_is_the_signature_of_policy() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", POLICY.split("\n## ")[0], re.MULTILINE)
    keywords = [
        parameter.name
        for parameter in inspect.signature(Policy.__init__).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    assert rows == keywords


def test_the_table_of_groups_is_the_one_that_policies_use() -> None:
    assert groups_table() in POLICY
    assert all(name in POLICY for name in {*ORIGIN_GROUPS, *HEADER_GROUPS, *EXPOSE_GROUPS})


def test_the_table_of_risks_names_each_of_them() -> None:
    assert first_column(POLICY, "## Risks") == list(RISKS)


def test_every_public_name_has_its_section() -> None:
    headings = re.findall(r"^## (\w+)$", PYTHON, re.MULTILINE)
    assert set(headings) - {"Adapters", "Decisions"} == set(corsmith.__all__)


@pytest.mark.parametrize("function", [install, load, load_env])
def test_a_function_is_shown_with_its_parameters(function: object) -> None:
    name = getattr(function, "__name__", "")
    (shown,) = re.findall(rf"^`{name}\((.+)\)`$", PYTHON, re.MULTILINE)
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]  # each is a function
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    assert shown == str(inspect.Signature(bare))[1:-1].replace("'", '"')


@pytest.mark.parametrize("module", [asgi, wsgi, http_server])
def test_every_protocol_adapter_is_listed_with_what_it_exports(module: object) -> None:
    (exported,) = [name for name in module.__all__ if name[0].isupper()]  # type: ignore[attr-defined]  # each is a module
    assert re.search(rf"\| `{module.__name__}` \| `{exported}", PYTHON)  # type: ignore[attr-defined]  # as above


def test_every_verb_has_its_section_with_its_help() -> None:
    verbs = sorted(main.commands)
    assert re.findall(r"^## corsmith (\S+)$", CLI, re.MULTILINE) == verbs
    assert re.findall(r"^\$ corsmith (\S+) --help$", CLI, re.MULTILINE) == verbs


def test_every_exit_status_is_told() -> None:
    told = re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)
    assert told == [str(int(status)) for status in Status]
