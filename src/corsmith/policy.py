"""``Policy``: declare who may read what, and have it checked at once.

What lives here: what a user writes, what its fields mean together, and equality. What
does not: how one field is read (``fields``), which origins a pattern means
(``pattern``), and what a request is answered (``tables``, ``decision``).

The line between an error and a warning: refuse what cannot work or is dangerous, merge
what is merely redundant, warn about the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Self

from corsmith import fields as read
from corsmith.diagnostics import Diagnostic, Severity, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.lint import Draft
from corsmith.misnomers import FIELDS, misplaced_field, unknown_field
from corsmith.tables import Answers

__all__ = ["Policy"]

_DEFAULT_METHODS = ("GET", "HEAD", "POST")
_DEFAULT_HEADERS = ("Content-Type",)


class Policy:
    """Which pages may read this server's answers, and what they may send.

    ``origins``: serialized origins (``https://app.example``), patterns
    (``https://*.app.example``, ``https://pr-*.app.example``, ``http://localhost:*``),
    ``@loopback``, or ``"*"``. ``methods`` and ``headers``: what a page may send beyond
    the CORS-safelisted ones. ``expose``: response headers a page may read beyond the
    CORS-safelisted ones. ``credentials``: whether cookies and other credentials may be
    included. ``max_age``: how long a preflight's answer may be kept, in whole seconds
    or as a ``timedelta``; ``None`` sends nothing, and browsers then keep it 5 seconds.
    ``origin_regex``: for migrations, a regular expression that a whole origin must
    match. ``preflight_status``: the status of a preflight's answer, 200 to 299.
    ``accept_risks``: what is done knowingly, of ``insecure-origin``, ``null-origin``,
    ``public-suffix`` and ``wide-regex``.

    Raises ``PolicyError`` with every problem at once; what is suspicious but legitimate
    is in ``warnings``. A policy is immutable, hashable and picklable.

    >>> policy = Policy(origins=["https://app.example"], methods=["GET", "PUT"])
    >>> policy.methods
    ('GET', 'PUT')

    Source: the CORS protocol of the Fetch Standard, #http-cors-protocol.
    """

    __slots__ = (
        "_key",
        "accept_risks",
        "answers",
        "byte_answers",
        "credentials",
        "expose",
        "headers",
        "max_age",
        "methods",
        "origin_regex",
        "origins",
        "preflight_status",
        "warnings",
    )

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose: tuple[str, ...]
    credentials: bool
    max_age: int | None
    origin_regex: str | None
    preflight_status: int
    accept_risks: frozenset[str]
    warnings: tuple[Diagnostic, ...]
    answers: Answers[str]
    byte_answers: Answers[bytes]
    _key: tuple[object, ...]

    def __init__(
        self,
        /,  # so that a key named `self` is a problem like any other
        *misplaced: object,
        origins: Iterable[str] = (),
        methods: Iterable[str] = _DEFAULT_METHODS,
        headers: Iterable[str] = _DEFAULT_HEADERS,
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int | timedelta | None = None,
        origin_regex: str | None = None,
        preflight_status: int = 200,
        accept_risks: Iterable[str] = (),
        **unknown: object,
    ) -> None:
        """Check every field and build the answers, or raise ``PolicyError``."""
        found = [misplaced_field(place, value) for place, value in enumerate(misplaced)]
        found += [unknown_field(name) for name in unknown]
        declared = read.Declared(
            origins=read.read_origins(origins, found),
            methods=read.read_methods(methods, found),
            headers=read.read_strings("headers", headers, found),
            expose=read.read_strings("expose", expose, found),
            credentials=read.read_bool("credentials", credentials, found),
            max_age=read.read_max_age(max_age, found),
            origin_regex=read.read_regex(origin_regex, found),
            preflight_status=read.read_preflight_status(preflight_status, found),
            accept_risks=read.read_risks(accept_risks, found),
        )
        draft = Draft(declared, found)
        found.sort(key=_place)
        errors = [item for item in found if item.severity is Severity.ERROR]
        if errors:
            raise PolicyError(errors)
        answer_fields = draft.answer_fields()
        values = {name: getattr(declared, name) for name in declared.__slots__}
        values["warnings"] = tuple(found)
        values["answers"] = Answers(answer_fields, _as_text)
        values["byte_answers"] = Answers(answer_fields, _as_bytes, str.lower)
        values["_key"] = draft.key()
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Self:
        """Return the policy of a mapping with the fields as keys, as TOML or JSON gives.

        Raises ``PolicyError``, also for a key that a policy does not have.

        >>> Policy.from_mapping({"origins": ["https://app.example"]}).origins
        ('https://app.example',)
        """
        if not isinstance(mapping, Mapping):
            message = f"{quote(mapping)} is no mapping of fields to values."
            raise PolicyError([diagnose("wrong-type", None, quote(mapping), message)])
        strange = [unknown_field(key) for key in mapping if not isinstance(key, str)]
        known = {key: value for key, value in mapping.items() if isinstance(key, str)}
        try:
            policy = cls(**known)  # type: ignore[arg-type]  # every value is checked there
        except PolicyError as error:
            raise PolicyError([*strange, *error.problems]) from None
        if strange:
            raise PolicyError(strange)
        return policy

    def to_mapping(self) -> dict[str, object]:
        """Return the fields in plain types, groups as written; ``None`` is left out.

        ``Policy.from_mapping`` makes an equal policy of it.
        """
        mapping: dict[str, object] = {
            "origins": list(self.origins),
            "methods": list(self.methods),
            "headers": list(self.headers),
            "expose": list(self.expose),
            "credentials": self.credentials,
            "max_age": self.max_age,
            "origin_regex": self.origin_regex,
            "preflight_status": self.preflight_status,
            "accept_risks": sorted(self.accept_risks),
        }
        return {name: value for name, value in mapping.items() if value is not None}

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a policy does not change."""
        message = f"a Policy does not change; make another one to have another {name}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse: a policy does not change."""
        message = f"a Policy does not change; {name} cannot be deleted"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        """Return whether both mean the same: warnings, order and spelling aside."""
        return self._key == other._key if isinstance(other, Policy) else NotImplemented

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash(self._key)

    def __reduce__(
        self,
    ) -> tuple[Callable[[Mapping[str, object]], "Policy"], tuple[dict[str, object]]]:
        """Pickle as the mapping: the answers are built again where it is loaded."""
        return type(self).from_mapping, (self.to_mapping(),)

    def __repr__(self) -> str:
        """Return the call that makes this policy, without what is left at its default."""
        default = {
            "origins": [],
            "methods": list(_DEFAULT_METHODS),
            "headers": list(_DEFAULT_HEADERS),
            "expose": [],
            "credentials": False,
            "preflight_status": 200,
            "accept_risks": [],
        }
        shown = (
            f"{name}={value!r}"
            for name, value in self.to_mapping().items()
            if name not in default or value != default[name]
        )
        return f"Policy({', '.join(shown)})"


def _as_text(text: str) -> str:
    return text


def _as_bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _place(item: Diagnostic) -> int:
    """Return where a diagnostic is told: in the order of the fields, names before them."""
    return FIELDS.index(item.field) if item.field in FIELDS else -1
