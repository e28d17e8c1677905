"""What a server says when it has started, and when its policy file is edited.

What lives here: the lines. What does not: when they are written (``run``).
"""

import re
import shlex
import textwrap
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corsmith.errors import AppError, CorsmithError, PolicyError
from corsmith.origin import is_loopback as is_here
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.hosts import is_loopback
from corsmith.server.serving import Guiding, Lending, Serving
from corsmith.server.source import LOOPBACK
from corsmith.words import describe

if TYPE_CHECKING:
    from corsmith.server.tls import Certificate

__all__ = [
    "Started",
    "at_now",
    "banner",
    "edited",
    "failed",
    "not_started",
    "reloaded",
    "some_origin",
    "warnings",
]

_HOST: Final = re.compile(r"https?://(\[[^\]]*\]|[^:]*)")
_NETWORK: Final = "local network"

_COLUMNS: Final = 80
_INDENT: Final = " " * 13

_COPIED: Final = frozenset({"in the app", "keep it"})
"""The rows of a kind of target with a line that somebody copies, which must be one."""

_HELD: Final = "\N{NO-BREAK SPACE}"
"""Where no line ends."""

_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server that is answering: where, under what, and where to try it."""

    address: str
    port: int
    policy: Policy | Routes
    file: str | None
    page: str | None
    serving: Serving
    notes: tuple[tuple[str, str], ...] = ()
    certificate: "Certificate | None" = None
    others: str | None = None
    """The address at which other machines reach it, where it listens on every one."""

    @property
    def network(self) -> str | None:
        """The server's own origin, as a browser on another machine reaches it."""
        return None if self.others is None else self._origin(self.others)

    @property
    def url(self) -> str:
        """The server's own origin, as a browser on this machine reaches it."""
        address = self.address
        if address in _ANY_ADDRESS:
            address = "127.0.0.1" if address == "0.0.0.0" else "::1"  # noqa: S104  compared
        return self._origin(address)

    def _origin(self, address: str) -> str:
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{f'[{address}]' if ':' in address else address}:{self.port}"


def banner(started: Started) -> list[str]:
    """Return what is served where, under which policy and how to try it: a line, and rows.

    Rows of words are wrapped at 80 columns; one with a line to copy stays whole.
    """
    reach = "" if is_loopback(started.address) else ", for everyone who reaches this machine"
    lines = [f"corsmith serves {started.serving.title} on {started.url}{reach}"]
    if started.network is not None:
        lines += _row("others", f"reach it at {started.network}")
    if started.file is not None:
        lines += _row("policy", f"{started.file} (an edit is in force at once)")
    lines += _row("allows", _phrases(started.policy))
    notes = [*started.notes, *started.serving.notes(started.url)]
    if isinstance(started.serving, Guiding):
        notes += started.serving.guide(started.url, started.policy)
    lent = started.serving.lent() if isinstance(started.serving, Lending) else []
    if lent and not is_loopback(started.address):
        words = f"everyone who reaches this machine uses {', '.join(lent)} as you do"
        notes.append(("shared", words))
    for name, text in notes:
        lines += _row(name, text)
    visitor = _visitor(started.policy) if is_loopback(started.address) else None
    # A viewer's own row has said it already.
    if visitor is not None and not any(_NETWORK in text for _, text in notes):
        words = f"Chromium asks once whether {visitor} may use the {_NETWORK}: allow it"
        lines += _row("prompt", words)
    authority = None if started.certificate is None else started.certificate.authority
    trusting = ""
    if authority is not None:
        from corsmith.server.tls import trust_line  # only where a certificate is ours

        lines.append(_whole("trust it", trust_line(authority)))
        trusting = f" --cacert {shlex.quote(str(authority))}"
    asked = shlex.quote(f"Origin: {some_origin(started.policy)}")
    curl = f"curl -i {started.url}/ -H {asked}{trusting}"
    if started.page is None:
        lines.append(_whole("try it", curl))
    else:
        lines += _row("try it", f"{started.page} {_held('(a page on another origin)')}")
        lines.append(_whole("or", curl))
    return [*lines, *_row("stop", "Ctrl-C")]


def _whole(name: str, text: str) -> str:
    return f"  {name:<10} {text}"


def _row(name: str, text: str) -> list[str]:
    """Return the lines of a row; a word too long for one stays whole."""
    if name in _COPIED:
        return [_whole(name, text)]
    lines = textwrap.wrap(
        text,
        width=_COLUMNS,
        initial_indent=_whole(name, ""),
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_HELD, " ") for line in lines]


def _phrases(policy: Policy | Routes) -> str:
    """Return what a policy says; a phrase that fits in a line is held together."""
    room = _COLUMNS - len(_INDENT) - len(" ·")
    phrases = describe(policy)
    return f"{_HELD}· ".join(_held(one) if len(one) <= room else one for one in phrases)


def _held(text: str) -> str:
    return text.replace(" ", _HELD)


def _listed(policy: Policy | Routes) -> list[str]:
    policies = [policy] if isinstance(policy, Policy) else policy.policies()
    return [origin for one in policies for origin in one.origins]


def _visitor(policy: Policy | Routes) -> str | None:
    """Return a listed origin that is not of this machine, if there is one.

    A page from the internet reaches this machine only with a person's permission (Local
    Network Access; Chromium), and without it looks like one that no policy allows.
    """
    hosts = ((origin, _HOST.match(origin)) for origin in _listed(policy))
    away = (origin for origin, host in hosts if host is not None and not is_here(host[1]))
    return next(away, None)


def some_origin(policy: Policy | Routes) -> str:
    """Return an origin that a request may name: one that is allowed, if one is listed."""
    listed = _listed(policy)
    plain = (origin for origin in listed if "://" in origin and "*" not in origin)
    return next(plain, "http://localhost:5173" if LOOPBACK in listed else "https://app.example")


def at_now(lines: list[str]) -> list[str]:
    """Return lines that begin with the time, as request lines do."""
    return [f"{time.strftime('%H:%M:%S')} {lines[0]}", *lines[1:]]


def edited(file: str, policy: Policy | Routes) -> list[str]:
    """Return what is said of an edit that is now in force."""
    return [f"{file} is in force: {' · '.join(describe(policy))}"]


def failed(file: str, error: CorsmithError) -> list[str]:
    """Return what is said of an edit that cannot be in force."""
    return [f"{file} cannot be used, so the policy before it stays:", *problems(error)]


def not_started(error: CorsmithError) -> list[str]:
    """Return what is said of an application that cannot start: its own traceback first."""
    if not isinstance(error, AppError):
        return [f"corsmith: {error}"]
    trace = [] if error.trace is None else error.trace.splitlines()
    return [*trace, f"corsmith: {error.problem}"]


def reloaded(file: str, notes: Iterable[tuple[str, str]]) -> list[str]:
    """Return what is said of an application that was loaded anew; ``notes`` are new as well."""
    return [
        f"{file} has changed: the app is loaded anew",
        *(line for note in notes for line in _row(*note)),
    ]


def problems(error: CorsmithError) -> list[str]:
    """Return each problem of an error as one line."""
    if isinstance(error, PolicyError):
        return [f"  {problem}" for problem in error.problems]
    return [f"  {line.strip()}" for line in str(error).splitlines()]


def warnings(policy: Policy | Routes) -> list[str]:
    """Return what is suspicious but legitimate in a policy, a line each.

    A viewer on the web stands beside ``@loopback`` in a policy of ours: whoever writes the
    group means this machine, which is where this server is.
    """
    is_meant = isinstance(policy, Policy) and LOOPBACK in policy.origins
    return [
        f"warning: {warning}"
        for warning in policy.warnings
        if not (is_meant and warning.code == "localhost-beside-public")
    ]
