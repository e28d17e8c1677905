"""What is wrong with a text that is no origin pattern, and what was probably meant.

What lives here: ``repair``, which reads the text part by part as loosely as people write,
notes every departure from the form that browsers send, and puts the parts together
again. What does not: which texts are patterns (``pattern`` says so, and is asked about
every text that is shown as a fix), and whether a pattern is wise (the policy).

It runs when a policy is made or a refusal is explained, never to decide about a request:
nothing that is mended here is ever compared with an Origin header.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.origin import (
    APP_SCHEMES,
    DEFAULT_PORTS,
    MAX_HOST_LENGTH,
    MAX_LABEL_LENGTH,
    MAX_ORIGIN_LENGTH,
    MAX_PORT,
    ends_in_number,
    is_loopback,
    read_ipv4,
    read_ipv6,
)
from corsmith.suffixes import is_public_suffix, is_valid_punycode, to_punycode

__all__ = ["Repair", "repair"]

_LONGEST_TEXT: Final = 1024
"""What is longer is not read part by part: three times what an origin can have."""

_KNOWN_SCHEMES: Final = APP_SCHEMES.union(DEFAULT_PORTS)
_OPAQUE_SCHEMES: Final = frozenset({"about", "blob", "data", "file", "javascript"})

_EXAMPLE: Final = 'Write for example "https://app.example".'
_AN_ORIGIN: Final = "An origin is scheme, host and port."


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Every problem of a text, and the pattern that was probably meant, if any is."""

    problems: tuple[Diagnostic, ...]
    mended: str | None


def repair(text: str, reads: Callable[[str], bool]) -> Repair:
    """Return what is wrong with ``text``, and the pattern that was probably meant.

    ``text`` is one that ``reads`` refuses; ``reads`` tells whether a text is a pattern.
    """
    if len(text) > _LONGEST_TEXT:
        message = f"{quote(text)} has {len(text)} characters. {_AN_ORIGIN}"
        problem = diagnose("origin-too-long", "origins", text, message, _EXAMPLE)
        return Repair(problems=(problem,), mended=None)
    several = _split_list(text)
    if several is not None:
        return _repair_list(text, several, reads)
    return _Reading(text, reads).result()


# ── several origins in one string ────────────────────────────────────────────────

_SEPARATORS = re.compile(r"[\s,;]+")
_QUOTES: Final = "\"'`<>"
_HOST_ALONE = re.compile(r"[^.:/]+(?:[.:][^.:/]+)+")


def _split_list(text: str) -> list[str] | None:
    """Return the pieces of a text that holds several origins, or one and a comma."""
    is_json = text.lstrip().startswith("[") and '"' in text
    pieces = [piece.strip(_QUOTES + "[]" * is_json) for piece in _SEPARATORS.split(text)]
    pieces = [piece for piece in pieces if piece]
    if is_json or "," in text or ";" in text:
        return pieces
    if len(pieces) < 2:  # noqa: PLR2004  one piece is no list
        return None
    # Otherwise a blank may have got into one origin.
    whole = all("://" in piece for piece in pieces)
    return pieces if whole or all(map(_HOST_ALONE.fullmatch, pieces)) else None


def _repair_list(text: str, pieces: list[str], reads: Callable[[str], bool]) -> Repair:
    mended = [piece if reads(piece) else _Reading(piece, reads).result().mended for piece in pieces]
    fix = "Write each origin as a string of its own."
    if mended and None not in mended:
        fix = "Write origins=[" + ", ".join(f'"{piece}"' for piece in mended) + "]."
    message = f"{quote(text)} is a list, but each entry is one origin."
    problem = diagnose("origin-is-a-list", "origins", text, message, fix)
    return Repair(problems=(problem,), mended=mended[0] if len(mended) == 1 else None)


# ── one origin ───────────────────────────────────────────────────────────────────

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufeff]+")
_REGEX = re.compile(
    r"(?<![:\\])\\[.dwsDWSbAZ/]|^\^|\$$|\(\?|\)[?*+]|\||\[[^\]\[-]*-|https\?|//\.[*+]|\.\+"
)
_REGEX_ANY = re.compile(r"(?:\.|\\[wS]|\[[^\]]*\])[*+]")
_BEGINNING = re.compile(r"(?P<scheme>[^/?#@\\]*?):(?P<slashes>[/\\]{2})(?P<rest>.*)", re.DOTALL)
_SCHEME_ALONE = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*):[/\\]?(?P<rest>.*)", re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_LAST_WORD = re.compile(r"[a-z-]*\Z")
_AUTHORITY = re.compile(r"(?P<authority>[^/?#\\]*)(?P<path>[^?#]*)(?P<query>.*)", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_*.-]")
_STARRED_ADDRESS = re.compile(r"[0-9*]+(?:\.[0-9*]+)+\.?")


class _Reading:
    """One text, read from its beginning to its end; each step notes what it finds."""

    def __init__(self, text: str, reads: Callable[[str], bool]) -> None:
        """Read every part."""
        self._text = text
        self._reads = reads
        self._found: list[tuple[str, str]] = []
        self._scheme = ""
        self._host = ""
        self._port = ""
        self._hint: str | None = None  # the fix where putting the parts together is none
        self._form = "Write {}."
        bare = self._read_edges()
        if self._hint is None:
            bare = self._read_scheme(bare)
        if self._hint is None:
            self._read_host(self._read_port(self._read_rest(bare)))

    def result(self) -> Repair:
        """Return the problems; each carries the one fix that mends them all."""
        port = f":{self._port}" if self._port else ""
        mended = f"{self._scheme}://{self._host}{port}"
        fix = self._hint
        if fix is None and self._reads(mended):
            # Not `quote`, which cuts what is long: a fix is there to be copied.
            http = "http" + mended.removeprefix("https")
            fix = self._form.format(f'"{mended}"', f'"{http}"')
        certain = fix is not None and fix == f'Write "{mended}".'
        problems = [
            diagnose(code, "origins", self._text, f"{quote(self._text)} {sentence}", fix)
            for code, sentence in self._found
        ]
        return Repair(problems=tuple(problems), mended=mended if certain else None)

    def _note(self, code: str, sentence: str) -> None:
        if (code, sentence) not in self._found:
            self._found.append((code, sentence))

    def _read_edges(self) -> str:
        bare = _BLANKS.sub("", self._text)
        if bare != self._text:
            self._note("origin-has-white-space", "has white space or a control character.")
        unquoted = bare.strip(_QUOTES)
        if unquoted != bare:
            self._note("origin-bad-host", "stands in quotation marks.")
        if not unquoted:
            self._note("origin-missing-scheme", f"is empty. {_AN_ORIGIN}")
            self._hint = _EXAMPLE
        elif unquoted.lower() == "null":
            self._note("origin-missing-scheme", 'is not how browsers write the origin "null".')
            self._hint = 'Write "null", and accept_risks=["null-origin"], if you mean it.'
        elif _REGEX.search(unquoted) is not None:
            self._read_regex(unquoted)
        return unquoted

    def _read_regex(self, text: str) -> None:
        self._note("origin-bad-host", "looks like a regular expression, but is read as an origin.")
        plain = text.strip("^$").replace("https?", "https").replace("\\/", "/").replace("\\.", ".")
        plain = _REGEX_ANY.sub("*", plain)
        self._hint = f"Write origin_regex={quote(text)}."
        if self._reads(plain):
            self._hint = f'Write "{plain}", or origin_regex={quote(text)}.'

    def _read_scheme(self, text: str) -> str:
        beginning = _BEGINNING.fullmatch(text)
        if beginning is None or not beginning["scheme"]:
            return self._guess_scheme(text if beginning is None else beginning["rest"])
        scheme = beginning["scheme"].lower()
        if "\\" in beginning["slashes"]:
            self._note("origin-bad-scheme", 'has a backslash where "//" belongs.')
        if "*" in scheme:
            self._note("misplaced-wildcard", "has a * in its scheme.")
            self._form = "Write {} and, if you need it, {}."
            scheme = "https"
        elif scheme == "file":
            self._note(
                "origin-file-scheme", 'has the scheme file, but pages from files send "null".'
            )
            self._hint = "Serve the page over HTTP, and write the origin that it then has."
        elif _SCHEME.fullmatch(scheme) is None:
            self._note("origin-bad-scheme", f"has {quote(scheme)} where its scheme belongs.")
            word = _LAST_WORD.search(scheme)
            scheme = word[0] if word and word[0] in _KNOWN_SCHEMES else scheme
        elif scheme != beginning["scheme"]:
            self._note_upper_case()
        self._scheme = scheme
        second = _BEGINNING.fullmatch(beginning["rest"])
        if second is not None and second["scheme"].lower() in _KNOWN_SCHEMES:
            self._note("origin-bad-scheme", "has two schemes.")
            return self._read_scheme(beginning["rest"])
        return beginning["rest"]

    def _guess_scheme(self, text: str) -> str:
        alone = _SCHEME_ALONE.fullmatch(text)
        if alone is not None and _DIGITS.match(alone["rest"]) is None:
            scheme = alone["scheme"].lower()
            if scheme in _OPAQUE_SCHEMES:
                self._note(
                    "origin-bad-scheme", f'has the scheme {scheme}, whose pages send "null".'
                )
                self._hint = "Write the origin of the page that made it."
                return text
            if scheme in _KNOWN_SCHEMES:
                self._note("origin-bad-scheme", 'has no "//" after its scheme.')
                self._scheme = scheme
                return alone["rest"]
        self._note("origin-missing-scheme", f"has no scheme. {_AN_ORIGIN}")
        text = text.lstrip("/\\")
        host = text if read_ipv6(text) else re.split(r"[/?#]|:[^:\]]*\Z", text, maxsplit=1)[0]
        local = is_loopback(host.lower()) or is_loopback(f"[{read_ipv6(host)}]")
        self._scheme = "http" if local else "https"
        return text

    def _read_rest(self, rest: str) -> str:
        bare = rest.lstrip("/\\")
        if bare != rest:
            self._note("origin-bad-host", 'has more than "//" before its host.')
        parts = _AUTHORITY.fullmatch(bare)
        assert parts is not None  # noqa: S101  every text has this form
        if parts["path"]:
            what = "a trailing slash" if parts["path"] == "/" else "a path"
            self._note("origin-has-path", f"has {what}. {_AN_ORIGIN}")
        if parts["query"]:
            what = "a query" if parts["query"][0] == "?" else "a fragment"
            self._note("origin-has-query", f"has {what}. {_AN_ORIGIN}")
        _, userinfo, host = parts["authority"].rpartition("@")
        if userinfo:
            self._note("origin-has-userinfo", f"has a user name or a password. {_AN_ORIGIN}")
        return host

    def _read_port(self, authority: str) -> str:
        """Note what is wrong with the port, and return the host that stands before it."""
        if read_ipv6(authority) is not None:
            self._note("origin-bad-address", "has an IPv6 address without brackets.")
            return f"[{authority}]"
        if "[" in authority and "]" not in authority:
            return authority
        host, bracket, after = authority.rpartition("]")
        if not bracket:
            host, colon, port = authority.partition(":")
        else:
            junk, colon, port = after.partition(":")
            host += bracket
            if junk:
                self._note("origin-bad-address", "has text after its address.")
        if colon:
            self._port = self._mend_port(port)
        return host

    def _mend_port(self, port: str) -> str:
        if port == "*":
            return port
        if not port:
            self._note("origin-bad-port", "has a colon, but no port after it.")
            return ""
        if "*" in port and _DIGITS.fullmatch(port.replace("*", "0")) is not None:
            self._note("misplaced-wildcard", "has a * as a part of its port.")
            return "*"
        number = port.lstrip("0")
        if _DIGITS.fullmatch(port) is None:
            sentence = "has a port that is no number."
        elif not number or len(number) > len(str(MAX_PORT)) or int(number) > MAX_PORT:
            sentence = f"has a port that is not from 1 to {MAX_PORT}."
        else:
            if number != port:
                self._note("origin-bad-port", "has a port with a zero before it.")
            if int(number) != DEFAULT_PORTS.get(self._scheme):
                return number
            sentence = f"has the default port of {self._scheme}, which browsers leave out."
            self._note("origin-default-port", sentence)
            return ""
        self._note("origin-bad-port", sentence)
        self._form = f"Write a port from 1 to {MAX_PORT}, or {{}} for any."
        return "*"

    def _note_upper_case(self) -> None:
        self._note("origin-upper-case", "has upper-case letters; browsers write lower case.")

    def _read_host(self, host: str) -> None:
        if re.search("[A-Z]", host):
            self._note_upper_case()
        if not host:
            self._note("origin-bad-host", "has no host.")
            self._hint = _EXAMPLE
        elif not host.isascii():
            self._note("origin-unicode", "has letters outside ASCII; browsers write Punycode.")
            # A part of a label has no Punycode of its own.
            whole = all(label.isascii() or "*" not in label for label in host.split("."))
            host = (to_punycode(host) or "") if whole else ""
        host = host.lower()
        if "[" in host or "]" in host:
            self._host = self._mend_ipv6(host)
        elif host:
            self._host = self._mend_name(self._mend_stars(host))
        port = f":{self._port}" * (self._port != "*")
        if len(f"{self._scheme}://{self._host}{port}") > MAX_ORIGIN_LENGTH:
            self._note("origin-too-long", f"has more than {MAX_ORIGIN_LENGTH} characters.")

    def _mend_ipv6(self, host: str) -> str:
        if "*" in host:
            return self._note_star_in_address(host)
        inner, zone, _ = host.removeprefix("[").removesuffix("]").partition("%")
        address = read_ipv6(inner)
        if address is None:
            self._note("origin-bad-address", "has brackets around what is no IPv6 address.")
        elif zone:
            self._note("origin-bad-address", "has an address with a zone, which no page has.")
        elif f"[{address}]" != host:
            self._note("origin-bad-address", "has an address that browsers write otherwise.")
        return f"[{address}]"

    def _note_star_in_address(self, host: str) -> str:
        self._note("misplaced-wildcard", "has a * in or before an address.")
        if "*" in host:
            self._hint = "Write each address: no part of one can be a *."
        return host

    def _mend_stars(self, host: str) -> str:
        """Return the nearest host whose ``*`` is where it may be."""
        if "*" not in host:
            return host
        if not host.strip("*."):
            self._note("wildcard-host", "has a * as its whole host.")
            self._hint = 'Write "*" for any origin, or name the host.'
            return host
        if _STARRED_ADDRESS.fullmatch(host) is not None:
            return self._note_star_in_address(host.removeprefix("*."))
        labels = host.split(".")
        last = max(index for index, label in enumerate(labels) if "*" in label)
        if last == 0 and host.count("*") == 1:
            return host
        self._note("misplaced-wildcard", "has a * where none may be: one, in the first label.")
        if last == 0:
            before, _, after = labels[0].partition("*")
            return ".".join([f"{before}*{after.rpartition('*')[2]}", *labels[1:]])
        parent = ".".join(labels[last + 1 :])
        if is_public_suffix(parent):
            self._hint = "Write each host: only its first label can be a *."
        return f"*.{parent}"

    def _mend_name(self, host: str) -> str:
        if ends_in_number(host.replace("*", "a")):
            return self._mend_ipv4(host)
        bad = "".join(dict.fromkeys(_NOT_IN_NAMES.findall(host)))
        if bad:
            self._note("origin-bad-host", f"has {quote(bad)} in its host.")
        if len(host.removesuffix(".")) > MAX_HOST_LENGTH:
            self._note("origin-too-long", f"has a host of more than {MAX_HOST_LENGTH} letters.")
        labels = host.removesuffix(".").split(".")
        for label in labels:
            if len(label) > MAX_LABEL_LENGTH:
                self._note(
                    "origin-bad-host", f"has a label of more than {MAX_LABEL_LENGTH} letters."
                )
            if label.startswith("xn--") and "*" not in label and not is_valid_punycode(label):
                self._note("origin-bad-punycode", f"has {quote(label)}, which is no Punycode.")
        if "" not in labels:
            return host
        self._note("origin-bad-host", "has an empty label in its host.")
        dotted = labels[0] == "" and "*" not in host
        return "*." * dotted + ".".join(filter(None, labels))

    def _mend_ipv4(self, host: str) -> str:
        if "*" in host:
            return self._note_star_in_address(host)
        address = read_ipv4(host)
        if address is None:
            self._note("origin-bad-address", "has a host that ends in a number, but is no address.")
        elif address != host:
            self._note("origin-bad-address", "has an address that browsers write otherwise.")
        return address or host
