"""A policy as another library has it, and what of it a policy of corsmith can be.

What lives here: ``Draft``, and ``settle``, which closes holes, leaves out what never matched and
says so each time. What does not: how each library is read, and how it is printed (``page``).

What always holds: what is settled is a valid policy, and it lets in no page and no credentials
that the library does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from corsmith.diagnostics import Diagnostic, Severity, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.fields import MAX_AGE_LIMIT, first_spellings, read_header, read_response_header
from corsmith.headers import FORBIDDEN_METHODS, is_token, normalize_method
from corsmith.importers.readings import Reading, literal, narrowed, witness
from corsmith.origin import parse_origin
from corsmith.pattern import parse_pattern
from corsmith.policy import Policy
from corsmith.regex import check_regex

__all__ = [
    "COMMON",
    "Draft",
    "Imported",
    "Row",
    "Settled",
    "Settler",
    "differs",
    "inexpressible",
    "safelisted",
    "settle",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One policy in our fields, not judged yet; ``said`` is what its reader found.

    A ``*`` means any, with credentials too, unless it ``is_literal``: then it is sent as it is,
    and browsers read it as a name where credentials are included. ``sent`` are the lists that
    stand in answers as they are, ``defaults`` the fields that nobody wrote.
    """

    origins: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    is_literal: bool = False
    sent: frozenset[str] = frozenset()
    defaults: frozenset[str] = frozenset()
    said: tuple[Diagnostic, ...] = ()

    def admits(self, origin: str) -> bool:
        """Return whether the library lets an origin in."""
        if "*" in self.origins or origin in self.origins:
            return True
        return any(reading.admits(origin) for reading in self.readings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A path and what is drafted for it; ``None`` has no CORS headers."""

    path: str
    draft: Draft | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was found in an application or its settings.

    ``found`` names each CORS layer; one ``Row`` for ``/`` is a policy for all.
    """

    title: str
    found: tuple[str, ...]
    rows: tuple[Row, ...]
    said: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The policy that a draft became; ``None`` where no origin is left."""

    policy: Policy | None
    said: tuple[Diagnostic, ...]


def differs(field: str, message: str) -> Diagnostic:
    """Return a difference that every page sees alike, or that is for the better."""
    return diagnose("answers-differently", field, None, message)


def inexpressible(field: str, message: str, fix: str | None = None) -> Diagnostic:
    """Return what a policy file has no words for."""
    return diagnose("not-expressible", field, None, message, fix)


COMMON: Final = (
    differs(
        "Origin",
        "a value that is not one serialized origin (a path, a capital, two lines) is refused "
        "here unless any origin is allowed; no browser sends one.",
    ),
    differs(
        "lists",
        "names are joined by a comma alone, each list whole and in the order written below. "
        "Access-Control-Allow-Methods, Access-Control-Allow-Headers and Access-Control-Max-Age "
        "are only on the answer to a preflight, Access-Control-Expose-Headers only on others.",
    ),
    differs(
        "errors",
        "every answer of the application carries the headers here: a 404, a 405, a redirect, and "
        "the 500 of an error that nobody handles.",
    ),
)
"""What is so whichever library it was."""


def safelisted(methods: Iterable[str], how: str) -> tuple[Diagnostic, ...]:
    """Return the difference where a library refuses what no list of a policy can refuse."""
    missing = [name for name in ("GET", "HEAD", "POST") if name not in methods]
    if not missing:
        return ()
    message = (
        f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} refused there {how}, and "
        "allowed here: GET, HEAD and POST are CORS-safelisted methods, which need no permission."
    )
    return (differs("methods", message),)


_LEFT_OUT: Final = "It is left out."
_RISKS: Final = {"insecure-origin", "null-origin"}
_OF_ANSWERS: Final = {"answers-differently", "vary-missing"}


def settle(draft: Draft, title: str) -> Settled:
    """Return the policy of a draft, and everything about it that is not as it was."""
    return Settler(draft, title).settle()


class Settler:
    """A draft on its way to a policy."""

    def __init__(self, draft: Draft, title: str) -> None:
        """Take the draft of the library that is called ``title``."""
        self.draft = draft
        self.title = title
        self.said: list[Diagnostic] = list(draft.said)
        self.is_any = "*" in draft.origins
        self.credentials = draft.credentials and not self.is_any
        self.regex: str | None = None

    def settle(self) -> Settled:
        """Return the policy and what is said of it."""
        if self.is_any and self.draft.credentials:
            self._close_any_origin()
        origins = ["*"] if self.is_any else self._origins()
        if not self.is_any:
            origins += self._regexes()
        methods, headers, expose = self._methods(), self._headers(), self._expose()
        age = self._max_age()
        self._tell_of_unreadable()
        while origins or self.regex is not None:
            try:
                policy = Policy(
                    origins=list(dict.fromkeys(origins)),
                    methods=methods,
                    headers=headers,
                    expose=expose,
                    credentials=self.credentials,
                    max_age=age,
                    origin_regex=self.regex,
                )
            except PolicyError as error:
                origins = self._without(error, origins)
            else:
                return Settled(policy=policy, said=tuple(self.said))
        message = (
            "no origin is left that a policy can allow, so no page may read the answers: here no "
            "Access-Control header and no Vary is sent, and OPTIONS has the application's status."
        )
        self._say("origins-empty", "origins", message, "List the pages that you mean.")
        # What is answered is nobody's business where nobody is answered.
        kept = [item for item in self.said if item.code not in _OF_ANSWERS]
        return Settled(policy=None, said=tuple(kept))

    def _say(self, code: str, field: str, message: str, fix: str | None = None) -> None:
        self.said.append(diagnose(code, field, None, message, fix))

    def _left_out(self, problem: Diagnostic) -> None:
        fix = problem.fix
        if fix is not None and fix.startswith("Leave it out"):
            fix = None
        self._say(problem.code, problem.field or "", f"{problem.message} {_LEFT_OUT}", fix)

    def _never(self, field: str, message: str, fix: str | None = None) -> None:
        self._say("never-matched", field, f"{message} {_LEFT_OUT}", fix)

    def _close_any_origin(self) -> None:
        message = (
            f"{self.title} gives every origin credentials, so any site could act as the "
            "signed-in user. Here any origin may read without credentials, and none with them."
        )
        fix = "For credentials list the origins and write credentials = true."
        self._say("wildcard-with-credentials", "credentials", message, fix)

    def _origins(self) -> list[str]:
        kept = []
        for text in dict.fromkeys(self.draft.origins):
            if text == "null" or parse_origin(text) is not None:
                kept.append(text)
                continue
            found = parse_pattern(text)
            if isinstance(found, tuple):
                why, fix = found[0].message, found[0].fix
                self._never("origins", f"{why} No browser sends it.", fix)
            else:
                why = f"{quote(text)} is compared as it is, and no browser sends a *."
                self._never("origins", why, "Here it is a pattern: add it if you mean it.")
        return kept

    def _regexes(self) -> list[str]:
        """Set the one expression of a policy, and return the origins that need none."""
        origins, kept = [], []
        for reading in self.draft.readings:
            outside = witness(reading)
            if outside is not None:
                message = (
                    f"{quote(reading.text)} is held to the beginning of an origin only, so it "
                    f"also admits {quote(outside)}. Here the whole origin has to match."
                )
                fix = "For any port write (?::[0-9]+)? at its end."
                self._say("regex-open-end", "origin_regex", message, fix)
            origin = literal(reading.text)
            if origin is not None:
                origins.append(origin)
            elif (text := self._judged(reading.text)) is not None:
                kept.append(text)
        if kept:
            self.regex = kept[0] if len(kept) == 1 else "|".join(f"(?:{text})" for text in kept)
        return origins

    def _judged(self, text: str) -> str | None:
        """Return an expression as a policy takes it, narrowed if it admits a stranger."""
        problems = check_regex(text, credentials=self.credentials, accepted=False)
        wide = next((one for one in problems if one.code == "wide-regex"), None)
        other = [one for one in problems if one.severity is Severity.ERROR and one is not wide]
        if other:
            self._left_out(other[0])
            return None
        if wide is None:
            return text
        if not self.credentials:
            message = f"{wide.message} It does so without credentials, here as there."
            self._say("wide-regex", "origin_regex", message, "Write out the sites that you mean.")
            return text
        tight = narrowed(text)
        if tight is not None and not self._is_refused(tight):
            message = f"{wide.message} It is narrowed to {quote(tight)}."
            self._say("wide-regex", "origin_regex", message)
            return tight
        fix = "Write out the sites that you mean, in origins or as origin_regex."
        self._say("wide-regex", "origin_regex", f"{wide.message} {_LEFT_OUT}", fix)
        return None

    def _is_refused(self, text: str) -> bool:
        problems = check_regex(text, credentials=True, accepted=False)
        return any(problem.severity is Severity.ERROR for problem in problems)

    def _methods(self) -> list[str]:
        kept = []
        for name in dict.fromkeys(self.draft.methods):
            if not is_token(name):
                self._never("methods", f"{quote(name)} is no method: a method is a token.")
            elif name.upper() in FORBIDDEN_METHODS:
                self._never("methods", f"{name} is forbidden: browsers let no page send it.")
            elif name != "*" and normalize_method(name) != name:
                upper = name.upper()
                why = f"{name} is compared with case, and browsers send {upper}."
                self._never("methods", why, f"Write {upper} if you mean it.")
            else:
                kept.append(name)
        if "*" in kept and self._is_name("methods"):
            kept.remove("*")
        return ["*"] if "*" in kept else kept

    def _headers(self) -> list[str]:
        kept = []
        for name in first_spellings(self.draft.headers):
            problems: list[Diagnostic] = []
            read_header(name, problems)
            for problem in problems:
                self._left_out(problem)
            if not problems:
                kept.append(name)
        if "*" in kept and self._is_name("headers"):
            kept.remove("*")
        if "*" not in kept:
            return kept
        return ["*", *(name for name in kept if name.lower() == "authorization")]

    def _is_name(self, field: str) -> bool:
        """Return whether a ``*`` is a name to pages with credentials, and tell of it."""
        if not (self.draft.is_literal and self.credentials):
            return False
        message = (
            f'"*" in {field} means any to pages without credentials and only a name to those '
            f"with them; here it would mean any to both. {_LEFT_OUT}"
        )
        self.said.append(inexpressible(field, message, "Write the names that pages use."))
        return True

    def _expose(self) -> list[str]:
        kept = []
        for name in first_spellings(self.draft.expose):
            problems: list[Diagnostic] = []
            read_response_header(name, problems)
            for problem in problems:
                self._left_out(problem)
            if not problems:
                kept.append(name)
        if "*" in kept and self.credentials:
            kept.remove("*")
            message = (
                '"*" in expose is every header to pages without credentials and only a name to '
                f"those with them. {_LEFT_OUT}"
            )
            self.said.append(inexpressible("expose", message, "Write the names that pages read."))
        return ["*"] if "*" in kept else kept

    def _tell_of_unreadable(self) -> None:
        """Tell where one name that is none makes browsers refuse a whole list."""
        lists = {
            "methods": self.draft.methods,
            "headers": self.draft.headers,
            "expose": self.draft.expose,
        }
        for field, names in lists.items():
            wrong = [name for name in names if name and not is_token(name)]
            if wrong and field in self.draft.sent:
                what = (
                    "let no page read any of it" if field == "expose" else "refuse all preflights"
                )
                message = (
                    f"{quote(wrong[0])} makes the list unreadable there, so that browsers {what}. "
                    "Here the rest of it is in force."
                )
                self.said.append(differs(field, message))

    def _max_age(self) -> int | None:
        age = self.draft.max_age
        if age is None or 0 <= age <= MAX_AGE_LIMIT:
            return age
        kept = min(max(age, 0), MAX_AGE_LIMIT)
        why = "no browser keeps it longer than a day" if kept else "it is no number of seconds"
        message = f"Access-Control-Max-Age is {kept} here and {age} there: {why}."
        self._say("max-age-out-of-range", "max_age", message)
        return kept

    def _without(self, error: PolicyError, origins: list[str]) -> list[str]:
        """Return the origins without those that a policy refuses, which are told."""
        refused = [one for one in error.problems if one.field == "origins"]
        for problem in refused:
            risk = f'To take the risk, add it and accept_risks = ["{problem.code}"].'
            fix = risk if problem.code in _RISKS else problem.fix
            self._say(problem.code, "origins", f"{problem.message} {_LEFT_OUT}", fix)
        if not refused:
            # Each expression was fine alone; together they are not.
            self._say("regex-unbounded", "origin_regex", f"{error.problems[0].message} {_LEFT_OUT}")
            self.regex = None
        return [text for text in origins if text not in _values(refused)]


def _values(problems: Iterable[Diagnostic]) -> set[str | None]:
    return {problem.value for problem in problems}
