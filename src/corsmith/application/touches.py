"""Small changes in a source file: one argument or one statement, where it is certain.

What lives here: text in, text out, unchanged where nothing applies. What does not: corsmith in
place of another layer (``mend``).
"""

import ast
import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from corsmith.application.cookies import call_name, is_held_back
from corsmith.application.sites import Site, SiteKind, find_sites

__all__ = ["as_lists", "enforce", "first_in_middleware", "send_cookies", "without_second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Other text in place of a part of a file, by offsets in its UTF-8 bytes."""

    start: int
    end: int
    text: str


def _changed(source: str, changes: Sequence[_Change]) -> str:
    data = source.encode()
    for one in sorted(changes, key=lambda change: change.start, reverse=True):
        data = data[: one.start] + one.text.encode() + data[one.end :]
    return data.decode()


class _Offsets:
    """Where lines begin, for the positions of a syntax tree."""

    def __init__(self, source: str) -> None:
        self._starts = [0]
        for line in source.encode().splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        return self._starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    def lines(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where the lines of a statement begin and end."""
        return self._starts[node.lineno - 1], self._starts[node.end_lineno or node.lineno]


def _with_keywords(source: str, call: ast.Call, values: dict[str, str]) -> Iterator[_Change]:
    """Yield what gives a call these arguments by name."""
    offsets = _Offsets(source)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for name in values.keys() & given.keys():
        node = given[name]
        yield _Change(start=offsets.start(node), end=offsets.end(node), text=values[name])
    missing = [f"{name}={text}" for name, text in values.items() if name not in given]
    if not missing:
        return
    last = [*call.args, *(keyword.value for keyword in call.keywords)]
    if last:
        end = max(map(offsets.end, last))
        yield _Change(start=end, end=end, text=", " + ", ".join(missing))


# ── one change for each code ─────────────────────────────────────────────────


def send_cookies(source: str) -> str:
    """Return the source with cookies that are sent from pages of another site, too.

    >>> print(send_cookies('r.set_cookie("id", token, samesite="lax")'))
    r.set_cookie("id", token, samesite="none", secure=True)
    """
    changes: list[_Change] = []
    for call in filter(is_held_back, _calls(source, SiteKind.COOKIE)):
        names = {keyword.arg for keyword in call.keywords}
        name = "same_site" if "same_site" in names else "samesite"
        values = {name: '"none"'}
        if call_name(call) != "add_cookie" or "secure" in names:
            values["secure"] = "True"
        changes += _with_keywords(source, call, values)
    for call in _calls(source, SiteKind.MIDDLEWARE):
        if ast.unparse(call.args[0]).endswith("SessionMiddleware"):
            values = {"same_site": '"none"', "https_only": "True"}
            changes += _with_keywords(source, call, values)
    return _changed(source, changes)


def enforce(source: str) -> str:
    r"""Return the source with corsmith refusing handshakes of origins that are not allowed.

    >>> print(enforce("from corsmith import install\ninstall(app, policy)"))
    from corsmith import install
    install(app, policy, enforce=True)
    """
    changes: list[_Change] = []
    for call in _calls(source, SiteKind.OURS):
        changes += _with_keywords(source, call, {"enforce": "True"})
    return _changed(source, changes)


_LAYERS: Final = frozenset({SiteKind.ADD_CORS, SiteKind.FLASK_CORS})
_CORSHEADERS: Final = "corsheaders.middleware.CorsMiddleware"


def without_second(source: str) -> str:
    """Return the source with one CORS layer: ours if it is one of them, else the last."""
    sites = [site for site in find_sites("", source) if site.kind in {*_LAYERS, SiteKind.OURS}]
    others = [site for site in sites if site.kind in _LAYERS]
    if len(sites) > 1 and others and len({site.target for site in sites}) == 1:
        gone = others if len(others) < len(sites) else others[:-1]
        return _removed(source, gone)
    for layers in _lists(source):
        if len(places := _places(layers)) > 1:
            ours = [at for at in places if not _is_stock(layers.elts[at])]
            return _without_item(source, layers, {*places} - {(ours or places)[0]})
    by_hand = [site for site in find_sites("", source) if site.kind is SiteKind.BY_HAND]
    return _removed(source, [site for site in by_hand if site.statement is not None])


def _removed(source: str, sites: Sequence[Site]) -> str:
    """Return the source without statements that stand on lines of their own."""
    offsets = _Offsets(source)
    data = source.encode()
    changes = []
    for site in sites:
        statement = site.statement
        if not isinstance(statement, ast.Expr | ast.Assign):
            return source
        start, end = offsets.lines(statement)
        alone = not data[start : offsets.start(statement)].strip()
        rest = data[offsets.end(statement) : end].strip()
        if not alone or (rest and not rest.startswith(b"#")):
            return source
        changes.append(_Change(start=start, end=end, text=""))
    after = _changed(source, changes)
    try:
        ast.parse(after)
    except SyntaxError:  # it was all that a block had
        return source
    return after


def _without_item(source: str, layers: ast.List, gone: AbstractSet[int]) -> str:
    """Return the source without items of a list that has each on a line of its own."""
    offsets = _Offsets(source)
    data = source.encode()
    changes = []
    for at in gone:
        item = layers.elts[at]
        start, end = offsets.lines(item)
        if data[start:end].strip().rstrip(b",") != data[offsets.start(item) : offsets.end(item)]:
            return source
        changes.append(_Change(start=start, end=end, text=""))
    return _changed(source, changes)


_LISTS: Final = frozenset(
    {
        "CORS_ALLOWED_ORIGINS",
        "CORS_ALLOW_HEADERS",
        "CORS_ALLOW_METHODS",
        "CORS_EXPOSE_HEADERS",
        "allow_headers",
        "allow_methods",
        "allow_origins",
        "expose",
        "expose_headers",
        "headers",
        "methods",
        "origins",
    }
)
"""What takes a list, in a policy and in the words of other libraries."""

_SETTINGS: Final = frozenset(name for name in _LISTS if name.isupper())
_WITH_LISTS: Final = frozenset({SiteKind.OURS, SiteKind.ADD_CORS, SiteKind.CONFIG})


def as_lists(source: str) -> str:
    """Return the source with lists where one string stands for a list of a CORS layer.

    >>> print(as_lists('CORS_ALLOWED_ORIGINS = "https://app.example"'))
    CORS_ALLOWED_ORIGINS = ["https://app.example"]
    """
    offsets = _Offsets(source)
    values = [
        keyword.value
        for site in find_sites("", source)
        if site.kind in _WITH_LISTS and isinstance(site.node, ast.Call)
        for keyword in site.node.keywords
        if keyword.arg in _LISTS
    ]
    for node in ast.walk(ast.parse(source)):
        # Django's settings are assigned, or given to settings.configure().
        if isinstance(node, ast.Assign):
            names = [one.id for one in node.targets if isinstance(one, ast.Name)]
            values += [node.value] if _SETTINGS & {*names} else []
        elif isinstance(node, ast.keyword) and node.arg in _SETTINGS:
            values.append(node.value)
    changes = [
        _Change(start=offsets.start(one), end=offsets.end(one), text=_listed(one.value))
        for one in values
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value != "*"
    ]
    return _changed(source, changes)


def first_in_middleware(source: str) -> str:
    """Return the source with the CORS layer first in Django's ``MIDDLEWARE``."""
    changes: list[_Change] = []
    for layers in _lists(source):
        texts = [ast.get_source_segment(source, one) or "" for one in layers.elts]
        places = _places(layers)
        if (
            len(places) != 1
            or places[0] == 0
            or any(isinstance(e, ast.Starred) for e in layers.elts)
        ):
            continue
        order = [texts.pop(places[0]), *texts]
        offsets = _Offsets(source)
        changes += (
            _Change(start=offsets.start(one), end=offsets.end(one), text=text)
            for one, text in zip(layers.elts, order, strict=True)
        )
    return _changed(source, changes)


def _listed(text: str) -> str:
    """Return a list of the words that one string has, parted by commas."""
    words = [word.strip() for word in text.split(",")]
    return f"[{', '.join(json.dumps(word) for word in words)}]"


def _places(layers: ast.List) -> list[int]:
    """Return where the CORS layers stand in a list."""
    return [at for at, one in enumerate(layers.elts) if _is_cors(one)]


def _is_stock(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == _CORSHEADERS


def _is_cors(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return node.value == _CORSHEADERS or node.value.startswith("corsmith.adapters.django.")


def _calls(source: str, kind: SiteKind) -> list[ast.Call]:
    found = (site.node for site in find_sites("", source) if site.kind is kind)
    return [node for node in found if isinstance(node, ast.Call)]


def _lists(source: str) -> list[ast.List]:
    """Return Django's lists of layers."""
    found = (site.node for site in find_sites("", source) if site.kind is SiteKind.DJANGO)
    return [node for node in found if isinstance(node, ast.List)]
