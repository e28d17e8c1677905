"""The answers of a policy, made in advance: origin look-up and ready header pairs.

What lives here: ``Answers``, built once when a policy is made, and everything that the
request path needs from it. What does not: what a user writes (``policy``), and the
account of a decision in words (``decision``).

Three rules hold:

* a request costs what it needs: known origins are one look-up in a dict, and what
  depends only on the policy is a tuple that exists already;
* nothing is stored under a key that a client chose, but for some origins that a pattern
  allows: they are met again and again, and there is a bound;
* whatever is handed out is immutable, so no caller can change the next answer.

A policy has two of these, of ``str`` for WSGI, ``http.server`` and ``decide``, and of
``bytes`` for ASGI, so that neither side converts a header while a request waits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Generic, TypeVar

from corsmith.headers import (
    ALLOW_CREDENTIALS,
    ALLOW_HEADERS,
    ALLOW_METHODS,
    ALLOW_ORIGIN,
    EXPOSE_HEADERS,
    FORBIDDEN_METHODS,
    MAX_AGE,
    SAFELISTED_METHODS,
    is_token,
    split_list,
)
from corsmith.origin import parse_origin

__all__ = [
    "MAX_ECHOED_BYTES",
    "MAX_ECHOED_NAMES",
    "MAX_EMPTY_ELEMENTS",
    "MAX_ORIGINS_MET",
    "AnswerFields",
    "Answers",
    "Fault",
]

# One bound, not two constraints: a class over `AnyStr` is checked twice, and its unpacked
# tuples are then of neither form.
Text = TypeVar("Text", bound=str | bytes)

MAX_ECHOED_BYTES: Final = 4096
"""The longest requested method or list of headers that is echoed, in bytes.

The longest list of a real page that was seen in Chromium is below 1 KiB; Starlette
echoes 1 MB.
"""

MAX_ECHOED_NAMES: Final = 64
"""The most names that are echoed; jub0bs/cors bounds the same by the policy's length."""

MAX_NAMES_COMBINED: Final = 8
"""The most allowed header names whose usual lists are made in advance: 92 lists for eight."""

MAX_ORIGINS_MET: Final = 1024
"""The most origins remembered that a pattern allows; a stranger is never remembered.

Each has at most 350 bytes. The first ones stay, so that a client that makes up names
below a ``*`` cannot drive out the pages that are really there.
"""

MAX_EMPTY_ELEMENTS: Final = 16
"""The empty list elements that are tolerated, as jub0bs/cors does.

RFC 9110, section 5.6.1.2 asks for "a reasonable number", so that a list of commas
cannot be used to make a server work.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFields:
    """What ``Answers`` are made from: the fields of a valid policy, groups expanded."""

    any_origin: bool
    exact: frozenset[str]
    admits: Callable[[str], bool] | None
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose: tuple[str, ...]
    credentials: bool
    max_age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a page may not do what its preflight asks for: a code and what it is about."""

    code: str
    field: str
    value: str


def _too_many(amount: str) -> Fault:
    return Fault(code="headers-too-many", field="headers", value=amount)


class Answers(Generic[Text]):
    """The header pairs of one policy, in one of the two forms that hosts speak."""

    __slots__ = (
        "_admits",
        "_allow_headers",
        "_allow_headers_name",
        "_allow_methods",
        "_allow_methods_name",
        "_allow_origin",
        "_allowed_headers",
        "_any_header",
        "_any_method",
        "_credentials",
        "_encode",
        "_fixed",
        "_known",
        "_max_age",
        "_max_bytes",
        "_max_names",
        "_most_known",
        "_star",
        "_usual_lists",
        "_usual_methods",
        "any_origin",
        "find",
        "unmatched",
        "vary",
        "vary_tail",
    )

    any_origin: bool
    """Whether the answer is a literal ``*``, the same for everyone."""

    find: Callable[[Text | None], tuple[tuple[Text, Text], ...] | None]
    """Returns what ``actual`` does, where that is ready: for no Origin, which is ``None``, for
    each exact origin, and for some that a pattern allowed."""

    vary: tuple[tuple[Text, Text], ...]
    """``Vary: Origin``, or nothing for the open policy."""

    vary_tail: tuple[tuple[Text, Text], ...]
    """What follows the allow-origin pair on an actual response, ``vary`` at its end."""

    unmatched: tuple[tuple[Text, Text], ...]
    """The whole answer where no origin is allowed or none was sent."""

    _encode: Callable[[str], Text]
    _admits: Callable[[str], bool] | None
    _allow_origin: Text
    _allow_methods_name: Text
    _allow_headers_name: Text
    _star: tuple[Text, Text]
    _credentials: tuple[tuple[Text, Text], ...]
    _max_age: tuple[tuple[Text, Text], ...]

    # Allowed methods, and whole lists of allowed header names, in the form of the host.
    _usual_methods: frozenset[Text]
    _usual_lists: frozenset[Text]

    # All that follows the allow-origin pair of a preflight, unless a list is echoed.
    _fixed: tuple[tuple[Text, Text], ...] | None

    # `None` stands for a list that depends on the request.
    _allow_methods: tuple[tuple[Text, Text], ...] | None
    _allow_headers: tuple[tuple[Text, Text], ...] | None

    def __init__(
        self,
        fields: AnswerFields,
        encode: Callable[[str], Text],
        spell: Callable[[str], str] = str,
    ) -> None:
        """Build every pair once.

        ``encode`` gives text its form in the host, ``spell`` a header name its case:
        ASGI and HTTP/2 want lower case, people at a terminal read the other better.
        """

        def pair(name: str, value: str) -> tuple[Text, Text]:
            return (encode(spell(name)), encode(value))

        def pairs(name: str, value: str) -> tuple[tuple[Text, Text], ...]:
            return (pair(name, value),) if value else ()

        self._encode = encode
        self._admits = fields.admits
        self._star = pair(ALLOW_ORIGIN, "*")
        self._allow_origin = self._star[0]
        self._allow_methods_name = encode(spell(ALLOW_METHODS))
        self._allow_headers_name = encode(spell(ALLOW_HEADERS))
        self.any_origin = fields.any_origin
        self._credentials = pairs(ALLOW_CREDENTIALS, "true" if fields.credentials else "")
        tail = self._credentials + pairs(EXPOSE_HEADERS, ",".join(fields.expose))
        self.vary = pairs("Vary", "" if fields.any_origin else "Origin")
        self.vary_tail = tail + self.vary
        self.unmatched = (self._star, *tail) if fields.any_origin else self.vary
        self._known: dict[Text | None, tuple[tuple[Text, Text], ...]] = {
            encode(text): (pair(ALLOW_ORIGIN, text), *self.vary_tail) for text in fields.exact
        }
        self._known[None] = self.unmatched
        self._most_known = len(self._known) + MAX_ORIGINS_MET
        self.find = (lambda _: self.unmatched) if fields.any_origin else self._known.get
        self._max_age = pairs(MAX_AGE, "" if fields.max_age is None else str(fields.max_age))
        # Once credentials are included `*` is only the method or header of that name
        # (Fetch, #cors-preflight-fetch, steps 7.5 and 7.6): what was asked is echoed.
        self._any_method = "*" in fields.methods
        self._any_header = "*" in fields.headers
        methods = pairs(ALLOW_METHODS, ",".join(fields.methods))
        headers = pairs(ALLOW_HEADERS, ",".join(fields.headers))
        self._allow_methods = None if fields.credentials and self._any_method else methods
        self._allow_headers = None if fields.credentials and self._any_header else headers
        echoes = self._allow_methods is None or self._allow_headers is None
        static = self._credentials + methods + headers + self._max_age + self.vary
        self._fixed = None if echoes else static
        self._build_limits(fields)

    def __setattr__(self, name: str, value: object) -> None:
        """Set what is not set yet, and refuse: answers do not change."""
        if hasattr(self, name):
            message = f"the answers of a policy do not change; neither does {name}"
            raise AttributeError(message)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        """Refuse: answers do not change."""
        message = f"the answers of a policy do not change; {name} cannot be deleted"
        raise AttributeError(message)

    def _build_limits(self, fields: AnswerFields) -> None:
        self._allowed_headers = frozenset(name.lower() for name in fields.headers)
        self._usual_methods = frozenset(map(self._encode, SAFELISTED_METHODS.union(fields.methods)))
        self._usual_lists = frozenset(map(self._encode, _usual_lists(self._allowed_headers)))
        # A list of distinct allowed names is never longer than all of them, each with a
        # comma and two blanks: whatever is longer is refused without being read.
        longest = sum(len(name) + 3 for name in self._allowed_headers)
        self._max_bytes = max(MAX_ECHOED_BYTES, longest)
        self._max_names = max(MAX_ECHOED_NAMES, len(self._allowed_headers))

    def allow(self, origin: Text) -> tuple[Text, Text] | None:
        """Return the allow-origin pair for one Origin value, or ``None`` if refused.

        The value is the bytes that were received, and is given back byte for byte.
        """
        answer = self.find(origin) or self.meet(origin)
        return None if answer is None else answer[0]

    def meet(self, origin: Text) -> tuple[tuple[Text, Text], ...] | None:
        """Return what ``actual`` does for a value that ``find`` has not; ``None``: refused."""
        if self._admits is not None:
            text = origin if isinstance(origin, str) else origin.decode("latin-1")
            if self._admits(text):
                answer = ((self._allow_origin, origin), *self.vary_tail)
                if len(self._known) < self._most_known:
                    self._known[origin] = answer
                return answer
        # RFC 9110, section 5.5: white space around a field value is no part of it.
        bare = origin.strip(" \t") if isinstance(origin, str) else origin.strip(b" \t")
        if bare == origin:
            return None
        return self.find(bare) or self.meet(bare)  # type: ignore[arg-type]  # text stays text

    def refusal(self, origin: Text | None) -> str:
        """Return the code that says why ``origin`` is refused; ``None``: not one line."""
        if origin is None:
            return "origin-malformed"
        text = self._decode(origin).strip(" \t")
        if text == "null" or parse_origin(text) is not None:
            return "origin-not-allowed"
        return "origin-malformed"

    def actual(self, origin: Text | None) -> tuple[tuple[Text, Text], ...]:
        """Return every pair of a response that is not a preflight's, ``Vary`` included.

        ``origin`` is ``None`` where there is no Origin header, or more than one.
        """
        if origin is None:
            return self.unmatched
        return self.find(origin) or self.meet(origin) or self.unmatched

    def preflight(
        self, origin: Text | None, method: Text, headers: Sequence[Text]
    ) -> tuple[tuple[Text, Text], ...]:
        """Return every pair of a preflight's answer, ``Vary`` included.

        ``origin`` is ``None`` where there is more than one Origin header; ``headers``
        are the Access-Control-Request-Headers lines, read only by a policy that echoes.
        """
        if self.any_origin or origin is None:
            answer = self.unmatched if self.any_origin else None
        else:
            answer = self.find(origin) or self.meet(origin)
        if answer is None:
            return self.vary
        pair = answer[0]
        if self._fixed is not None:
            return (pair, *self._fixed)
        methods = self._allow_methods
        if methods is None:
            methods = self._echo_method(method)
        names = self._allow_headers
        if names is None:
            names = self._echo_headers(headers)
        return (pair, *self._credentials, *methods, *names, *self._max_age, *self.vary)

    def _decode(self, value: Text) -> str:
        return value if isinstance(value, str) else value.decode("latin-1")

    def _echo_method(self, method: Text) -> tuple[tuple[Text, Text], ...]:
        if self._method_fault(self._decode(method)) is not None:
            return ()
        return ((self._allow_methods_name, method),)

    def _echo_headers(self, lines: Sequence[Text]) -> tuple[tuple[Text, Text], ...]:
        asked = self._asked_headers(lines)
        if isinstance(asked, Fault):
            return ()
        value = ",".join(dict.fromkeys(filter(self._covers_header, asked)))
        return ((self._allow_headers_name, self._encode(value)),) if value else ()

    def _covers_header(self, name: str) -> bool:
        lower = name.lower()
        # No `*` covers this one (Fetch, #cors-non-wildcard-request-header-name).
        return lower in self._allowed_headers or (self._any_header and lower != "authorization")

    def _asked_headers(self, lines: Sequence[Text]) -> list[str] | Fault:
        """Return the names that a preflight lists, or why they are not read."""
        most = self._max_names + MAX_EMPTY_ELEMENTS
        if len(lines) > most:
            return _too_many(f"{len(lines)} lines")
        size = sum(map(len, lines))
        if size > self._max_bytes:
            return _too_many(f"{size} bytes")
        value = ",".join(map(self._decode, lines))
        if value.count(",") >= most:
            return _too_many(f"{size} bytes")
        names = split_list(value)
        if len(names) > self._max_names:
            return _too_many(f"{len(names)} names")
        for name in names:
            if not is_token(name):
                return Fault(code="headers-malformed", field="headers", value=name)
        return names

    def fault(self, method: Text, headers: Sequence[Text]) -> Fault | None:
        """Return the first thing that a browser would refuse in this preflight's lists.

        The order is the standard's: the method before the headers (Fetch,
        #cors-preflight-fetch, steps 7.5 and 7.6).
        """
        if method not in self._usual_methods:
            fault = self._method_fault(self._decode(method))
            if fault is not None:
                return fault
        if not headers or (len(headers) == 1 and headers[0] in self._usual_lists):
            return None
        return self._headers_fault(headers)

    def _method_fault(self, text: str) -> Fault | None:
        if len(text) > MAX_ECHOED_BYTES or not is_token(text):
            return Fault(code="method-malformed", field="methods", value=text)
        # What is echoed is one method, and never one that no page may send; a literal
        # `*` covers every method there is.
        echoed = self._allow_methods is None
        if self._any_method and not (echoed and text.upper() in FORBIDDEN_METHODS):
            return None
        return Fault(code="method-not-allowed", field="methods", value=text)

    def _headers_fault(self, lines: Sequence[Text]) -> Fault | None:
        # A long list of allowed names, as browsers write it, is one set operation.
        if len(lines) == 1 and len(lines[0]) <= self._max_bytes:
            names = self._decode(lines[0]).split(",", self._max_names - 1)
            if self._allowed_headers.issuperset(names):
                return None
        asked = self._asked_headers(lines)
        if isinstance(asked, Fault):
            return asked
        for name in asked:
            if not self._covers_header(name):
                return Fault(code="header-not-allowed", field="headers", value=name)
        return None


def _usual_lists(names: frozenset[str]) -> Iterator[str]:
    """Yield how a browser asks for up to three of a few header names.

    Fetch, #cors-unsafe-request-header-names: lower case, sorted, joined by a comma.
    """
    if len(names) <= MAX_NAMES_COMBINED:
        for count in range(1, 4):
            for chosen in combinations(sorted(names), count):
                yield ",".join(chosen)
