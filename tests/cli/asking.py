"""What the tests of ``corsmith check`` share: how it is run, and JSON against its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from click.testing import CliRunner

from corsmith.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

__all__ = ["SCHEMA", "check", "fields", "problems", "schema"]


def schema(name: str) -> dict[str, Any]:
    """Return a published schema."""
    path = Path(__file__).parents[2] / f"docs/reference/check-{name}.schema.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


SCHEMA: Final = schema("url")


def fields(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the fields of each object of a schema, the whole document's first."""
    objects = {"": document, **document["$defs"]}
    return {name: sorted(one["properties"]) for name, one in objects.items()}


def check(*words: str, text: str | None = None) -> Result:
    """Run ``corsmith check`` with these words; an unforeseen exception is raised."""
    return CliRunner().invoke(main, ["check", *words], input=text, catch_exceptions=False)


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def problems(
    value: Any, schema: dict[str, Any], where: str = "$", root: dict[str, Any] | None = None
) -> Iterator[str]:
    """Yield where a value is not as the schema says, for the keywords that ours uses."""
    root = schema if root is None else root
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        tries = [list(problems(value, one, where, root)) for one in schema["anyOf"]]
        if all(tries):
            yield tries[0][0]
        return
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, _TYPES[name]) for name in types):
        yield f"{where} is {value!r}, no {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r}, none of {schema['enum']}"
    yield from _inside(value, schema, where, root)


def _inside(value: Any, schema: dict[str, Any], where: str, root: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the members of an object or an array."""
    if isinstance(value, dict):
        assert schema["additionalProperties"] is False
        missing = set(schema["required"]) - set(value)
        if wrong := missing | (set(value) - set(schema["properties"])):
            yield f"{where} has {sorted(wrong)} too many or less"
            return
        for name, one in value.items():
            yield from problems(one, schema["properties"][name], f"{where}.{name}", root)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], f"{where}[{index}]", root)
