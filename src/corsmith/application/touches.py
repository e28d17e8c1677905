"""Small changes in a source file: one argument or one statement, where it is certain.

What lives here: text in, text out, unchanged where nothing applies. What does not: corsmith in
place of another layer (``mend``).
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from corsmith.application.cookies import call_name, is_held_back
from corsmith.application.sites import Site, SiteKind, find_sites

__all__ = ["enforce", "first_in_middleware", "send_cookies", "without_second"]


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

    def lines(self, node: ast.stmt) -> tuple[int, int]:
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
    for site in _of_kind(source, SiteKind.COOKIE):
        call = site.node
        if isinstance(call, ast.Call) and is_held_back(site):
            names = {keyword.arg for keyword in call.keywords}
            name = "same_site" if "same_site" in names else "samesite"
            values = {name: '"none"'}
            if call_name(call) != "add_cookie" or "secure" in names:
                values["secure"] = "True"
            changes += _with_keywords(source, call, values)
    return _changed(source, changes)


def enforce(source: str) -> str:
    r"""Return the source with corsmith refusing handshakes of origins that are not allowed.

    >>> print(enforce("from corsmith import install\ninstall(app, policy)"))
    from corsmith import install
    install(app, policy, enforce=True)
    """
    changes: list[_Change] = []
    for site in _of_kind(source, SiteKind.OURS):
        if isinstance(site.node, ast.Call) and site.node.args:
            changes += _with_keywords(source, site.node, {"enforce": "True"})
    return _changed(source, changes)


_LAYERS: Final = frozenset({SiteKind.ADD_CORS, SiteKind.FLASK_CORS})
_CORSHEADERS: Final = "corsheaders.middleware.CorsMiddleware"


def without_second(source: str) -> str:
    """Return the source with one CORS layer: ours if it is one of them, else the last."""
    sites = [site for site in find_sites("", source) if site.kind in {*_LAYERS, SiteKind.OURS}]
    others = [site for site in sites if site.kind in _LAYERS]
    if len(sites) > 1 and others:
        gone = others if len(others) < len(sites) else others[:-1]
        return _removed(source, gone)
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


def first_in_middleware(source: str) -> str:
    """Return the source with the CORS layer first in Django's ``MIDDLEWARE``."""
    changes: list[_Change] = []
    for site in _of_kind(source, SiteKind.DJANGO):
        layers = site.node
        if not isinstance(layers, ast.List):
            continue
        texts = [ast.get_source_segment(source, one) or "" for one in layers.elts]
        places = [at for at, one in enumerate(layers.elts) if _is_cors(one)]
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


def _is_cors(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return node.value == _CORSHEADERS or node.value.startswith("corsmith.adapters.django.")


def _of_kind(source: str, kind: SiteKind) -> list[Site]:
    return [site for site in find_sites("", source) if site.kind is kind]
