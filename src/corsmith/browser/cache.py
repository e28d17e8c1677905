"""What a browser keeps between requests: preflights' answers, and answers themselves.

What lives here: two small stores with time as an argument. What does not: a clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from corsmith.browser.engines import Engine
from corsmith.browser.verdict import Received

__all__ = ["PreflightCache", "ResponseCache", "Stored"]

Key: TypeAlias = tuple[str, str, bool]
"""Origin, URL with its query, and whether the entry is credentialed."""


@dataclass(slots=True)
class PreflightCache:
    """The CORS-preflight cache (Fetch, #concept-cache): entries for methods and names."""

    _methods: dict[tuple[Key, str], float] = field(default_factory=dict)
    _names: dict[tuple[Key, str], float] = field(default_factory=dict)
    _answered: dict[Key, float] = field(default_factory=dict)

    def covers(
        self, key: Key, method: str | None, names: tuple[str, ...], now: float, engine: Engine
    ) -> bool:
        """Return whether nothing is left to ask; ``method`` is ``None`` if it needs no entry.

        Fetch, #concept-cache-match-method, #concept-cache-match-header. A ``*`` never serves
        a request with credentials: kept, it would allow what a new preflight would not.
        """
        keys = self._serving(key, engine)
        star = "*" if not key[2] else None

        def is_kept(entries: Mapping[tuple[Key, str], float], value: str | None) -> bool:
            return value is not None and any(entries.get((one, value), now) > now for one in keys)

        if method is not None and not (
            is_kept(self._methods, method) or is_kept(self._methods, star)
        ):
            return False
        return all(
            is_kept(self._names, name)
            or (
                (name != "authorization" or engine.cached_star_covers_authorization)
                and is_kept(self._names, star)
            )
            for name in names
        )

    def has_any(self, key: Key, now: float, engine: Engine) -> bool:
        """Return whether any answer is kept: what asks for nothing needs no more."""
        return any(self._answered.get(one, now) > now for one in self._serving(key, engine))

    def _serving(self, key: Key, engine: Engine) -> list[Key]:
        """Return the keys of the entries that serve a request (Fetch, #concept-cache-match)."""
        serves_all = not key[2] and engine.credentialed_entry_serves_all
        return [key, (key[0], key[1], True)] if serves_all else [key]

    def store(
        self,
        key: Key,
        methods: list[str],
        names: list[str],
        until: float,
        now: float,
        engine: Engine,
    ) -> None:
        """Keep what a preflight's answer allows (Fetch, #cors-preflight-fetch, 7.12 to 7.15).

        What is kept already is kept for as long as the new answer says.
        """
        keeps_star = engine.star_is_cached and (not key[2] or engine.credentialed_star_is_cached)
        self._answered[key] = until
        for entries, values in ((self._methods, methods), (self._names, map(str.lower, names))):
            for value in values:
                if value == "*" and not keeps_star:
                    continue
                if until > now:
                    entries[key, value] = until
                elif engine.zero_max_age_ends_entries:
                    entries.pop((key, value), None)

    def clear(self, origin: str, url: str) -> None:
        """Drop the entries of an origin and URL (Fetch, #concept-cache-clear)."""
        for entries in (self._methods, self._names):
            for one in [item for item in entries if item[0][:2] == (origin, url)]:
                del entries[one]
        for key in [key for key in self._answered if key[:2] == (origin, url)]:
            del self._answered[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An answer that was kept, with what it varies on and until when it is fresh."""

    response: Received
    until: float
    varied: tuple[tuple[str, str | None], ...]


_FRESH: Final = re.compile(r"(?:^|[,\s])max-age=([0-9]{1,9})")

Shelf: TypeAlias = tuple[str, bool, bool]
"""URL, whether only images share the answer, and whether only credentialed requests do."""


@dataclass(slots=True)
class ResponseCache:
    """The HTTP cache, as far as it meets CORS: freshness, validation and Vary."""

    _stored: dict[Shelf, Stored] = field(default_factory=dict)

    def find(self, shelf: Shelf, headers: Mapping[str, str]) -> Stored | None:
        """Return the stored answer for a request with these headers (RFC 9111, 4.1)."""
        stored = self._stored.get(shelf)
        if stored is None:
            return None
        same = all(headers.get(name) == value for name, value in stored.varied)
        return stored if same else None

    def store(
        self, shelf: Shelf, headers: Mapping[str, str], response: Received, now: float
    ) -> None:
        """Keep an answer that may be kept (RFC 9111, section 3)."""
        control = (response.get("cache-control") or "").lower()
        names = [name.strip() for name in (response.get("vary") or "").lower().split(",")]
        if "no-store" in control or "*" in names or response.status not in {200, 404, 410}:
            return
        match = _FRESH.search(control)
        fresh = 0 if match is None or "no-cache" in control else int(match[1])
        self._stored[shelf] = Stored(
            response=response,
            until=now + fresh,
            varied=tuple((name, headers.get(name)) for name in names if name),
        )

    def freshen(
        self,
        shelf: Shelf,
        headers: Mapping[str, str],
        stored: Stored,
        answer: Received,
        now: float,
    ) -> Received:
        """Return the stored answer updated by a 304 (RFC 9111, section 3.2)."""
        new = {name.lower() for name, _ in answer.headers}
        kept = tuple(pair for pair in stored.response.headers if pair[0].lower() not in new)
        response = Received(status=stored.response.status, headers=kept + answer.headers)
        self.store(shelf, headers, response, now)
        return response
