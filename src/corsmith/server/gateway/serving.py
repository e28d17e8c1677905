"""``Gateway``: an API that cannot be changed, as something to serve.

What lives here: what the command line says of it, its policy and its rows of the banner. What
does not: the application (``forward``).
"""

import os
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from corsmith.adapters.asgi import App, CORSMiddleware
from corsmith.address import read_address
from corsmith.errors import UsageError
from corsmith.origin import is_loopback
from corsmith.profiles import Profile
from corsmith.server.gateway.added import Added, read_added
from corsmith.server.gateway.client import Trust
from corsmith.server.gateway.forward import Forwarder
from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer
from corsmith.server.gateway.outlook import look_at
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.upstream import read_upstream
from corsmith.server.source import LOOPBACK

__all__ = ["GATEWAY_SEED", "Gateway"]

GATEWAY_SEED: Final[Mapping[str, object]] = {
    "origins": [LOOPBACK],
    "methods": ["*"],
    "headers": ["*", "Authorization"],
    "credentials": True,
    "max_age": 600,
}
"""The policy of a gateway: pages of this machine's own servers may do what the upstream lets
its own pages do, logins included."""


def _name() -> bytes:
    return f"corsmith-{secrets.token_hex(4)}".encode()


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
        trust.context()
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
        return EnforcingLayer if "expose" in given else ExposingLayer

    def notes(self, url: str) -> list[tuple[str, str]]:
        """Return where requests go, what to change in the app, and what is unusual."""
        # Cookies belong to a host name and are kept back from pages of another; this is the
        # one that development servers print.
        named = url.replace("://127.0.0.1", "://localhost")
        host = named.partition("://")[2].rpartition(":")[0]
        secure = "https://" if named.startswith("https:") else ""
        rows = [
            ("gateway", f"{url} → {self.upstream.url(b'').decode()}"),
            ("in the app", f"VITE_API_URL={named} (or NEXT_PUBLIC_…, REACT_APP_…)"),
            # A page on http and a server on https are two sites (HTML, #same-site).
            ("cookies", f"are sent from an app at {secure}{host}, whatever its port"),
        ]
        if self.profile is not None and self.profile.note:
            rows.append(("note", self.profile.note))
        if self.added:
            names = ", ".join(sorted(name.decode() for name in self.added))
            is_clear = not self.upstream.is_tls and self.upstream_port is None
            clear = "; http:// sends it in clear"
            rows.append(("adds", f"{names} (no page sees the value{clear if is_clear else ''})"))
        if self.trust.insecure:
            rows.append(("insecure", "-k: the upstream's certificate is not verified"))
        return rows

    def look(self, origin: str) -> Iterable[str]:
        """Return whether the upstream is reachable, and open already to pages of ``origin``."""
        path = "/" if self.profile is None else self.profile.probe
        # An authority of --ca is not asked here: what is told needs no trust.
        verify = not self.trust.insecure and self.trust.ca is None
        return look_at(self.upstream.url(path.encode()).decode(), origin, verify=verify)

    def open(self) -> App:
        """Return the application."""
        return Forwarder(
            self.upstream, via=self.via, added=self.added, trust=self.trust, seconds=self.seconds
        )
