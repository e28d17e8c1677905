"""The settings of django-cors-headers, read as a policy.

What lives here: what each ``CORS_*`` setting of that library means in a policy. What does not:
their names and defaults (``corsmith.corsheaders``), their expressions (``expressions``), our own
setting, and settings that nothing reads (``settings``).

Facts that shape the code (django-cors-headers 4.9):

* an origin with a ``*`` in it is compared as it stands, so it admits nobody. As a pattern it
  would admit pages by the change of a library alone: it is refused;
* what no browser can notice, such as ``dnt`` among the request headers, is left out and told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from corsmith.adapters.django.expressions import join_expressions, judge_expressions
from corsmith.adapters.django.reading import Reading, in_words
from corsmith.corsheaders import DEFAULTS, name_in_use
from corsmith.diagnostics import Diagnostic, Severity, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.fields import MAX_AGE_LIMIT
from corsmith.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SETTINGS", "read_corsheaders"]

SETTINGS: Final = {
    "origins": "CORS_ALLOWED_ORIGINS",
    "*": "CORS_ALLOW_ALL_ORIGINS",
    "origin_regex": "CORS_ALLOWED_ORIGIN_REGEXES",
    "methods": "CORS_ALLOW_METHODS",
    "headers": "CORS_ALLOW_HEADERS",
    "expose": "CORS_EXPOSE_HEADERS",
    "credentials": "CORS_ALLOW_CREDENTIALS",
    "max_age": "CORS_PREFLIGHT_MAX_AGE",
    "accept_risks": "CORS_ACCEPT_RISKS",
    "urls": "CORS_URLS_REGEX",
}
"""The setting of each field; ``CORS_ACCEPT_RISKS`` alone is ours, for what is done knowingly."""

_LISTS: Final = ("origins", "methods", "headers", "expose")
_ANY_PATH: Final = frozenset({"", "^", ".*", "^.*", "^.*$"})
_NOBODY: Final = "(?!)"

_UNNOTICED: Final = frozenset(
    {
        "header-forbidden",
        "method-forbidden",
        "expose-forbidden",
        "expose-is-request-header",
        "expose-wildcard-with-credentials",
        "max-age-out-of-range",
    }
)
"""What cannot work, and what no browser notices when it is left out."""


def read_corsheaders(settings: object) -> Reading:
    """Return what the ``CORS_*`` settings mean."""
    return _Reader(settings).read()


class _Reader:
    """The settings being read: ``problems`` and ``warnings`` are of fields until the end."""

    def __init__(self, settings: object) -> None:
        self.words = {field: name_in_use(settings, name) for field, name in SETTINGS.items()}
        self.written = {field for field, name in self.words.items() if hasattr(settings, name)}
        self.fields: dict[str, object] = {
            field: getattr(settings, self.words[field], DEFAULTS.get(name, ()))
            for field, name in SETTINGS.items()
        }
        self.problems: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []

    def read(self) -> Reading:
        for field in _LISTS:
            value = self.fields[field]
            if isinstance(value, Sequence) and not isinstance(value, str):
                self.fields[field] = [*value]
        urls = self._read_urls()
        self._read_any()
        self._read_expressions()
        self._read_nobody()
        if self.fields["max_age"] == 0 and self.fields["max_age"] is not False:
            self.fields["max_age"] = None  # there, 0 sends no header
        policy = self._make()
        # Of a default there is nothing to say: nobody wrote it.
        warnings = [item for item in self.warnings if item.field in self.written]
        return Reading(
            setting=self.words["origins"],
            source=policy,
            urls=urls,
            problems=in_words(self.problems, self.words),
            warnings=in_words(warnings, self.words),
        )

    def _say(self, code: str, field: str, value: str, message: str, fix: str | None = None) -> None:
        self.problems.append(diagnose(code, field, value, message, fix))

    def _read_urls(self) -> re.Pattern[str] | None:
        """Return the expression of the paths that are touched; ``None`` for all of them."""
        value = self.fields.pop("urls")
        pattern = value.pattern if isinstance(value, re.Pattern) else value
        if not isinstance(pattern, str):
            message = f"{quote(value)} is no regular expression of paths."
            self._say("wrong-type", "urls", quote(value), message, 'Write urls=r"^/api/".')
        elif pattern not in _ANY_PATH:
            try:
                return re.compile(value if isinstance(value, re.Pattern) else pattern)
            except re.error as error:
                message = f"{quote(pattern)} does not compile: {error}."
                self._say("regex-invalid", "urls", pattern, message)
        return None

    def _read_any(self) -> None:
        """Put ``*`` for the origins where every one is allowed; refuse it in any other place."""
        everyone, origins = self.fields.pop("*"), self.fields["origins"]
        if everyone is True:
            self.fields["origins"], self.fields["origin_regex"] = "*", ()
            return
        if everyone is not False:
            message = f"{quote(everyone)} is neither True nor False."
            self._say("wrong-type", "*", quote(everyone), message)
        for origin in origins if isinstance(origins, list) else [origins]:
            if isinstance(origin, str) and "*" in origin:
                self._refuse_star(origin)

    def _refuse_star(self, origin: str) -> None:
        message = f"{quote(origin)} has a *, and this setting means each origin as it stands."
        fix = "For every origin write CORS_ALLOW_ALL_ORIGINS = True."
        if origin != "*":
            fix = (
                f'A pattern stands in CORS_POLICY = {{"origins": [{quote(origin)}], …}}, '
                "in place of these settings."
            )
        self._say("misplaced-wildcard", "origins", origin, message, fix)

    def _read_expressions(self) -> None:
        risks, expressions = self.fields["accept_risks"], self.fields["origin_regex"]
        accepted = isinstance(risks, (list, tuple, set, frozenset)) and "wide-regex" in risks
        credentials = self.fields["credentials"] is True
        said = judge_expressions(expressions, credentials=credentials, accepted=accepted)
        for item in said:
            is_error = item.severity is Severity.ERROR
            (self.problems if is_error else self.warnings).append(item)
        self.fields["origin_regex"] = join_expressions(expressions)

    def _read_nobody(self) -> None:
        """Stand in for an empty list: the server starts closed, and that is told.

        Where no setting says anything of origins, nobody has configured CORS: a problem.
        """
        if self.problems or self.fields["origins"] or self.fields["origin_regex"] is not None:
            return
        self.fields["origin_regex"] = _NOBODY
        message = "no origin is allowed, so no page can read any answer."
        fix = 'Write CORS_POLICY = {"origins": ["https://app.example"]} in the settings.'
        if named := self.written & {"origins", "*", "origin_regex"}:
            field, severity = min(named), Severity.WARNING
            said = diagnose("origins-empty", field, "", message, fix, severity=severity)
            self.warnings.append(said)
        else:
            self._say("origins-empty", "origins", "", message, fix)

    def _make(self) -> Policy | None:
        """Return the policy without what no browser notices, unless there are problems."""
        try:
            policy = Policy.from_mapping(self.fields)
        except PolicyError as error:
            left_out = [item for item in error.problems if self._leave_out(item)]
            self.warnings += [replace(item, severity=Severity.WARNING) for item in left_out]
            if left_out:
                return self._make()
            self.problems += [item for item in error.problems if not self._is_told(item)]
            return None
        self.warnings += [item for item in policy.warnings if item.field != "origin_regex"]
        return None if self.problems else policy

    def _is_told(self, item: Diagnostic) -> bool:
        """Return whether a problem was told in the words of these settings."""
        if item.code == "origins-empty":
            return True  # it is what is wrong with the settings that left none
        told = [other for other in self.problems if other.field == item.field]
        return any(item.field == "origin_regex" or other.value == item.value for other in told)

    def _leave_out(self, item: Diagnostic) -> bool:
        """Leave out what no browser notices; return whether that was done."""
        if item.code not in _UNNOTICED or item.field is None:
            return False
        value = self.fields[item.field]
        if not isinstance(value, int):
            names = cast("Iterable[str]", value)  # its problem is that of one of its names
            self.fields[item.field] = [name for name in names if name != item.value]
        elif value < 0:
            return False  # that may be meant for anything
        else:
            self.fields[item.field] = MAX_AGE_LIMIT
        return True
