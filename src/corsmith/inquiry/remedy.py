"""What to change so that a page may: in words, as header lines, and as lines of a stack.

What lives here: ``Remedy``, and the values in its lines. What does not: which change it is
(``cause``) and the stacks themselves (``stacks``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from corsmith.address import read_address
from corsmith.browser import FetchRequest
from corsmith.exchange import Trial
from corsmith.headers import ALLOW_ORIGIN, SAFELISTED_METHODS
from corsmith.inquiry.change import Case, Need, base_code, find_need
from corsmith.inquiry.layer import Layer, Witness
from corsmith.inquiry.stacks import STACKS, fill
from corsmith.profiles import PROFILES, Profile

__all__ = ["Remedy", "find_remedy"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_VARY: Final = ("Vary", "Origin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change: a sentence, the header lines that the answers need, the lines of a stack.

    ``preflight`` and ``request`` are header lines that the answer to each must carry. ``stack``
    is a name of ``STACKS``, or of ``PROFILES`` where the lines are commands.
    """

    need: Need
    says: str
    preflight: Pairs = ()
    request: Pairs = ()
    stack: str | None = None
    lines: tuple[str, ...] = ()
    note: str | None = None


def find_remedy(
    request: FetchRequest,
    trial: Trial,
    who: Witness | None,
    layers: Sequence[Layer],
    stack: str | None = None,
) -> Remedy | None:
    """Return the change that lets the page; ``None`` where nothing is wrong.

    ``stack`` is the one that the person named, or a program of ``PROFILES``; else one that the
    answers show is taken.
    """
    verdict = trial.verdict
    if verdict is None or verdict.code is None:
        return None
    case = Case(
        request=request, verdict=verdict, leg=trial.last, who=who, code=base_code(verdict.code)
    )
    program = PROFILES.get(stack or "")
    if program is not None:
        stack = None
        if case.code in _ABOUT_ORIGIN and case.answer is not None and request.page != "null":
            return _of_program(program, request.page)
    need, says = find_need(case)
    name = stack or _shown(layers, need)
    needs_headers = need in _NEEDS_HEADERS
    asks = needs_headers and verdict.preflight_sent
    preflight = _lacking(_preflight_lines(case), trial, "preflight") if asks else ()
    # A layer that names the page on a preflight does so on the request too.
    knows = case.is_preflight and not any(name == ALLOW_ORIGIN for name, _ in preflight)
    return Remedy(
        need=need,
        says=says,
        preflight=preflight,
        request=_lacking(_request_lines(case), trial, "actual")
        if needs_headers and not knows
        else (),
        stack=name if _has_lines(name, need) else None,
        lines=_stack_lines(case, name, need),
        note=_note(case, name, need),
    )


_ABOUT_ORIGIN: Final = frozenset(
    {
        *("allow-origin-missing", "allow-origin-mismatch", "allow-origin-invalid"),
        *("allow-origin-list", "preflight-status"),
    }
)


def _of_program(program: Profile, page: str) -> Remedy:
    """Return how a program is told to allow a page, and how it is not touched."""
    gateway = f"corsmith serve {program.name} --origin {page}"
    own = fill(program.allow, {"origin": page}) if program.allow else ()
    return Remedy(
        need=Need.ALLOW,
        says=f"Let {program.title} allow {page}, or let the page ask a gateway before it, which "
        "leaves it as it is.",
        stack=program.name,
        lines=(*own, gateway),
        note=program.besides,
    )


def _note(case: Case, name: str | None, need: Need) -> str | None:
    note = None if name is None else STACKS[name].notes.get(need)
    return None if note is None else " ".join(fill(note, _values(case)))


def _lacking(wanted: Pairs, trial: Trial, kind: str) -> Pairs:
    """Return the lines that the last answer of a kind does not have yet."""
    answers = [leg.answer for leg in trial.legs if leg.sent.kind == kind]
    answer = answers[-1] if answers else None
    if answer is None:
        return wanted
    star = any(value == "true" for _, value in wanted)
    lacking = tuple(
        (name, value)
        for name, value in wanted
        if not _has(answer.received.values(name), value, star=not star)
    )
    # An allow-origin of `*` that stays is the same for every page: nothing varies by it.
    if answer.received.values(ALLOW_ORIGIN) == ("*",) and ALLOW_ORIGIN not in dict(lacking):
        return tuple(pair for pair in lacking if pair != _VARY)
    return lacking


def _has(values: tuple[str, ...], wanted: str, *, star: bool) -> bool:
    """Return whether the lines of a header say what is wanted, each of its words."""
    if len(values) > 1:
        return False
    words = {word.strip() for value in values for word in value.split(",")}
    lower = {word.lower() for word in words}
    if star and "*" in words:
        return True
    whole = {wanted} if "://" in wanted else {word.strip() for word in wanted.split(",")}
    return whole <= words or (wanted == "Origin" and "origin" in lower)


def _request_lines(case: Case) -> Pairs:
    lines: list[tuple[str, str]] = [(ALLOW_ORIGIN, case.request.page)]
    if case.credentials:
        lines.append(("Access-Control-Allow-Credentials", "true"))
    return (*lines, _VARY)


def _preflight_lines(case: Case) -> Pairs:
    lines = list(_request_lines(case)[:-1])
    if case.request.method not in SAFELISTED_METHODS:
        lines.append(("Access-Control-Allow-Methods", ", ".join(_methods(case))))
    if _headers(case):
        lines.append(("Access-Control-Allow-Headers", ", ".join(_headers(case))))
    return (*lines, _VARY)


def _asked(case: Case) -> Iterable[str]:
    for sent in case.verdict.sent:
        for name, value in sent.headers:
            if name.lower() == "access-control-request-headers":
                yield from value.split(",")


def _methods(case: Case) -> list[str]:
    listed = [word.upper() for word in case.listed("access-control-allow-methods")]
    return list(dict.fromkeys([*listed, case.request.method]))


def _headers(case: Case) -> list[str]:
    known = case.listed("access-control-allow-headers")
    lower = {word.lower() for word in known}
    return [*known, *dict.fromkeys(name for name in _asked(case) if name not in lower)]


def _shown(layers: Sequence[Layer], need: Need) -> str | None:
    """Return the stack to change: for what two layers do the outer one, else the inner."""
    known = [layer.stack for layer in layers if layer.stack is not None]
    if not known:
        return None
    if "corsmith" in known and need in _FROM_SET_UP:
        return "corsmith"  # it replaces what an app or an upstream sets
    return known[0] if need in {Need.SINGLE, Need.UPSTREAM} else known[-1]


_NEEDS_HEADERS: Final = frozenset(
    {
        *(Need.ALLOW, Need.PREFLIGHT, Need.ERROR, Need.SINGLE, Need.UPSTREAM),
    }
)
_FROM_SET_UP: Final = frozenset({Need.ALLOW, Need.PREFLIGHT, Need.ERROR, Need.VARY})


def _has_lines(name: str | None, need: Need) -> bool:
    return name is not None and (need in _FROM_SET_UP or need in STACKS[name].other)


def _stack_lines(case: Case, name: str | None, need: Need) -> tuple[str, ...]:
    if name is None or not _has_lines(name, need):
        return ()
    stack = STACKS[name]
    template = stack.other.get(need, stack.lines)
    return fill(template, _values(case))


def _flags(case: Case) -> Iterable[str]:
    """Yield the flags of ``corsmith serve`` for what a page does."""
    yield f"--origin {case.request.page}"
    if case.request.method not in SAFELISTED_METHODS:
        yield f"--method {','.join(_methods(case))}"
    if _headers(case):
        yield f"--header {','.join(_headers(case))}"
    if case.credentials:
        yield "--credentials"


def _values(case: Case) -> dict[str, str]:
    lists = {
        "methods": _methods(case),
        "headers": _headers(case),
        "expose": case.listed("access-control-expose-headers"),
    }
    values = {
        "origin": case.request.page,
        "host": read_address(case.request.url).host,
        "credentials": "true" if case.credentials else "",
        "credentials!": "True" if case.credentials else "",
        "symbols": ", ".join(f":{word.lower()}" for word in lists["methods"]),
        "flags": " ".join(_flags(case)),
    }
    for name, words in lists.items():
        values[name] = ", ".join(words)
        values[f'{name}"'] = ", ".join(f'"{word}"' for word in words)
    return values
