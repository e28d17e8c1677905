"""CORS for a framework that has requests and responses of its own.

What lives here: ``Layer``, which a framework's adapter asks once a request. What does not:
the framework's objects, and any judgement.

Facts that shape the code:

* a framework joins or lists repeated headers in its own way, so every line is asked for;
* the whole set of CORS headers of a response is replaced and ``Vary`` is merged, so what is
  put on a response depends on what it has: ``Treatment.mark`` is given its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast

from corsmith.gate import Choice, admit, check_enforce, choose, failed
from corsmith.headers import OWNED_RESPONSE_HEADERS, merge_vary
from corsmith.marks import UNMARKED, Mark
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_replaced_headers
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from corsmith.gate import AsyncChooser, Chooser, Source
    from corsmith.marks import Marks

__all__ = ["Answer", "Asked", "Fields", "Layer", "Treatment", "put", "text_of_bytes"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_TOUCHED: Final = OWNED_RESPONSE_HEADERS | {"vary"}
_VARY: Final = (("Vary", "Origin"),)
_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
_REFUSED: Final = "This origin may not use this server: the CORS policy does not allow it.\n"
_NO_CONTENT: Final = 204
_REFUSED_STATUS: Final = 403
_NOTHING: Final = frozenset[str]()


class Fields(Protocol):
    """The headers of a response, several lines of a name among them, as multidict holds them."""

    def __iter__(self) -> Iterator[str]:
        """Yield the name of each line."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return each line."""

    def clear(self) -> None:
        """Take every line away."""

    def extend(self, lines: Iterable[tuple[str, str]], /) -> None:
        """Add lines, also of names that are there already."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """What a request says, as far as CORS asks: each header as its list of lines.

    ``path`` is the decoded one that the application routes on, ``raw_path`` the one received,
    where the framework has it. ``mark`` is that of the endpoint, where the framework has found
    it already.
    """

    method: str
    path: str
    origins: Sequence[str]
    methods: Sequence[str] = ()
    names: Sequence[str] = ()
    sites: Sequence[str] = ()
    scheme: str = "http"
    host: str | None = None
    raw_path: str | None = None
    is_websocket: bool = False
    mark: Mark = UNMARKED

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks for permission (Fetch, #cors-preflight-request)."""
        return self.method == "OPTIONS" and bool(self.origins) and bool(self.methods)

    @property
    def wanted(self) -> str:
        """The method that the application would be asked with."""
        # Two lines are one list to a proxy that joins them: no token, so refused.
        return ", ".join(self.methods) if self.is_preflight else self.method


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response that the layer gives in place of the application."""

    status: int
    headers: Pairs
    body: str = ""


@dataclass(slots=True, kw_only=True)
class Treatment:
    """What becomes of one request.

    ``answer``: send this, and do not run the application. Otherwise run it, and give
    ``mark`` the lines of its response. ``pairs`` is what is added; ``owned``, in lower case,
    is what is taken away before.
    """

    pairs: Pairs = ()
    owned: frozenset[str] = _NOTHING
    answer: Answer | None = None

    def mark(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the lines of a response with ours: a set replaced, ``Vary`` merged."""
        return _merge(headers, self.pairs, self.owned)

    def put(self, fields: Fields) -> None:
        """Do the same with the headers of a response where they stand."""
        put(fields, self.pairs, self.owned)


def put(fields: Fields, pairs: Pairs, owned: frozenset[str] = OWNED_RESPONSE_HEADERS) -> None:
    """Put ``pairs`` on a response where its headers stand: a set replaced, ``Vary`` merged.

    Doing it twice does nothing more: a host may have begun to send what is there.
    """
    # The usual response has no line of ours yet, and is asked that in one go.
    if _TOUCHED.isdisjoint(map(str.lower, fields)):
        fields.extend(pairs)
    elif pairs or owned:
        lines = _merge(fields.items(), pairs, owned)
        if sorted(lines) != sorted(fields.items()):
            fields.clear()
            fields.extend(lines)


def _merge(
    headers: Iterable[tuple[str, str]], pairs: Pairs, owned: frozenset[str]
) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    vary: list[str] = []
    replaced: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower in owned:
            if (name, value) not in pairs:
                replaced.append(lower)
        elif lower == "vary":
            vary.append(value)
        else:
            kept.append((name, value))
    if replaced:
        note_replaced_headers(replaced)
    if pairs and pairs[-1][0] == "Vary":
        return [*kept, *pairs[:-1], ("Vary", merge_vary(vary, "Origin"))]
    return [*kept, *(("Vary", value) for value in vary), *pairs]


_UNTOUCHED: Final = Treatment()


class Layer:
    """A policy in force for one application, asked once a request.

    ``policy`` is a ``Policy``, ``Routes`` or a function, or its fields are given directly.
    ``marks`` finds the mark of an endpoint, which comes before the policy. ``asynchronous``
    says how the framework can call a policy function. Raises ``PolicyError``.
    """

    def __init__(
        self,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        marks: Marks | None = None,
        asynchronous: bool = False,
        **fields: object,
    ) -> None:
        """Check everything that can be wrong with the policy."""
        self._marks = marks
        self._asynchronous = asynchronous
        self._enforce = check_enforce(enforce)
        self._refusals = Refusals()
        self._source = admit(policy, fields, asynchronous=asynchronous)
        self._find_shortcut()

    @property
    def marks(self) -> Marks | None:
        """Finds the mark of the endpoint of a request, which comes before the policy."""
        return self._marks

    @marks.setter
    def marks(self, new: Marks | None) -> None:
        self._marks = new
        self._find_shortcut()

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._source

    @policy.setter
    def policy(self, new: Source) -> None:
        self._source = admit(new, {}, asynchronous=self._asynchronous)
        self._find_shortcut()

    def _find_shortcut(self) -> None:
        """Keep the policy of the usual case, in which an Origin is all that is asked for."""
        source = self._source
        is_usual = self._marks is None and not self._enforce
        self._policy = source if is_usual and type(source) is Policy else None

    @property
    def is_constant(self) -> bool:
        """Whether one policy holds for every request, and refuses none of them."""
        return self._policy is not None

    def pairs(self, origins: Sequence[str]) -> Pairs | None:
        """Return what every response to these Origin lines gets, for a request of any path.

        It is the short way for what is no preflight. ``None``: one policy does not tell, so
        ``treat`` has to be asked.
        """
        policy = self._policy
        if policy is None:
            return None
        answers = policy.answers
        if not origins:
            return answers.unmatched
        origin = origins[0] if len(origins) == 1 else None
        pairs: Pairs = answers.actual(origin)
        if pairs is answers.unmatched and not answers.any_origin:
            self._refusals.note_origin(policy, origin)
        return pairs

    def treat(self, asked: Asked) -> Treatment:
        """Return what becomes of a request, where the policy function is a ``def``."""
        source: object = self._source
        if (choice := self._choose_at_once(source, asked)) is None:
            try:
                chosen = cast("Chooser", source)(*_shared(asked))
                choice = choose(chosen, asked.path, asked.raw_path, varies=True)
            except Exception as error:  # noqa: BLE001  a refusal must not become a crash
                choice = self._fail(asked, error)
        return self._treat(choice, asked)

    async def treat_async(self, asked: Asked) -> Treatment:
        """Return what becomes of a request, where the policy function is an ``async def``."""
        source: object = self._source
        if (choice := self._choose_at_once(source, asked)) is None:
            try:
                chosen = await cast("AsyncChooser", source)(*_shared(asked))
                choice = choose(chosen, asked.path, asked.raw_path, varies=True)
            except Exception as error:  # noqa: BLE001  a refusal must not become a crash
                choice = self._fail(asked, error)
        return self._treat(choice, asked)

    def _choose_at_once(self, source: object, asked: Asked) -> Choice | None:
        """Return what is in force, unless a function has to be asked."""
        mark = asked.mark
        if mark is UNMARKED and self._marks is not None:
            mark = self._marks(asked.wanted, asked.path)
        if mark is not UNMARKED:
            return Choice(policy=mark)
        if isinstance(source, (Policy, Routes)):
            return choose(source, asked.path, asked.raw_path)
        return None

    def _fail(self, asked: Asked, error: Exception) -> Choice:
        self._refusals.note_failure(_single(asked.origins), error)
        return failed()

    def _treat(self, choice: Choice, asked: Asked) -> Treatment:
        policy = choice.policy
        if policy is None:
            return self._exempt(choice, asked)
        answers = policy.answers
        origin = _single(asked.origins)
        if asked.is_preflight:
            return self._preflight(policy, origin, asked, varies=choice.varies)
        pairs: Pairs = answers.actual(origin)
        refused = bool(asked.origins) and pairs is answers.unmatched and not answers.any_origin
        if refused:
            self._refusals.note_origin(policy, origin)
            if self._enforce and not _is_same_origin(asked):
                return _refuse(pairs)
        if choice.varies and answers.any_origin:
            pairs += _VARY
        return Treatment(pairs=pairs, owned=OWNED_RESPONSE_HEADERS)

    def _exempt(self, choice: Choice, asked: Asked) -> Treatment:
        """Return what becomes of a request where no policy holds."""
        pairs = _VARY if choice.varies else ()
        if choice.ambiguous:
            self._refusals.note_path(asked.path)
            # Whichever reading the application takes, no policy has allowed this Origin.
            if self._enforce and asked.origins and not _is_same_origin(asked):
                return _refuse(pairs)
            return Treatment(pairs=pairs, owned=OWNED_RESPONSE_HEADERS)
        return Treatment(pairs=pairs) if pairs else _UNTOUCHED

    def _preflight(
        self, policy: Policy, origin: str | None, asked: Asked, *, varies: bool
    ) -> Treatment:
        """Return the answer to a preflight, and note what a browser will refuse in it."""
        answers = policy.answers
        pairs: Pairs = answers.preflight(origin, asked.wanted, asked.names)
        if pairs is answers.vary:
            self._refusals.note_origin(policy, origin)
        elif (fault := answers.fault(asked.wanted, asked.names)) is not None:
            self._refusals.note_fault(origin, fault)
        if varies and answers.any_origin:
            pairs += _VARY
        status = policy.preflight_status
        # RFC 9110, section 8.6: a 204 has no Content-Length.
        headers = pairs if status == _NO_CONTENT else (*pairs, ("Content-Length", "0"))
        return Treatment(answer=Answer(status=status, headers=headers))


def _refuse(pairs: Pairs) -> Treatment:
    length = ("Content-Length", str(len(_REFUSED)))
    headers = (_TEXT, length, *pairs)
    return Treatment(answer=Answer(status=_REFUSED_STATUS, headers=headers, body=_REFUSED))


def _shared(asked: Asked) -> tuple[str | None, str, str | None, str]:
    """Return what a preflight and its request share, which a policy function is given."""
    origin = _single(asked.origins)
    origin = origin if origin is None else origin.strip(" \t")
    return origin, asked.scheme, asked.host, asked.path


def _single(lines: Sequence[str]) -> str | None:
    """Return the value of a header that has exactly one line."""
    return lines[0] if len(lines) == 1 else None


def _is_same_origin(asked: Asked) -> bool:
    """Return whether the browser says that page and server are one origin.

    Fetch Metadata, #sec-fetch-site-header: no page can set or remove it. A WebSocket is not
    exempt: what it may do is not bounded by CORS afterwards.
    """
    return not asked.is_websocket and [*asked.sites] == ["same-origin"]


def text_of_bytes(lines: Sequence[str]) -> Sequence[str]:
    """Return lines as Latin-1 text that stands for bytes, where a host took them for UTF-8."""
    if all(map(str.isascii, lines)):
        return lines
    return [line.encode("utf-8", "surrogateescape").decode("latin-1") for line in lines]
