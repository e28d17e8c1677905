"""Where in a source file an application and its CORS layer are made.

What lives here: finding those places in a syntax tree. What does not: reading files, and what
to write there (``mend``).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Scope", "Site", "SiteKind", "find_sites"]

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


class SiteKind(StrEnum):
    """What happens at a site."""

    ADD_CORS = "add-cors"
    LIST_CORS = "list-cors"
    FLASK_CORS = "flask-cors"
    MIDDLEWARE = "middleware"
    APP = "app"
    DJANGO = "django"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place in a file: ``says`` is the call in short, ``target`` the name it is about.

    ``statement`` is the whole statement where the call is one by itself, in ``scope``.
    """

    kind: SiteKind
    file: str
    line: int
    says: str
    node: ast.expr
    target: str | None = None
    statement: ast.stmt | None = None
    scope: Scope | None = None

    def __str__(self) -> str:
        """Return file and line, as editors and terminals link them."""
        return f"{self.file}:{self.line}"


_APPS: Final = frozenset({"FastAPI", "Starlette", "Flask"})
_DJANGO_CORS: Final = "corsheaders.middleware.CorsMiddleware"


def find_sites(file: str, source: str) -> tuple[Site, ...]:
    """Return the sites of a file in their order; none where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    flask = _imported_from(tree, "flask_cors")
    found = []
    for scope, statement in _statements(tree, tree):
        for node in _calls(statement):
            site = _site(file, node, flask)
            if site is not None:
                found.append(_placed(site, statement, scope))
        if isinstance(statement, ast.Assign) and _is_middleware_list(statement):
            found.append(_django(file, statement, scope))
    return tuple(sorted(found, key=lambda site: site.line))


def _imported_from(tree: ast.Module, module: str) -> frozenset[str]:
    return frozenset(
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    )


def _statements(tree: ast.AST, scope: Scope) -> Iterator[tuple[Scope, ast.stmt]]:
    """Yield each statement that holds no other, with the function or module that it is in."""
    for child in ast.iter_child_nodes(tree):
        inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else scope
        if isinstance(child, ast.stmt) and not hasattr(child, "body"):
            yield scope, child
        else:
            yield from _statements(child, inner)


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    return (node for node in ast.walk(statement) if isinstance(node, ast.Call))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _site(file: str, call: ast.Call, flask: frozenset[str]) -> Site | None:
    name = _last_name(call.func)
    first = _last_name(call.args[0]) if call.args else ""

    def made(kind: SiteKind, says: str, target: str | None = None) -> Site:
        return Site(kind=kind, file=file, line=call.lineno, says=says, node=call, target=target)

    if name == "add_middleware" and isinstance(call.func, ast.Attribute) and first:
        target = call.func.value.id if isinstance(call.func.value, ast.Name) else None
        kind = SiteKind.ADD_CORS if first == "CORSMiddleware" else SiteKind.MIDDLEWARE
        return made(kind, f"add_middleware({first}, …)", target)
    if name == "Middleware" and first == "CORSMiddleware":
        return made(SiteKind.LIST_CORS, "Middleware(CORSMiddleware, …)")
    if isinstance(call.func, ast.Name) and name in flask and name != "cross_origin":
        target = first or None
        return made(SiteKind.FLASK_CORS, f"{name}({first}, …)" if first else f"{name}()", target)
    if name in _APPS:
        return made(SiteKind.APP, f"{name}(…)")
    return None


def _placed(site: Site, statement: ast.stmt, scope: Scope) -> Site:
    """Return the site with its statement, where the call is the whole of it."""
    alone = isinstance(statement, ast.Expr) and statement.value is site.node
    target = site.target
    if isinstance(statement, ast.Assign) and statement.value is site.node:
        alone = True
        names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
        target = target if site.kind is not SiteKind.APP else next(iter(names), None)
    return Site(
        kind=site.kind,
        file=site.file,
        line=site.line,
        says=site.says,
        node=site.node,
        target=target,
        statement=statement if alone else None,
        scope=scope,
    )


def _is_middleware_list(statement: ast.Assign) -> bool:
    names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
    return names == ["MIDDLEWARE"] and isinstance(statement.value, ast.List)


def _django(file: str, statement: ast.Assign, scope: Scope) -> Site:
    line = statement.lineno
    for one in ast.walk(statement.value):
        if isinstance(one, ast.Constant) and one.value == _DJANGO_CORS:
            line = one.lineno
    return Site(
        kind=SiteKind.DJANGO,
        file=file,
        line=line,
        says="MIDDLEWARE",
        node=statement.value,
        statement=statement,
        scope=scope,
    )
