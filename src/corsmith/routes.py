"""``Routes``: which policy for which path.

What lives here: the table and its rule. What does not: how an application finds its own
path (the adapters hand over the decoded path that the application routes on).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.policy import Policy

__all__ = ["Routes"]

# What proxies and applications read differently: empty segments, dot segments, a second
# encoding, backslashes, controls, and what stands for invalid UTF-8. In a request, parameters
# of a segment too: servers that know them take `/..;/` for a dot segment.
_NO_KEY = re.compile(r"//|/\.\.?(?:/|\Z)|[%\\\x00-\x1f\x7f\ufffd\udc80-\udcff]")
_ODD = re.compile(r"//|/\.\.?(?:/|\Z)|[;%\\\x00-\x1f\x7f\ufffd\udc80-\udcff]")
_PARAMETERS = re.compile(r";[^/]*")
_ENCODED_SLASH = re.compile(r"%(?:2[fF]|5[cC])")
# One byte that is no UTF-8, or the two of an overlong form, as decoders leave them.
_INVALID = re.compile(r"[\ufffd\udc80-\udcff]{1,2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Routes:
    """A table from paths to policies; the longest path that covers a request wins.

    A key that ends in ``/`` covers what is below it; any other key covers itself and
    what is below ``key/``. ``None`` touches nothing: OPTIONS passes to the application
    and no header is added. So does a path that no key covers. Paths compare with case.

    A path whose normalised reading would choose another policy is answered without CORS
    headers, since applications and proxies disagree about it.

    >>> api = Policy(origins=["https://app.example"])
    >>> routes = Routes({"/api/": api, "/api/internal/": None})
    >>> routes.policy_for("/api/items") is api, routes.policy_for("/api/internal/x")
    (True, None)
    """

    __slots__ = ("_bare", "_longest_first", "entries")

    entries: Mapping[str, Policy | None]
    _bare: tuple[tuple[str, Policy | None], ...]
    _longest_first: tuple[tuple[str, Policy | None], ...]

    def __init__(self, entries: Mapping[str, Policy | None]) -> None:
        """Check the table, or raise ``PolicyError`` with every problem."""
        problems: list[Diagnostic] = []
        if not isinstance(entries, Mapping):
            message = f"{quote(entries)} is no mapping of paths to policies."
            fix = 'Write Routes({"/api/": policy}).'
            raise PolicyError([diagnose("wrong-type", "routes", quote(entries), message, fix)])
        for path, policy in entries.items():
            problems.extend(_check_path(path))
            if policy is not None and not isinstance(policy, Policy):
                message = f"{quote(policy)} is no policy; a route has a Policy or None."
                problems.append(diagnose("wrong-type", "routes", quote(policy), message))
        if problems:
            raise PolicyError(problems)
        longest_first = sorted(entries.items(), key=lambda entry: -len(entry[0]))
        object.__setattr__(self, "entries", MappingProxyType(dict(entries)))
        object.__setattr__(self, "_longest_first", tuple(longest_first))
        object.__setattr__(self, "_bare", _without_parameters(entries))

    def policy_for(self, path: str, raw_path: str | None = None) -> Policy | None:
        """Return the policy of a decoded path, or ``None`` if nothing is to be touched.

        ``raw_path`` is the path as it was received, where the host has it: only there an
        encoded slash can be seen. An ambiguous path is ``None``; ``is_ambiguous`` tells.
        """
        return None if self.is_ambiguous(path, raw_path) else self._lookup(path)

    def is_ambiguous(self, path: str, raw_path: str | None = None) -> bool:
        """Return whether another reading of ``path`` would choose another policy."""
        encoded = raw_path is not None and _ENCODED_SLASH.search(raw_path) is not None
        if not encoded and _ODD.search(path) is None:
            return False
        found = self._lookup(path)
        for reading in _readings(path, raw_path if encoded else None):
            if self._lookup(_normalise(reading)) != found:
                return True
            bare = _PARAMETERS.sub("", reading)
            if bare != reading and self._lookup(_normalise(bare), bare=True) != found:
                return True
        return False

    def _lookup(self, path: str, *, bare: bool = False) -> Policy | None:
        for key, policy in self._bare if bare else self._longest_first:
            if path.startswith(key) and (
                key.endswith("/") or len(path) == len(key) or path[len(key)] == "/"
            ):
                return policy
        return None

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> "Routes":
        """Return the routes of ``{"routes": [{"path": …, fields of a policy}, …]}``.

        A route with ``cors = false`` is exempt. Raises ``PolicyError``.
        """
        if not isinstance(mapping, Mapping):
            message = f"{quote(mapping)} is no mapping with a list of routes."
            raise PolicyError([diagnose("wrong-type", "routes", quote(mapping), message)])
        problems = [_unknown_key(key) for key in mapping if key != "routes"]
        rows = mapping.get("routes")
        if not isinstance(rows, (list, tuple)):
            message = "routes are one list of tables, each with a path and the fields of a policy."
            problems.append(diagnose("wrong-type", "routes", quote(rows), message))
            rows = ()
        entries: dict[str, Policy | None] = {}
        for row in rows:
            try:
                path, policy = _read_row(row)
            except PolicyError as error:
                problems.extend(error.problems)
                continue
            if path in entries:
                message = f"{quote(path)} has two routes."
                fix = "Keep one of them."
                problems.append(diagnose("route-repeated", "path", path, message, fix))
            entries[path] = policy
        if problems:
            raise PolicyError(problems)
        return cls(entries)

    def to_mapping(self) -> dict[str, object]:
        """Return the table in plain types; ``Routes.from_mapping`` makes it again."""
        return {"routes": [_write_row(path, policy) for path, policy in self.entries.items()]}

    def policies(self) -> Iterator[Policy]:
        """Yield each policy of the table, in the order of its paths."""
        yield from (policy for policy in self.entries.values() if policy is not None)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is suspicious but legitimate in any of the policies, each once."""
        return tuple(dict.fromkeys(item for policy in self.policies() for item in policy.warnings))

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: routes do not change."""
        message = f"Routes do not change; make others to have another {name}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse: routes do not change."""
        message = f"Routes do not change; {name} cannot be deleted"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        """Return whether both give every path an equal policy."""
        return self.entries == other.entries if isinstance(other, Routes) else NotImplemented

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash(frozenset(self.entries.items()))

    def __reduce__(self) -> "tuple[type[Routes], tuple[dict[str, Policy | None]]]":
        """Pickle as the table."""
        return type(self), (dict(self.entries),)

    def __repr__(self) -> str:
        """Return the call that makes these routes."""
        return f"Routes({dict(self.entries)!r})"


_A_PATH = 'Write path = "/api/".'


def _check_path(path: object) -> list[Diagnostic]:
    if not isinstance(path, str):
        message = f"{quote(path)} is no path."
        return [diagnose("wrong-type", "path", quote(path), message, _A_PATH)]
    if not path.startswith("/"):
        message = f"{quote(path)} does not begin with a slash, so no request path is below it."
    elif not {"*", "?", "#"}.isdisjoint(path):
        message = (
            f"{quote(path)} is a pattern; a route is a plain path and covers what is below it."
        )
    elif _NO_KEY.search(path):
        message = f"{quote(path)} is no decoded path: it has empty, dot or encoded parts."
    else:
        return []
    meant = _plain_path(path)
    fix = None if meant is None else f"Write {quote(meant)}."
    return [diagnose("route-bad-path", "path", path, message, fix)]


def _plain_path(path: str) -> str | None:
    """Return the route that was probably meant by an address, a pattern or an encoded path."""
    from urllib.parse import unquote  # only when something is wrong

    path = re.sub(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", path).lstrip("^*")
    meant = _normalise(unquote(re.split(r"[*?#]", path)[0]).replace("\\", "/"))
    return None if _NO_KEY.search(meant) else meant


def _unknown_key(key: object) -> Diagnostic:
    message = f"{quote(key)} is no key beside the list of routes."
    return diagnose("unknown-field", None, quote(key), message, "The only key is routes.")


def _read_row(row: object) -> tuple[str, Policy | None]:
    """Return the path and policy of one table of a document."""
    if not isinstance(row, Mapping):
        message = f"{quote(row)} is no table with a path and the fields of a policy."
        raise PolicyError([diagnose("wrong-type", "routes", quote(row), message)])
    fields = dict(row)
    path = fields.pop("path", None)
    if path is None:
        problems = [diagnose("wrong-type", "path", None, "a route has no path.", _A_PATH)]
    else:
        problems = _check_path(path)
    policy: Policy | None = None
    if "cors" in fields:
        if fields.pop("cors") is not False or fields:
            message = "cors can only be false, and then stands alone beside path."
            fix = "Write cors = false, or leave it out."
            problems.append(diagnose("wrong-type", "cors", quote(row["cors"]), message, fix))
    else:
        try:
            policy = Policy.from_mapping(fields)
        except PolicyError as error:
            problems.extend(error.problems)
    if problems:
        raise PolicyError(_place(path, item) for item in problems)
    return path, policy


def _place(path: object, item: Diagnostic) -> Diagnostic:
    """Return a problem of one route, its field with the path of the route."""
    if not isinstance(path, str) or item.field == "path":
        return item
    return replace(item, field=path if item.field is None else f"{path} {item.field}")


def _write_row(path: str, policy: Policy | None) -> dict[str, object]:
    if policy is None:
        return {"path": path, "cors": False}
    return {"path": path, **policy.to_mapping()}


def _without_parameters(
    entries: Mapping[str, Policy | None],
) -> tuple[tuple[str, Policy | None], ...]:
    """Return the table of a server that cuts parameters off, the longest path first.

    Where two keys are one to it, the one that had none comes first.
    """
    rows = [(_normalise(_PARAMETERS.sub("", key)), key, policy) for key, policy in entries.items()]
    rows.sort(key=lambda row: (-len(row[0]), ";" in row[1], row[1]))
    return tuple((bare, policy) for bare, _, policy in rows)


def _readings(path: str, raw_path: str | None) -> Iterator[str]:
    """Yield what a proxy or an application may take the path for, before it normalises it."""
    from urllib.parse import unquote  # only for a path that is odd

    yield path
    # What cannot be read is left out, or is an overlong form of these two.
    readable = _CONTROL.sub("", path)
    for meant in ("", "/", "."):
        yield _INVALID.sub(meant, readable)
    # A proxy that decodes what was decoded already, and takes a backslash for a slash.
    yield unquote(path, "latin-1").replace("\\", "/")
    if raw_path is not None:
        # A router that keeps an encoded slash inside its segment.
        kept = _ENCODED_SLASH.sub("\0", raw_path)
        yield unquote(kept, "utf-8")


def _normalise(path: str) -> str:
    """Return the path without empty and dot segments (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part not in {"", "."}:
            kept.append(part)
    trailing = "/" if parts[-1] in {"", ".", ".."} and kept else ""
    return "/" + "/".join(kept) + trailing
