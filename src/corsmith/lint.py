"""What the fields of a policy mean together.

What lives here: ``Draft``, which finds what cannot work or is dangerous, merges what is
redundant, warns about the rest, and hands on what the answers are made from. What does
not: how one field is read (``fields``) and what a user holds (``policy``).
"""

from collections.abc import Callable

from corsmith import fields as read
from corsmith.diagnostics import Diagnostic, Severity, diagnose, quote
from corsmith.fields import Declared
from corsmith.groups import EXPOSE_GROUPS, HEADER_GROUPS, ORIGIN_GROUPS
from corsmith.headers import SAFELISTED_RESPONSE_HEADERS, SENSITIVE_RESPONSE_HEADERS
from corsmith.pattern import OriginPattern, PatternSet, parse_pattern
from corsmith.tables import AnswerFields

__all__ = ["Draft"]

_CHROMIUM_CAP = 7200
"""Chromium keeps a preflight's answer two hours at most; Firefox a day, WebKit less."""


class Draft:
    """A policy whose fields are read: what they mean together, and for the answers."""

    def __init__(self, declared: Declared, found: list[Diagnostic]) -> None:
        """Append to ``found`` every problem and warning of the fields together."""
        self.declared = declared
        self.found = found
        self.origins = read.expand("origins", declared.origins, ORIGIN_GROUPS, found)
        self.headers = self._read_headers()
        self.expose = self._read_expose()
        self.patterns: list[OriginPattern] = []
        self._check_origins()
        self._check_regex()
        self._check_age()

    def _say(
        self,
        code: str,
        field: str,
        value: str,
        message: str,
        fix: str | None = None,
        *,
        severity: Severity | None = None,
    ) -> None:
        self.found.append(diagnose(code, field, value, message, fix, severity=severity))

    def _read_headers(self) -> tuple[str, ...]:
        names = read.expand("headers", self.declared.headers, HEADER_GROUPS, self.found)
        names = read.first_spellings(names)
        for name in names:
            read.read_header(name, self.found)
        if "*" not in names:
            return names
        # `*` swallows every name but this one (Fetch, #cors-non-wildcard-request-header-name).
        kept = tuple(name for name in names if name == "*" or name.lower() == "authorization")
        if kept == ("*",):
            message = (
                '"*" does not cover Authorization: a page that sends it is refused by the standard.'
            )
            fix = 'Write headers=["*", "Authorization"] if pages send it.'
            self._say("wildcard-without-authorization", "headers", "*", message, fix)
        return kept

    def _read_expose(self) -> tuple[str, ...]:
        names = read.expand("expose", self.declared.expose, EXPOSE_GROUPS, self.found)
        names = read.first_spellings(names)
        for name in names:
            read.read_response_header(name, self.found)
        if "*" not in names:
            self._warn_of_exposed(names)
            return names
        if self.declared.credentials:
            # With credentials it is a name (Fetch, #http-access-control-expose-headers).
            message = '"*" with credentials exposes only a header whose name is *.'
            fix = 'Write the names, for example expose=["X-Total-Count"].'
            self._say("expose-wildcard-with-credentials", "expose", "*", message, fix)
        return ("*",)

    def _warn_of_exposed(self, names: tuple[str, ...]) -> None:
        for name in names:
            lower = name.lower()
            # Some are part of a group: then nobody wrote them for want of knowledge.
            if lower in SAFELISTED_RESPONSE_HEADERS and name in self.declared.expose:
                message = (
                    f"{quote(name)} is CORS-safelisted: every allowed page may read it anyway."
                )
                self._say("expose-safelisted", "expose", name, message, "Leave it out.")
            elif lower in SENSITIVE_RESPONSE_HEADERS:
                message = (
                    f"{quote(name)} usually carries a secret, and every allowed page could read it."
                )
                fix = "Leave it out unless pages need it."
                self._say("expose-sensitive", "expose", name, message, fix)

    def _check_origins(self) -> None:
        # A problem told before explains why there is no origin: it is not told twice.
        explained = {"positional-argument", "unknown-field"}
        if (
            not self.origins
            and self.declared.origin_regex is None
            and not any(item.field == "origins" or item.code in explained for item in self.found)
        ):
            message = "no origin is allowed, so no page could read any answer."
            fix = 'Write origins=["https://app.example"], or origins="*" for everyone.'
            self._say("origins-empty", "origins", "", message, fix)
        for text in self.origins:
            if text == "*":
                self._check_any()
            elif text == "null":
                self._check_null()
            else:
                pattern = parse_pattern(text)
                if isinstance(pattern, OriginPattern):
                    self.patterns.append(pattern)
                    self._check_pattern(pattern)
                else:
                    self.found.extend(pattern)
        self._check_mixture()

    def _check_any(self) -> None:
        if self.declared.credentials:
            message = '"*" with credentials would let every site act as the signed-in user.'
            fix = (
                "List the origins, or set credentials=False; for development write "
                'origins=["@loopback"].'
            )
            self._say("wildcard-with-credentials", "origins", "*", message, fix)

    def _check_null(self) -> None:
        if "null-origin" not in self.declared.accept_risks:
            message = (
                '"null" is sent by every sandboxed frame and every page from a file: '
                "it admits any site."
            )
            fix = 'Leave it out, or say accept_risks=["null-origin"].'
            self._say("null-origin", "origins", "null", message, fix)

    def _check_pattern(self, pattern: OriginPattern) -> None:
        declared = self.declared
        if (
            declared.credentials
            and pattern.scheme != "https"
            and not (pattern.is_loopback or pattern.is_app_scheme)
            and "insecure-origin" not in declared.accept_risks
        ):
            message = (
                f"{quote(pattern.text)} is not https: whoever is on the network can speak for it, "
                "with credentials."
            )
            secure = "https" + pattern.text.removeprefix(pattern.scheme).removesuffix(":443")
            fix = f'Write {quote(secure)}, or say accept_risks=["insecure-origin"].'
            self._say("insecure-origin", "origins", pattern.text, message, fix)
        if pattern.parent is not None:
            self._check_suffix(pattern, pattern.parent)
        if pattern.any_port and not pattern.is_loopback:
            message = (
                f"{quote(pattern.text)} allows every port of that host, whoever listens there."
            )
            fix = "List the ports, if you know them."
            self._say("any-port", "origins", pattern.text, message, fix)

    def _check_suffix(self, pattern: OriginPattern, parent: str) -> None:
        from corsmith.suffixes import is_public_suffix  # loads the list

        if "public-suffix" in self.declared.accept_risks or not is_public_suffix(parent):
            return
        # A whole label below a public suffix is everyone's; a part of one is as easy to
        # register and looks as if it were not, so it always wants to be said.
        dangerous = self.declared.credentials or not pattern.subdomains
        message = (
            f"{quote(pattern.text)} admits whoever registers a name below "
            f"{f'{parent}, a public suffix' if parent else 'the root'}."
        )
        fix = 'Name the site, or say accept_risks=["public-suffix"].'
        severity = Severity.ERROR if dangerous else Severity.WARNING
        self._say("public-suffix", "origins", pattern.text, message, fix, severity=severity)

    def _check_mixture(self) -> None:
        # An installed app has its own scheme, and a host that means nothing.
        sites = [pattern for pattern in self.patterns if not pattern.is_app_scheme]
        local = [pattern for pattern in sites if pattern.is_loopback]
        if local and len(local) < len(sites):
            shown = quote(local[0].text)
            message = (
                f"{shown} stands beside public origins: any program on a user's machine can be it."
            )
            fix = (
                "Keep it for development; localhost, 127.0.0.1 and [::1] are three hosts, "
                "@loopback means them all."
            )
            self._say("localhost-beside-public", "origins", local[0].text, message, fix)

    def _check_regex(self) -> None:
        pattern = self.declared.origin_regex
        if pattern is not None:
            from corsmith.regex import check_regex  # with the tree of an expression

            accepted = "wide-regex" in self.declared.accept_risks
            self.found.extend(
                check_regex(pattern, credentials=self.declared.credentials, accepted=accepted)
            )

    def _check_age(self) -> None:
        age = self.declared.max_age
        if age is not None and age > _CHROMIUM_CAP:
            message = f"{age} seconds are shortened to {_CHROMIUM_CAP} by Chromium."
            fix = f"Write max_age={_CHROMIUM_CAP}."
            self._say("max-age-over-cap", "max_age", str(age), message, fix)

    def answer_fields(self) -> AnswerFields:
        """Return what the answers are made from; only for a policy without problems."""
        declared = self.declared
        exact = {pattern.text for pattern in self.patterns if pattern.is_exact}
        if "null" in self.origins:
            exact.add("null")
        wild = [pattern for pattern in self.patterns if not pattern.is_exact]
        matchers: list[Callable[[str], bool]] = []
        if wild:
            matchers.append(PatternSet(wild).matches)
        if declared.origin_regex is not None:
            matchers.append(_regex_matcher(declared.origin_regex))
        return AnswerFields(
            any_origin="*" in self.origins,
            exact=frozenset(exact),
            admits=_any_of(matchers),
            methods=declared.methods,
            headers=self.headers,
            expose=self.expose,
            credentials=declared.credentials,
            max_age=declared.max_age,
        )

    def key(self) -> tuple[object, ...]:
        """Return what equality compares: the canonical form."""
        declared = self.declared
        return (
            frozenset(self.origins),
            frozenset(declared.methods),
            frozenset(name.lower() for name in self.headers),
            frozenset(name.lower() for name in self.expose),
            declared.credentials,
            declared.max_age,
            declared.origin_regex,
            declared.preflight_status,
            declared.accept_risks,
        )


def _regex_matcher(pattern: str) -> Callable[[str], bool]:
    from corsmith.regex import compile_regex, matches_regex  # only where there is one

    compiled = compile_regex(pattern)
    assert not isinstance(compiled, Diagnostic)  # noqa: S101  checked before

    def matches(text: str) -> bool:
        return matches_regex(compiled, text)

    return matches


def _any_of(matchers: list[Callable[[str], bool]]) -> Callable[[str], bool] | None:
    if len(matchers) <= 1:
        return matchers[0] if matchers else None
    first, second = matchers
    return lambda text: first(text) or second(text)
