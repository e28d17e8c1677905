"""No adapter touches a name of another package that begins with an underscore.

What a package has not documented may be gone in its next version. Such a name is reached as an
attribute, as a string given to ``getattr`` and its kin, or by an import; a subclass reaches it
through ``self`` as well, so it counts as ours only where the module itself defines it, or one
of ours that it imports.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADAPTERS = ROOT / "src" / "corsmith" / "adapters"
FILES = sorted(ADAPTERS.rglob("*.py"))
BY_STRING = {"getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller"}
# The types of the standard library's own stubs: no package, and nothing is loaded.
TYPES_ONLY = {"_typeshed"}


def is_private(name: str) -> bool:
    """Return whether a name, or a part of a dotted one, is for its own package only."""
    return any(re.match(r"_(?!_.*__$)", part) for part in name.split("."))


def defined(tree: ast.AST) -> set[str]:
    """Return the private names that a module gives to objects of its own."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                found.add(name)
                for line in body:
                    targets = line.targets if isinstance(line, ast.Assign) else []
                    if isinstance(line, ast.AnnAssign):
                        targets = [line.target]
                    found.update(t.id for t in targets if isinstance(t, ast.Name))
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
    return found


def imported(node: ast.AST) -> Iterator[str]:
    """Return what an import takes from other packages, as dotted names."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from (f"{node.module}.{name.name}" for name in node.names)


def touched(source: str) -> list[str]:
    """Return the private names of others that a module touches, each with its line."""
    tree = ast.parse(source)
    ours = defined(tree).union(*(defined(ast.parse(base)) for base in _bases(tree)))
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [name for name in imported(node) if name.split(".")[0] not in TYPES_ONLY]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.Call) and _called(node) in BY_STRING:
            names = [*_texts(node)]
        else:
            continue
        found += [(node.lineno, n) for n in names if is_private(n) and n not in ours]
    return [f"line {line}: {name}" for line, name in sorted(found)]


def _bases(tree: ast.AST) -> Iterator[str]:
    """Return the source of each module of corsmith that a module imports."""
    for node in ast.walk(tree):
        for name in imported(node):
            for dotted in (name, name.rpartition(".")[0]):
                path = ROOT.joinpath("src", *dotted.split(".")).with_suffix(".py")
                if dotted.startswith("corsmith.") and path.is_file():
                    yield path.read_text(encoding="utf-8")


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _texts(node: ast.Call) -> Iterator[str]:
    for argument in node.args:
        value = argument.value if isinstance(argument, ast.Constant) else None
        if isinstance(value, str) and re.fullmatch(r"[\w.]+", value):
            yield value


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ADAPTERS)))
def test_an_adapter_uses_only_what_its_framework_documents(path: Path) -> None:
    assert touched(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import flask._internal",
        "from starlette._utils import get_route_path",
        "from tornado.web import _HandlerDelegate",
        "app._router.match(path)",
        "app.router._match(path)",
        "getattr(app, '_router')",
        "setattr(app, '_state', 1)",
        "operator.attrgetter('router._routes')(app)",
        "class Handler(RequestHandler):\n    def clear(self): self._headers.clear()",
        "class Handler(RequestHandler):\n    def clear(self): super()._convert(1)",
        "app.__router",
    ],
)
def test_what_is_not_documented_would_be_seen(line: str) -> None:
    assert len(touched(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "import flask",
        "from starlette.routing import Match",
        "from _typeshed import OptExcInfo",
        "def _own(): ...\n_own()",
        "class Layer:\n    def __init__(self): self._app = 1\nlayer._app",
        "from corsmith.adapters import asgi\nmiddleware._find_shortcut()",
        "from corsmith.adapters.asgi import CORSMiddleware\nmiddleware._find_shortcut()",
        "class Layer:\n    _app: int\n    def call(self): return self._app, type(self).__mro__",
        "getattr(app, 'router'), getattr(function, '__wrapped__', None), getattr(app, name)",
    ],
)
def test_what_is_ours_or_documented_or_pythons_own_is_let_through(line: str) -> None:
    assert touched(line) == []


def test_there_are_adapters_to_look_at() -> None:
    assert {"asgi.py", "wsgi.py", "native.py"} < {path.name for path in FILES}
