"""Where in a source file an application, its CORS layers and what matters beside are made.

What lives here: finding those places in a syntax tree. What does not: reading files, and what
to write there (``mend``, ``touches``).
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

__all__ = ["Scope", "Site", "SiteKind", "find_sites"]

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


class SiteKind(StrEnum):
    """What happens at a site."""

    ADD_CORS = "add-cors"
    LIST_CORS = "list-cors"
    FLASK_CORS = "flask-cors"
    CONFIG = "config"
    MIDDLEWARE = "middleware"
    APP = "app"
    DJANGO = "django"
    OURS = "ours"
    BY_HAND = "by-hand"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place in a file: ``says`` is the call in short, ``target`` the name it is about.

    ``statement`` is the whole statement where the call is one by itself, in ``scope``. ``owner``
    is the name of the function or class of the module that it stands in, if nothing decorates it.
    """

    kind: SiteKind
    file: str
    line: int
    says: str
    node: ast.expr
    target: str | None = None
    statement: ast.stmt | None = None
    scope: Scope | None = None
    owner: str | None = None

    def __str__(self) -> str:
        """Return file and line, as editors and terminals link them."""
        return f"{self.file}:{self.line}"


_APPS: Final = frozenset({"FastAPI", "Starlette", "Flask", "Quart", "Litestar", "Sanic"})
# Names that mean nothing by themselves: what they were imported from counts.
_NAMED_APPS: Final = frozenset(
    {
        "aiohttp.web.Application",
        "falcon.API",
        "falcon.App",
        "falcon.asgi.App",
        "tornado.web.Application",
    }
)
_CONFIGS: Final = frozenset(
    {
        "aiohttp_cors.setup",
        "falcon.CORSMiddleware",
        "litestar.config.cors.CORSConfig",
        "quart_cors.cors",
    }
)
_OURS: Final = frozenset({"install", "settings", "setup"})
_DJANGO_CORS: Final = frozenset(
    {
        "corsheaders.middleware.CorsMiddleware",
        "corsmith.adapters.django.CORSMiddleware",
        "corsmith.adapters.django.middleware.CORSMiddleware",
    }
)
_ALLOW_ORIGIN: Final = "access-control-allow-origin"
_SETTERS: Final = frozenset(
    {"__setitem__", "add", "add_header", "append", "append_header", "set_header", "setdefault"}
)
_COOKIE_SETTERS: Final = frozenset(
    {"add_cookie", "set_cookie", "set_secure_cookie", "set_signed_cookie"}
)


def find_sites(file: str, source: str) -> tuple[Site, ...]:
    """Return the sites of a file in their order; none where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    finder = _Finder(file, tree)
    owners = [one for one in tree.body if isinstance(one, _OWNERS) and not one.decorator_list]
    found = [replace(site, owner=_owner(site, owners)) for site in finder.sites()]
    return tuple(sorted(found, key=lambda site: (site.line, site.kind)))


_OWNERS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _owner(
    site: Site, owners: Sequence[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]
) -> str | None:
    around = (one for one in owners if one.lineno <= site.line <= (one.end_lineno or 0))
    return next((one.name for one in around), None)


class _Finder:
    """One file, with what its names were imported from."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self.file = file
        self.tree = tree
        self.imported = dict(_imported(tree))

    def sites(self) -> Iterator[Site]:
        for scope, statement in _statements(self.tree, self.tree):
            for node in ast.walk(statement):
                site = self.site(node)
                if site is not None:
                    yield _placed(site, statement, scope)
            if isinstance(statement, ast.Assign):
                if _is_middleware_list(statement):
                    yield _placed(self.django(statement.value), statement, scope)
                if any(map(_is_allow_origin_item, statement.targets)):
                    yield _placed(
                        self.made(SiteKind.BY_HAND, _HAND, statement.value), statement, scope
                    )

    def made(self, kind: SiteKind, says: str, node: ast.expr, target: str | None = None) -> Site:
        line = node.lineno
        return Site(kind=kind, file=self.file, line=line, says=says, node=node, target=target)

    def site(self, node: ast.AST) -> Site | None:
        if isinstance(node, ast.Dict) and any(map(_is_allow_origin, node.keys)):
            return self.made(SiteKind.BY_HAND, _HAND, node)
        if isinstance(node, ast.Tuple) and node.elts and _is_allow_origin(node.elts[0]):
            return self.made(SiteKind.BY_HAND, _HAND, node)
        if isinstance(node, ast.keyword) and node.arg == "MIDDLEWARE":
            return self.django(node.value) if isinstance(node.value, ast.List) else None
        if not isinstance(node, ast.Call):
            return None
        return self.layer(node) or self.beside(node)

    def django(self, layers: ast.expr) -> Site:
        """Return the site of Django's list of layers: its line is that of the CORS layer."""
        line = layers.lineno
        for one in ast.walk(layers):
            if isinstance(one, ast.Constant) and one.value in _DJANGO_CORS:
                line = one.lineno
        return replace(self.made(SiteKind.DJANGO, "MIDDLEWARE", layers), line=line)

    def layer(self, call: ast.Call) -> Site | None:
        """Return the site where a call makes an application or a layer."""
        name = _last_name(call.func)
        first = _last_name(call.args[0]) if call.args else ""
        full = self.full_name(call.func)
        if name == "add_middleware" and isinstance(call.func, ast.Attribute) and first:
            target = call.func.value.id if isinstance(call.func.value, ast.Name) else None
            kind = SiteKind.ADD_CORS if first == "CORSMiddleware" else SiteKind.MIDDLEWARE
            if self.full_name(call.args[0]).startswith("corsmith."):
                kind = SiteKind.OURS
            return self.made(kind, f"add_middleware({first}, …)", call, target)
        if name == "Middleware" and first == "CORSMiddleware":
            return self.made(SiteKind.LIST_CORS, "Middleware(CORSMiddleware, …)", call)
        if full == "flask_cors.CORS":
            says = f"{name}({first}, …)" if first else f"{name}()"
            return self.made(SiteKind.FLASK_CORS, says, call, first or None)
        if full in _CONFIGS:
            return self.made(SiteKind.CONFIG, f"{name}(…)", call)
        if full.startswith("corsmith.") and (name in _OURS or name.startswith("CORS")):
            return self.made(SiteKind.OURS, f"{name}(…)", call, first or None)
        if name in _APPS or full in _NAMED_APPS:
            return self.made(SiteKind.APP, f"{name}(…)", call)
        return None

    def beside(self, call: ast.Call) -> Site | None:
        """Return the site where a call sets a header or a cookie, or wraps every request."""
        name = _last_name(call.func)
        if not isinstance(call.func, ast.Attribute):
            return None
        if name in _SETTERS and call.args and _is_allow_origin(call.args[0]):
            return self.made(SiteKind.BY_HAND, _HAND, call)
        if name in _COOKIE_SETTERS:
            return self.made(SiteKind.COOKIE, f"{name}(…)", call)
        return None

    def full_name(self, node: ast.expr) -> str:
        """Return a dotted name from where its first part was imported."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.imported.get(node.id, node.id), *reversed(parts)])


_HAND: Final = "a header set by hand"


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each imported name and its full one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    (alias.asname, alias.name)
                    if alias.asname
                    else ((alias.name.split(".")[0],) * 2)
                )


def _statements(tree: ast.AST, scope: Scope) -> Iterator[tuple[Scope, ast.stmt]]:
    """Yield each statement that holds no other, with the function or module that it is in."""
    for child in ast.iter_child_nodes(tree):
        inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else scope
        if isinstance(child, ast.stmt) and not hasattr(child, "body"):
            yield scope, child
        else:
            yield from _statements(child, inner)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_allow_origin(node: ast.expr | None) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
    return isinstance(value, str) and value.lower() == _ALLOW_ORIGIN


def _is_allow_origin_item(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and _is_allow_origin(node.slice)


def _placed(site: Site, statement: ast.stmt, scope: Scope) -> Site:
    """Return the site with its statement, where the call is the whole of it."""
    alone = isinstance(statement, ast.Expr) and statement.value is site.node
    target = site.target
    if isinstance(statement, ast.Assign) and statement.value is site.node:
        alone = True
        names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
        target = target if site.kind is not SiteKind.APP else next(iter(names), None)
    return replace(site, target=target, statement=statement if alone else None, scope=scope)


def _is_middleware_list(statement: ast.Assign) -> bool:
    names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
    return names == ["MIDDLEWARE"] and isinstance(statement.value, ast.List)
