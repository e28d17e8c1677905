"""The change in a source file: corsmith in place of another CORS layer, with the same fields.

What lives here: the lines to write, and the whole file with them where the change is certain.
What does not: finding the places (``sites``), reading and writing files. A change is certain
where the layer is one statement, in the file and scope that make the application, with its
fields by name, and where the fields make a policy.
"""

import ast
import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from corsmith.application.sites import Site, SiteKind
from corsmith.errors import PolicyError
from corsmith.policy import Policy

__all__ = ["as_diff", "cors_site", "install_lines", "mend"]

_WIDTH: Final = 88
_NARROW: Final = 74
"""What is left of a terminal's 80 columns in a report."""

_IMPORT: Final = "from corsmith import install"
_FIELDS: Final = (
    "origins",
    "origin_regex",
    "methods",
    "headers",
    "credentials",
    "expose",
    "max_age",
)

# What the other library calls a field, and where it has none.
_STARLETTE: Final[Mapping[str, str | None]] = {
    "allow_origins": "origins",
    "allow_origin_regex": "origin_regex",
    "allow_methods": "methods",
    "allow_headers": "headers",
    "allow_credentials": "credentials",
    "expose_headers": "expose",
    "max_age": "max_age",
    "allow_private_network": None,
}
_FLASK: Final[Mapping[str, str | None]] = {
    "origins": "origins",
    "methods": "methods",
    "allow_headers": "headers",
    "supports_credentials": "credentials",
    "expose_headers": "expose",
    "max_age": "max_age",
    "automatic_options": None,
    "always_send": None,
    "send_wildcard": None,
    "vary_header": None,
    "allow_private_network": None,
}
# What a field is that is not given, where it is not so here.
_STARLETTE_ABSENT: Final = {"max_age": "600"}
_FLASK_ABSENT: Final = {
    "origins": '["*"]',
    "methods": '["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]',
    "headers": '["*", "Authorization"]',
}
_CORS_SITES: Final = {
    "starlette": (SiteKind.ADD_CORS, SiteKind.LIST_CORS),
    "flask-cors": (SiteKind.FLASK_CORS,),
    "django-cors-headers": (SiteKind.DJANGO,),
    "aiohttp-cors": (SiteKind.CONFIG,),
    "falcon": (SiteKind.CONFIG,),
    "litestar": (SiteKind.CONFIG,),
    "corsmith": (SiteKind.OURS, SiteKind.DJANGO),
}


def cors_site(sites: Sequence[Site], library: str | None) -> Site | None:
    """Return where the CORS layer of a library is made; ``None`` where it is not found."""
    kinds = _CORS_SITES.get(library or "", ())
    return next((site for site in sites if site.kind in kinds), None)


# ── the lines ────────────────────────────────────────────────────────────────


def install_lines(
    framework: str | None, target: str | None, fields: Mapping[str, Any], page: str
) -> tuple[str, ...]:
    """Return the two lines that put corsmith around an application.

    ``fields`` are a policy's, as the application has them; without origins ``page`` is one.

    >>> install_lines("fastapi", None, {}, "https://app.example")
    ('from corsmith import install', 'app = install(app, origins=["https://app.example"])')
    """
    values = {
        name: _literal(fields[name])
        for name in _FIELDS
        if name in fields and _is_plain(fields[name]) and fields[name]
    }
    if isinstance(fields.get("origins"), str):
        values["origins"] = _literal([word.strip() for word in fields["origins"].split(",")])
    if "origins" not in values or not _is_policy(values):
        values["origins"] = _literal([page])
    name = target or ("application" if framework == "django" else "app")
    return (_IMPORT, *_statement(name, values, "", _NARROW))


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str | int)


def _literal(value: Any) -> str:  # noqa: ANN401  whatever a field was given
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(json.dumps(one) for one in value)}]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _statement(
    target: str, values: Mapping[str, str], indent: str, width: int = _WIDTH
) -> list[str]:
    """Return ``target = install(target, …)``, on one line if it fits."""
    return _call(f"{target} = install({target}", values, indent, width)


def _call(opening: str, values: Mapping[str, str], indent: str, width: int = _WIDTH) -> list[str]:
    words = [f"{name}={values[name]}" for name in _FIELDS if name in values]
    line = f"{indent}{', '.join([opening, *words])})"
    if len(line) <= width and "\n" not in line:
        return [line]
    head, _, first = opening.rpartition("(")
    rows = [f"{indent}    {word}," for word in (first, *words)]
    return [f"{indent}{head}(", *"\n".join(rows).split("\n"), f"{indent})"]


# ── the file ─────────────────────────────────────────────────────────────────


def mend(
    site: Site, source: str, target: str | None, fields: Mapping[str, Any] | None = None
) -> str | None:
    """Return ``source`` with corsmith in place of the layer at ``site``; ``None``: not certain.

    ``target`` is the name that a server is given in this file, ``None`` where a function
    makes the application. For an application without CORS ``site`` is where it is made, and
    ``fields`` are a policy's.
    """
    if site.statement is None or site.target is None or site.scope is None:
        return None
    values: Mapping[str, str] | None
    if site.kind is SiteKind.APP:
        values = {name: _literal(value) for name, value in (fields or {}).items()}
    elif site.kind in {SiteKind.ADD_CORS, SiteKind.FLASK_CORS}:
        values = _values(site, source)
    else:
        return None
    if not values or not _is_policy(values):
        return None
    edit = _Edit(site, source, values)
    if site.kind is SiteKind.FLASK_CORS or (site.kind is SiteKind.APP and _is_flask(site)):
        done = edit.in_place()
    elif isinstance(site.scope, ast.Module):
        done = site.target == target and edit.last_in_module()
    else:
        done = target is None and edit.at_return()
    return edit.text() if done else None


def _is_flask(site: Site) -> bool:
    return site.says.startswith("Flask")


def _is_policy(values: Mapping[str, str]) -> bool:
    """Return whether the fields make a policy; what is no literal is taken to be right."""
    known: dict[str, object] = {}
    for name, text in values.items():
        try:
            known[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            continue
    if not {"origins", "origin_regex"} & known.keys():
        known["origins"] = ["https://app.example"]
    try:
        Policy.from_mapping(known)
    except PolicyError:
        return False
    return True


def _values(site: Site, source: str) -> dict[str, str] | None:
    """Return the fields of a policy as they are written at a site; ``None`` if one is unknown."""
    starlette = site.kind is SiteKind.ADD_CORS
    names = _STARLETTE if starlette else _FLASK
    call = site.node
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        return None
    values = dict(_STARLETTE_ABSENT if starlette else _FLASK_ABSENT)
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in names:
            return None
        field = names[keyword.arg]
        if field is not None:
            values[field] = _value(field, keyword.value, source, adds_type=starlette)
    return values if {"origins", "origin_regex"} & values.keys() else None


def _value(field: str, node: ast.expr, source: str, *, adds_type: bool) -> str:
    written = ast.get_source_segment(source, node) or ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and field in _LISTS:
        listed = [word.strip() for word in node.value.split(",")]
        node = ast.List(elts=[ast.Constant(value=word) for word in listed], ctx=ast.Load())
        written = _literal(listed)
    words = _words(node)
    if field == "origins" and words is not None:
        corrected = [_corrected(word) for word in words]
        return written if corrected == words else _literal(corrected)
    if field == "headers" and words is not None and "*" in words:
        # There the asked names are echoed, Authorization too, which "*" does not cover.
        return _literal(["*", "Authorization"])
    if field == "headers" and adds_type:
        # Starlette adds the CORS-safelisted names to the list, of which this one matters.
        if words is None:
            return f'["Content-Type", *{written}]'
        if not any(word.lower() == "content-type" for word in words):
            return _literal(["Content-Type", *words])
    return written


_LISTS: Final = frozenset({"origins", "methods", "headers", "expose"})


def _words(node: ast.expr) -> list[str] | None:
    """Return the words of a list that is written out; ``None`` where it is not."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return [str(one) for one in value] if isinstance(value, list | tuple | set) else None


_WRITE: Final = re.compile(r'Write "([^"]+)"\.')


def _corrected(origin: str) -> str:
    """Return an origin as it is meant, where only its spelling is wrong."""
    try:
        Policy(origins=[origin])
    except PolicyError as error:
        fixes = [_WRITE.match(problem.fix or "") for problem in error.problems]
        if len(fixes) == 1 and fixes[0] is not None:
            return fixes[0][1]
    return origin


class _Edit:
    """The lines of a file while they are changed; numbers are those of the syntax tree."""

    def __init__(self, site: Site, source: str, values: Mapping[str, str]) -> None:
        self.site = site
        self.values = values
        self.lines: list[str | None] = list(source.split("\n"))
        self.tree = ast.parse(source)
        self.added: list[tuple[int, list[str]]] = []  # after which line, what

    def text(self) -> str:
        """Return the changed file, with its imports."""
        self._imports()
        for after, lines in sorted(self.added, key=lambda one: one[0], reverse=True):
            self.lines[after:after] = lines
        return "\n".join(line for line in self.lines if line is not None)

    def in_place(self) -> bool:
        """Write the new statement where the old one is, or after it."""
        statement, target = self.site.statement, self.site.target
        if statement is None or target is None or not self._owns(statement):
            return False
        indent = " " * statement.col_offset
        lines = _statement(target, self.values, indent)
        self.added.append((statement.end_lineno or statement.lineno, lines))
        if self.site.kind is not SiteKind.APP:
            self._remove(statement)
        return True

    def last_in_module(self) -> bool:
        """Write the new statement last, but before what runs only as a program."""
        statement, target = self.site.statement, self.site.target
        if statement is None or target is None or not self._owns(statement):
            return False
        if self.site.kind is not SiteKind.APP:
            self._remove(statement)
        lines = _statement(target, self.values, "")
        programs = [one for one in self.tree.body if _is_program(one)]
        if programs:
            before = programs[0].lineno - 1
            self.added.append((before, [*lines, "", ""]))
        else:
            last = self.tree.body[-1]
            after = last.end_lineno or last.lineno
            blank = [] if last is self._find(statement) else [""]
            if isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                blank = ["", ""]  # PEP 8
            self.added.append((after, [*blank, *lines]))
        return True

    def at_return(self) -> bool:
        """Wrap what the function returns, where it returns the application once."""
        statement, scope = self.site.statement, self.site.scope
        if statement is None or scope is None or not self._owns(statement):
            return False
        returns = list(_returns(scope))
        if len(returns) != 1 or not isinstance(returns[0].value, ast.Name):
            return False
        last = returns[0]
        if returns[0].value.id != self.site.target or not self._owns(last):
            return False
        if self.site.kind is not SiteKind.APP:
            self._remove(statement)
        indent = " " * last.col_offset
        lines = _call(f"return install({self.site.target}", self.values, indent)
        self._remove(last)
        self.added.append((last.end_lineno or last.lineno, lines))
        return True

    def _find(self, statement: ast.stmt) -> ast.stmt | None:
        same = (one for one in self.tree.body if one.lineno == statement.lineno)
        return next(same, None)

    def _owns(self, statement: ast.stmt) -> bool:
        """Return whether a statement has its lines for itself."""
        first = self.lines[statement.lineno - 1] or ""
        last = self.lines[(statement.end_lineno or statement.lineno) - 1] or ""
        rest = last.encode()[statement.end_col_offset or 0 :].decode().strip()
        return not first[: statement.col_offset].strip() and (not rest or rest.startswith("#"))

    def _remove(self, statement: ast.stmt) -> None:
        for number in range(statement.lineno - 1, statement.end_lineno or statement.lineno):
            self.lines[number] = None

    def _imports(self) -> None:
        """Import ``install``, and no longer what nothing uses any more."""
        imports = [one for one in self.tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
        gone = _no_longer_used(self.tree, self.site)
        for one in imports:
            if isinstance(one, ast.ImportFrom) and [a.name for a in one.names] == [gone]:
                self._remove(one)
        last = imports[-1] if imports else None
        if not any(ast.unparse(one) == _IMPORT for one in imports):
            after = 0 if last is None else last.end_lineno or last.lineno
            self.added.append((after, [_IMPORT]))


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    """Yield the returns of a function, not those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _returns(child)


def _is_program(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test)


def _no_longer_used(tree: ast.Module, site: Site) -> str | None:
    """Return the name of the layer, where the site is its only use."""
    name = {SiteKind.ADD_CORS: "CORSMiddleware", SiteKind.FLASK_CORS: "CORS"}.get(site.kind)
    uses = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == name]
    return name if len(uses) == 1 else None


def as_diff(file: str, before: str, after: str) -> Iterable[str]:
    """Yield a unified diff that ``git apply`` and ``patch -p1`` take, line by line."""
    for line in difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{file}",
        f"b/{file}",
    ):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
