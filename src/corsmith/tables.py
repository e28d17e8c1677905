"""The answers of a policy, made in advance: origin look-up and ready header pairs.

What lives here: ``Answers``, built once when a policy is made, and everything that the
request path needs from it. What does not: what a user writes (``policy``), and the
account of a decision in words (``decision``).

Three rules hold:

* a request costs what it needs: known origins are one look-up in a dict, and what
  depends only on the policy is a tuple that exists already;
* nothing is stored under a key that a client chose;
* whatever is handed out is immutable, so no caller can change the next answer.

A policy has two of these, of ``str`` for WSGI, ``http.server`` and ``decide``, and of
``bytes`` for ASGI, so that neither side converts a header while a request waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import AnyStr, Final, Generic

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
    "MAX_METHOD_BYTES",
    "AnswerFields",
    "Answers",
    "Fault",
]

MAX_ECHOED_BYTES: Final = 4096
"""The longest Access-Control-Request-Headers that is echoed, in bytes.

Chromium's longest observed list of a real page is below 1 KiB; Starlette echoes 1 MB.
"""

MAX_ECHOED_NAMES: Final = 64
"""The most names that are echoed; jub0bs/cors bounds the same by the policy's length."""

MAX_METHOD_BYTES: Final = 64
"""The longest method that is echoed; the longest registered one (RFC 3253) has 16."""

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


class Answers(Generic[AnyStr]):
    """The header pairs of one policy, in one of the two forms that hosts speak."""

    __slots__ = (
        "_admits",
        "_allow_headers",
        "_allow_headers_name",
        "_allow_methods",
        "_allow_methods_name",
        "_allow_origin",
        "_allowed_headers",
        "_allowed_methods",
        "_any_header",
        "_credentials",
        "_encode",
        "_max_age",
        "_max_bytes",
        "_max_names",
        "_star",
        "any_origin",
        "echoes",
        "known",
        "tail",
        "unmatched",
        "vary",
        "vary_tail",
    )

    any_origin: bool
    """Whether the answer is a literal ``*``, the same for everyone."""

    echoes: bool
    """Whether a preflight's lists depend on what was asked."""

    known: dict[AnyStr, tuple[AnyStr, AnyStr]]
    """Each exact origin with its ready Access-Control-Allow-Origin pair."""

    tail: tuple[tuple[AnyStr, AnyStr], ...]
    """What follows the allow-origin pair on an actual response, without ``Vary``."""

    vary: tuple[tuple[AnyStr, AnyStr], ...]
    """``Vary: Origin``, or nothing for the open policy."""

    vary_tail: tuple[tuple[AnyStr, AnyStr], ...]
    """``tail`` and ``vary`` in one, for a response that has no ``Vary`` of its own."""

    unmatched: tuple[tuple[AnyStr, AnyStr], ...]
    """The whole answer where no origin is allowed or none was sent."""

    def __init__(
        self,
        fields: AnswerFields,
        encode: Callable[[str], AnyStr],
        spell: Callable[[str], str] = str,
    ) -> None:
        """Build every pair once.

        ``encode`` gives text its form in the host, ``spell`` a header name its case:
        ASGI and HTTP/2 want lower case, people at a terminal read the other better.
        """
        self._encode = encode
        self._allow_methods_name = encode(spell(ALLOW_METHODS))
        self._allow_headers_name = encode(spell(ALLOW_HEADERS))
        self._allow_origin = encode(spell(ALLOW_ORIGIN))
        self._star = (self._allow_origin, encode("*"))
        self.any_origin = fields.any_origin
        self._admits = fields.admits
        self.known = {encode(text): (self._allow_origin, encode(text)) for text in fields.exact}

        def pair(name: str, value: str) -> tuple[AnyStr, AnyStr]:
            return (encode(spell(name)), encode(value))

        self._credentials = (pair(ALLOW_CREDENTIALS, "true"),) if fields.credentials else ()
        expose = (pair(EXPOSE_HEADERS, ",".join(fields.expose)),) if fields.expose else ()
        self.vary = () if fields.any_origin else (pair("Vary", "Origin"),)
        self.tail = self._credentials + expose
        self.vary_tail = self.tail + self.vary
        self.unmatched = (self._star, *self.tail) if fields.any_origin else self.vary
        self._max_age = () if fields.max_age is None else (pair(MAX_AGE, str(fields.max_age)),)
        self._build_preflight(fields)

    def _build_preflight(self, fields: AnswerFields) -> None:
        # `*` is the literal method or header named * once credentials are included
        # (Fetch, #cors-preflight-fetch, steps 7.5 and 7.6): then what was asked is
        # echoed instead, and `None` stands for a list that depends on the request.
        any_method = "*" in fields.methods
        any_header = "*" in fields.headers
        self.echoes = fields.credentials and (any_method or any_header)
        encode = self._encode
        self._allow_methods: tuple[tuple[AnyStr, AnyStr], ...] | None = None
        if not (fields.credentials and any_method):
            methods = encode(",".join(fields.methods))
            self._allow_methods = ((self._allow_methods_name, methods),) if methods else ()
        self._allow_headers: tuple[tuple[AnyStr, AnyStr], ...] | None = None
        if not (fields.credentials and any_header):
            headers = encode(",".join(fields.headers))
            self._allow_headers = ((self._allow_headers_name, headers),) if headers else ()
        self._allowed_methods = None if any_method else SAFELISTED_METHODS.union(fields.methods)
        self._any_header = any_header
        names = frozenset(name.lower() for name in fields.headers)
        self._allowed_headers = names - {"*"}
        # A list of distinct allowed names is never longer than all of them, each with a
        # comma and two blanks: whatever is longer is refused without being read.
        self._max_bytes = max(MAX_ECHOED_BYTES, sum(len(name) + 3 for name in names))
        self._max_names = max(MAX_ECHOED_NAMES, len(names))

    def allow(self, origin: AnyStr) -> tuple[AnyStr, AnyStr] | None:
        """Return the allow-origin pair for one Origin value, or ``None`` if refused.

        The value is the bytes that were received, and is given back byte for byte.
        """
        if self.any_origin:
            return self._star
        known = self.known.get(origin)
        if known is not None:
            return known
        text = self._decode(origin)
        # RFC 9110, section 5.5: white space around a field value is no part of it.
        stripped = text.strip(" \t")
        if stripped != text:
            return self.allow(self._encode(stripped)) if stripped else None
        if self._admits is not None and self._admits(text):
            return (self._allow_origin, origin)
        return None

    def refusal(self, origin: AnyStr | None) -> str:
        """Return the code that says why ``origin`` is refused; ``None``: not one line."""
        if origin is None:
            return "origin-malformed"
        text = self._decode(origin).strip(" \t")
        if text == "null" or parse_origin(text) is not None:
            return "origin-not-allowed"
        return "origin-malformed"

    def actual(self, origin: AnyStr | None) -> tuple[tuple[AnyStr, AnyStr], ...]:
        """Return every pair of a response that is not a preflight's, ``Vary`` included.

        ``origin`` is ``None`` where there is no Origin header, or more than one.
        """
        if origin is None or self.any_origin:
            return self.unmatched
        pair = self.allow(origin)
        return self.unmatched if pair is None else (pair, *self.vary_tail)

    def preflight(
        self, origin: AnyStr | None, method: AnyStr, headers: Sequence[AnyStr]
    ) -> tuple[tuple[AnyStr, AnyStr], ...]:
        """Return every pair of a preflight's answer, ``Vary`` included.

        ``origin`` is ``None`` where there is more than one Origin header; ``headers``
        are the Access-Control-Request-Headers lines, read only by a policy that echoes.
        """
        pair = None if origin is None else self.allow(origin)
        if pair is None and self.any_origin:
            pair = self._star
        if pair is None:
            return self.vary
        methods = self._allow_methods
        if methods is None:
            methods = self._echo_method(method)
        names = self._allow_headers
        if names is None:
            names = self._echo_headers(headers)
        return (pair, *self._credentials, *methods, *names, *self._max_age, *self.vary)

    def _decode(self, value: AnyStr) -> str:
        return value if isinstance(value, str) else value.decode("latin-1")

    def _echo_method(self, method: AnyStr) -> tuple[tuple[AnyStr, AnyStr], ...]:
        text = self._decode(method)
        if len(text) > MAX_METHOD_BYTES or not is_token(text) or text.upper() in FORBIDDEN_METHODS:
            return ()
        return ((self._allow_methods_name, method),)

    def _echo_headers(self, lines: Sequence[AnyStr]) -> tuple[tuple[AnyStr, AnyStr], ...]:
        asked = self._asked_headers(lines)
        if isinstance(asked, Fault):
            return ()
        if "authorization" not in self._allowed_headers:
            # Fetch, #cors-non-wildcard-request-header-name: `*` never covers it.
            asked = [name for name in asked if name.lower() != "authorization"]
        value = ",".join(dict.fromkeys(asked))
        return ((self._allow_headers_name, self._encode(value)),) if value else ()

    def _asked_headers(self, lines: Sequence[AnyStr]) -> list[str] | Fault:
        """Return the names that a preflight lists, or why they are not read."""
        size = sum(map(len, lines))
        if size > self._max_bytes:
            return Fault(code="headers-too-many", field="headers", value=f"{size} bytes")
        value = ",".join(map(self._decode, lines))
        if value.count(",") >= self._max_names + MAX_EMPTY_ELEMENTS:
            return Fault(code="headers-too-many", field="headers", value=f"{size} bytes")
        names = split_list(value)
        if len(names) > self._max_names:
            return Fault(code="headers-too-many", field="headers", value=f"{len(names)} names")
        for name in names:
            if not is_token(name):
                return Fault(code="headers-malformed", field="headers", value=name)
        return names

    def fault(self, method: AnyStr, headers: Sequence[AnyStr]) -> Fault | None:
        """Return the first thing that a browser would refuse in this preflight's lists.

        The order is the standard's: the method before the headers (Fetch,
        #cors-preflight-fetch, steps 7.5 and 7.6).
        """
        text = self._decode(method)
        if self._allowed_methods is None or text not in self._allowed_methods:
            fault = self._method_fault(text)
            if fault is not None:
                return fault
        return self._headers_fault(headers) if headers else None

    def _method_fault(self, text: str) -> Fault | None:
        if not is_token(text) or len(text) > MAX_METHOD_BYTES:
            return Fault(code="method-malformed", field="methods", value=text)
        if self._allowed_methods is None and text.upper() not in FORBIDDEN_METHODS:
            return None
        return Fault(code="method-not-allowed", field="methods", value=text)

    def _headers_fault(self, lines: Sequence[AnyStr]) -> Fault | None:
        # What browsers send is one line of lower-case names without blanks (Fetch,
        # #cors-unsafe-request-header-names): then one set operation tells.
        if len(lines) == 1 and len(lines[0]) <= self._max_bytes:
            names = self._decode(lines[0]).split(",")
            if self._allowed_headers.issuperset(names):
                return None
        asked = self._asked_headers(lines)
        if isinstance(asked, Fault):
            return asked
        for name in asked:
            lower = name.lower()
            if lower in self._allowed_headers:
                continue
            if not self._any_header or lower == "authorization":
                return Fault(code="header-not-allowed", field="headers", value=name)
        return None
