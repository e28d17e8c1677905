"""The public surface: few names, in order, each documented and typed."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module

import pytest

import corsmith
from tests.architecture.tree import SOURCE, files, name, text

AT_MOST = 8


def typed_names() -> dict[str, str]:
    """Return the names in the `if TYPE_CHECKING:` block of the package, and their homes."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in ast.walk(blocks[0]) if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def test_the_public_names_are_sorted_and_few() -> None:
    assert corsmith.__all__ == sorted(corsmith.__all__)
    assert len(set(corsmith.__all__)) == len(corsmith.__all__) <= AT_MOST


def test_type_checkers_see_the_same_names_as_python_does() -> None:
    packages = dict.fromkeys(corsmith._PACKAGES, "corsmith")
    assert typed_names() == {**corsmith._HOMES, **packages}


def test_no_module_has_the_name_of_a_public_name() -> None:
    """Whoever imported the module first would find it where the public name belongs."""
    modules = {path.stem for path in SOURCE.iterdir()}
    assert modules.isdisjoint(corsmith.__all__)


@pytest.mark.parametrize("public", corsmith.__all__)
def test_each_public_name_says_what_it_gives(public: str) -> None:
    assert (inspect.getdoc(getattr(corsmith, public)) or "").strip()


@pytest.mark.parametrize("path", [path for path in files(".py") if path.startswith("src/")])
def test_what_a_module_exports_is_sorted_and_there(path: str) -> None:
    tree = ast.parse(text(path))
    exports = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and [ast.unparse(target) for target in node.targets] == ["__all__"]
    ]
    if path.endswith("__main__.py"):
        assert exports in ([], [["main"]])
        return
    module = import_module(name(path))
    for exported in exports:
        assert sorted(set(exported)) == sorted(exported)
        assert [name for name in exported if not hasattr(module, name)] == []


def test_the_package_is_marked_as_typed() -> None:
    assert (SOURCE / "py.typed").read_bytes() == b""
