"""Which layers an application has, and in which order: two CORS layers, or one too far inside.

What lives here: what stands beside the CORS layer or outside of it and what may come of that.
What does not: what the answers show (``shortcomings``).
"""

import re
import sys
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, Final

from corsmith.application.case import Case, Finding
from corsmith.application.places import code_of, place_of
from corsmith.application.sites import SiteKind
from corsmith.diagnostics import diagnose
from corsmith.importers.objects import mro_names
from corsmith.prose import join_words

__all__ = ["find_order", "find_second"]

_ANSWER: Final = frozenset(
    {
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
        "django.middleware.cache.CacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "starlette.middleware.httpsredirect.HTTPSRedirectMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
    }
)
"""What answers in place of what is inside of it."""

_OF_FRAMEWORKS: Final = ("django.", "starlette.", "fastapi.", "litestar.", "werkzeug.", "corsmith.")
"""Other layers of these answer nothing by themselves, or only to those who are no page."""

_RESPONSE: Final = re.compile(r"\w*(?:Response|Redirect)\Z|redirect\Z|abort\Z")
_STATUS: Final = re.compile(r"[345][0-9]{2} ")
"""What WSGI's ``start_response`` is given."""

_FIRST: Final = "Put {} first in MIDDLEWARE."


def find_order(case: Case) -> Iterator[Finding]:
    """Yield what can answer before the CORS layer does, and without its headers."""
    if not case.anatomy.cors:
        return
    above = [one for one in case.anatomy.above if _answers(one)]
    if not above:
        return
    names = join_words([_name(one) for one in above])
    verb = "stand" if above[1:] else "stands"
    message = (
        f"{names} {verb} outside of {case.layer} and can answer first: a page gets that "
        "answer without CORS headers."
    )
    if case.anatomy.framework == "django":
        layer = next((one for one in case.anatomy.layers if "cors" in one.lower()), "it")
        lines: tuple[str, ...] = ()
        fix = _FIRST.format(f'"{layer}"')
    else:
        lines = case.lines
        fix = "Put corsmith around the finished application, in its last line:"
    place = next((found for one in above if (found := place_of(_class(one)))), None)
    yield Finding(
        diagnostic=diagnose("middleware-order", None, _name(above[0]), message, fix),
        place=_added(case, above[0]) or (case.place if place is None else place),
        lines=lines,
    )


def _added(case: Case, one: object) -> str | None:
    """Return where a layer is added, if that is a call."""
    says = f"add_middleware({_name(one)}, …)"
    return next((str(site) for site in case.sites if site.says == says), None)


def _name(one: object) -> str:
    return one.rpartition(".")[2] if isinstance(one, str) else getattr(one, "__name__", str(one))


def _class(one: object) -> object:
    """Return the class or function of a layer, which Django has by its dotted name."""
    if not isinstance(one, str):
        return one
    module, _, name = one.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def _answers(one: object) -> bool:
    """Return whether a layer may answer by itself."""
    kind = _class(one)
    names = {one} if isinstance(one, str) else mro_names(kind)
    if names & _ANSWER:
        return True
    module = str(getattr(kind, "__module__", ""))
    if f"{module}.".startswith(_OF_FRAMEWORKS):
        return False
    return any(map(_makes_answers, _codes(kind)))


def _codes(kind: Any) -> Iterator[CodeType]:  # noqa: ANN401  a class or a function
    if isinstance(kind, type):
        for value in vars(kind).values():
            yield from _codes(value) if not isinstance(value, type) else ()
        return
    code = code_of(kind)
    if code is not None:
        yield from _nested(code)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _nested(one)


def _makes_answers(code: CodeType) -> bool:
    texts = (one for one in code.co_consts if isinstance(one, str))
    names: Iterable[str] = (*code.co_names, *code.co_freevars)
    return any(map(_RESPONSE.match, names)) or any(map(_STATUS.match, texts))


# ── two of them ──────────────────────────────────────────────────────────────


def find_second(case: Case) -> Iterator[Finding]:
    """Yield that there are two CORS layers, or one and a header that is set by hand."""
    cors = case.anatomy.cors
    if len(cors) > 1:
        titles = join_words([one.title for one in cors])
        inside = cors[-1].title
        message = (
            f"{len(cors)} CORS layers: {titles}. The outermost decides what browsers see, and "
            f"what {inside} says is lost, doubled or let through where it is refused outside."
        )
        place = _second_place(case)
        yield Finding(
            diagnostic=diagnose("two-layers", None, inside, message, "Keep one of them."),
            place=place or case.place,
        )
        return
    hand = case.first(SiteKind.BY_HAND)
    if cors and hand is not None:
        message = (
            "Access-Control-Allow-Origin is set by hand here, and "
            f"{case.layer} sets it too: two layers decide about one header."
        )
        yield Finding(
            diagnostic=diagnose(
                "two-layers", None, "Access-Control-Allow-Origin", message, "Remove this one."
            ),
            place=str(hand),
        )


_LAYERS: Final = frozenset(
    {SiteKind.ADD_CORS, SiteKind.LIST_CORS, SiteKind.FLASK_CORS, SiteKind.CONFIG, SiteKind.OURS}
)


def _second_place(case: Case) -> str | None:
    """Return where the second layer is made: the one that is not ours, else the last."""
    found = [site for site in case.sites if site.kind in _LAYERS]
    others = [site for site in found if site.kind is not SiteKind.OURS]
    site = next(iter(reversed(others if len(others) < len(found) else found)), None)
    return None if site is None else str(site)
