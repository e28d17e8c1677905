"""``Gateway``: an API that cannot be changed, as something to serve.

What lives here: what the command line says of it, its policy and its rows of the banner. What
does not: the application (``forward``).
"""

import os
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from corsmith.adapters.asgi import App, CORSMiddleware
from corsmith.address import read_address
from corsmith.errors import UsageError
from corsmith.origin import is_loopback
from corsmith.policy import Policy
from corsmith.profiles import Profile
from corsmith.prose import join_words
from corsmith.question import Question, ask
from corsmith.routes import Routes
from corsmith.server.gateway.added import Added, read_added
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.trust import Trust, load_library
from corsmith.server.gateway.upstream import read_upstream
from corsmith.server.log import Log
from corsmith.server.shortened import Welcoming
from corsmith.server.source import LOOPBACK

if TYPE_CHECKING:
    from corsmith.server.gateway.forward import Forwarder

__all__ = ["GATEWAY_SEED", "Gateway", "load_forwarder"]

GATEWAY_SEED: Final[Mapping[str, object]] = {
    "origins": [LOOPBACK],
    "methods": ["*"],
    "headers": ["*", "Authorization"],
    "credentials": True,
    "max_age": 600,
}
"""The policy of a gateway: pages of this machine's own servers may do what the upstream lets
its own pages do, logins included."""


_NOBODYS_PORT: Final = 9
"""A port that no list names: an origin with it is allowed only where any port is."""

_VITE_PORT: Final = 5173

_HERE: Final = ("localhost", "127.0.0.1", "[::1]")


def _name() -> bytes:
    return f"corsmith-{secrets.token_hex(4)}".encode()


def load_forwarder() -> "type[Forwarder]":
    """Return what is opened in a worker, with all that it needs, and load the client library.

    Loaded before the worker is copied, it is in both processes once.
    """
    load_library()
    from corsmith.server.gateway.forward import Forwarder  # needs it

    return Forwarder


# ── the apps that a policy allows ──────────────────────────────────────────────


def _names(url: str) -> list[str]:
    """Return the host names that an app of this machine may share with a server at ``url``."""
    host = url.partition("://")[2].rpartition(":")[0]
    # The first is the one that development servers print.
    return ["localhost", host] if host == "127.0.0.1" else [host]


def _host(origin: str) -> str:
    place = origin.partition("://")[2]
    return place.partition("]")[0] + "]" if place.startswith("[") else place.partition(":")[0]


def _apps(url: str, policies: Sequence[Policy]) -> list[str]:
    """Return the origins of apps of this machine that are allowed, those of ``url`` first."""
    schemes = sorted(("http", "https"), key=lambda scheme: not url.startswith(f"{scheme}:"))
    usual = [
        f"{scheme}://{name}:{port}"
        for scheme in schemes
        for name in [*_names(url), *_HERE]
        for port in (_NOBODYS_PORT, _VITE_PORT)
    ]
    listed = [
        origin
        for policy in policies
        for origin in policy.origins
        if "*" not in origin and is_loopback(_host(origin))
    ]
    return [
        app for app in dict.fromkeys([*usual, *listed]) if _allow(policies, app, credentials=False)
    ]


def _allow(policies: Iterable[Policy], origin: str, *, credentials: bool) -> bool:
    question = Question(origin=origin, credentials=credentials)
    return any(ask(policy, question).allowed for policy in policies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One upstream behind a policy.

    ``via`` is this gateway's own name: with it, a request that comes back is known.
    """

    upstream: Upstream
    added: Added = field(default_factory=Added)
    trust: Trust = field(default_factory=Trust)
    seconds: float
    profile: Profile | None = None
    via: bytes = field(default_factory=_name)
    streams: bool = True
    has_lifespan: bool = True
    enforces: bool = True

    @classmethod
    def of(
        cls,
        url: str,
        *,
        profile: Profile | None = None,
        headers: Collection[str],
        ca: str | None,
        insecure: bool,
        seconds: float,
    ) -> Self:
        """Return the gateway to a URL; ``UsageError`` for what cannot be one."""
        upstream = read_upstream(url)
        trust = Trust(ca=ca, insecure=insecure)
        if not upstream.is_tls and (insecure or ca is not None):
            flag = "-k" if ca is None else "--ca"
            raise UsageError(
                f"{flag} is about certificates, and {upstream.origin.decode()} has none\n"
                f"  leave it out, or write https://{upstream.host.decode()}"
            )
        trust.check()
        return cls(
            upstream=upstream,
            added=read_added(headers, os.environ),
            trust=trust,
            seconds=seconds,
            profile=profile,
        )

    @property
    def title(self) -> str:
        """What it is a gateway to."""
        url = self.upstream.url(b"").decode()
        return f"a gateway to {url if self.profile is None else self.profile.title}"

    @property
    def seed(self) -> Mapping[str, object]:
        """The fields of the policy where none is given."""
        return GATEWAY_SEED if self.profile is None else {**GATEWAY_SEED, **self.profile.fields}

    @property
    def upstream_port(self) -> int | None:
        """The upstream's port, if it is one of this machine."""
        address = read_address(self.upstream.origin.decode())
        return address.port if is_loopback(address.host) else None

    def layer(self, given: Collection[str]) -> type[CORSMiddleware]:
        """Return a layer that exposes all that is sent, unless it was decided what to expose."""
        from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer  # needs the library

        return EnforcingLayer if "expose" in given else ExposingLayer

    def notes(self, url: str) -> list[tuple[str, str]]:
        """Return where requests go, and what is unusual."""
        rows = [("gateway", f"{url} → {self.upstream.url(b'').decode()}")]
        if self.profile is not None and self.profile.note:
            rows.append(("note", self.profile.note))
        if self.added:
            names = ", ".join(self.lent())
            is_clear = not self.upstream.is_tls and self.upstream_port is None
            clear = "; http:// sends it in clear" if is_clear else ""
            unless = "no page sees the value, unless the API sends it back"
            rows.append(("adds", f"{names} ({unless}{clear})"))
        if self.trust.insecure:
            rows.append(("insecure", "-k: the upstream's certificate is not verified"))
        return rows

    def lent(self) -> list[str]:
        """Return the names of the headers that the upstream gets in the person's name."""
        return sorted(name.decode() for name in self.added)

    def guide(self, url: str, policy: Policy | Routes) -> list[tuple[str, str]]:
        """Return the line to change in an app of this machine, and which apps have cookies.

        Without a row where no such app is allowed: what it wrote would be answered 403.
        """
        policies = [policy] if isinstance(policy, Policy) else list(policy.policies())
        apps = _apps(url, policies)
        if not apps:
            return []
        # Cookies belong to a host name and are kept back from pages of another.
        scheme, _, place = url.partition("://")
        host = _host(apps[0])
        if host not in _names(url):
            host = place.rpartition(":")[0]
        base = f"{scheme}://{host}:{place.rpartition(':')[2]}"
        rows = [("in the app", f"VITE_API_URL={base} (or NEXT_PUBLIC_…, REACT_APP_…)")]
        # A page on http and a server on https are two sites (HTML, #same-site).
        site = f"{scheme}://{host}:"
        logged = [
            app
            for app in apps
            if f"{app}:".startswith(site) and _allow(policies, app, credentials=True)
        ]
        # All ports of a host name share them.
        name = self.upstream.host.decode()
        shared = f"; all those of {host} go to {name}" if self.upstream_port is None else ""
        if f"{site}{_NOBODYS_PORT}" in logged:
            secure = "https://" if scheme == "https" else ""
            sent = f"are sent from an app at {secure}{host}, whatever its port"
            rows.append(("cookies", sent + shared))
        elif logged:
            rows.append(("cookies", f"are sent from {join_words(logged)}{shared}"))
        return rows

    def look(self, origin: str) -> Iterable[str]:
        """Return whether the upstream is reachable, and open already to pages of ``origin``."""
        from corsmith.server.gateway.outlook import look_at  # asked once, after the first answer

        path = "/" if self.profile is None else self.profile.probe
        url = self.upstream.url(path.encode()).decode()
        return look_at(url, origin, verify=not self.trust.insecure, ca=self.trust.ca)

    def shorten(
        self, front: Welcoming, app: App, layer: type[CORSMiddleware], log: Log | None
    ) -> App:
        """Return the application behind ``front``, with a short way for what came before."""
        # They need the library, which only a worker has loaded.
        from corsmith.server.gateway.forward import Forwarder
        from corsmith.server.gateway.layer import EnforcingLayer
        from corsmith.server.gateway.passage import Passage

        if isinstance(app, Forwarder) and issubclass(layer, EnforcingLayer):
            return Passage(front, app, layer, log)
        return front

    def open(self) -> App:
        """Return the application."""
        return load_forwarder()(
            self.upstream, via=self.via, added=self.added, trust=self.trust, seconds=self.seconds
        )
