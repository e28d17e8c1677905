"""The settings of a Django project, read: which policy is in force, and what is wrong.

What lives here: ``CORS_POLICY`` in each of its forms, and the settings that nothing reads. What
does not: those of django-cors-headers (``corsheaders``), which count where ours is absent.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.utils.module_loading import import_string

from corsmith.adapters.django.corsheaders import SETTINGS, read_corsheaders
from corsmith.adapters.django.reading import Reading
from corsmith.corsheaders import OLD_NAMES
from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import admit, check_enforce
from corsmith.marks import read_mark
from corsmith.misnomers import nearest_word, right_field
from corsmith.policy import Policy
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corsmith.gate import Source

__all__ = ["is_async", "read_settings"]

_POLICY: Final = "CORS_POLICY"
_ENFORCE: Final = "CORS_ENFORCE"
_DOTTED: Final = re.compile(r"\w+(?:\.\w+)+")

_WITHOUT: Final = {
    "CORS_ALLOW_PRIVATE_NETWORK": "no browser asks for it any more. Leave it out.",
    "CORS_MODEL": "nothing reads it since django-cors-headers 3.0. Give a policy function.",
    "CORS_REPLACE_HTTPS_REFERER": "nothing reads it. CSRF_TRUSTED_ORIGINS takes its place.",
}
"""What a project may still have: why nothing reads it, and what to do."""


def read_settings(settings: object) -> Reading:
    """Return what the settings of a project say about CORS."""
    if hasattr(settings, _POLICY):
        reading = _read_policy(getattr(settings, _POLICY))
    else:
        reading = read_corsheaders(settings)
    enforce, problems = False, list(reading.problems)
    try:
        enforce = check_enforce(getattr(settings, _ENFORCE, False))
    except PolicyError as error:
        problems += [replace(item, field=_ENFORCE) for item in error.problems]
    return replace(
        reading,
        enforce=enforce,
        problems=tuple(problems),
        warnings=(*reading.warnings, *_unread(settings)),
    )


def _read_policy(value: object) -> Reading:
    try:
        source = _read_source(value)
    except PolicyError as error:
        return Reading(setting=_POLICY, problems=tuple(map(_place, error.problems)))
    warnings = source.warnings if isinstance(source, (Policy, Routes)) else ()
    return Reading(setting=_POLICY, source=source, warnings=tuple(map(_place, warnings)))


def _place(item: Diagnostic) -> Diagnostic:
    """Return what is said of a policy, its field with the name of the setting."""
    is_named = item.field not in {None, "policy"}
    return replace(item, field=f"{_POLICY} {item.field}" if is_named else _POLICY)


def _read_source(value: object) -> Source:
    """Return what ``CORS_POLICY`` holds; raises ``PolicyError``."""
    if isinstance(value, str) and _DOTTED.fullmatch(value) and not value.endswith(".toml"):
        try:
            value = import_string(value)
        except ImportError as error:
            message = f"{quote(value)} cannot be imported: {error}."
            fix = 'Write a policy, or where a policy function is: "project.cors.choose".'
            raise PolicyError([diagnose("wrong-type", None, quote(value), message, fix)]) from None
    if isinstance(value, Mapping):
        return _read_mapping(value)
    if value is None:
        message = "None is no policy."
        fix = 'Leave the setting out, or exempt a path: {"/": None}.'
        raise PolicyError([diagnose("wrong-type", None, "None", message, fix)])
    # What is no policy and no function is told there.
    return admit(value, {}, asynchronous=is_async(value))  # type: ignore[arg-type]


def is_async(source: object) -> bool:
    """Return whether a policy function is written with ``async def``."""
    call = getattr(source, "__call__", None)  # noqa: B004  a coroutine function is what is asked for
    return inspect.iscoroutinefunction(source) or inspect.iscoroutinefunction(call)


def _read_mapping(value: Mapping[object, object]) -> Policy | Routes:
    """Return the policy of fields, or the routes of paths."""
    if "routes" in value:
        return Routes.from_mapping(dict(value))  # type: ignore[arg-type]  # its keys are looked at there
    is_table = any(
        str(path).startswith("/") or isinstance(entry, (Mapping, Policy))
        for path, entry in value.items()
    )
    if not is_table:
        return Policy.from_mapping(value)  # type: ignore[arg-type]  # as above
    problems: list[Diagnostic] = []
    entries: dict[object, Policy | None] = {}
    for path, entry in value.items():
        entries[path] = None
        try:
            entries[path] = read_mark(entry)
        except PolicyError as error:
            problems += [
                replace(item, field=f"{path} {item.field}" if item.field else str(path))
                for item in error.problems
            ]
    try:
        routes = Routes(entries)  # type: ignore[arg-type]  # as above
    except PolicyError as error:
        problems += error.problems
    if problems:
        raise PolicyError(problems)
    return routes


def _unread(settings: object) -> Iterator[Diagnostic]:
    """Yield a warning for each CORS setting that nothing reads."""
    has_policy = hasattr(settings, _POLICY)
    fields = {name: field for field, name in SETTINGS.items()}
    fields |= {old: fields[new] for new, old in OLD_NAMES.items()}
    for name in sorted(dir(settings)):
        if not name.startswith("CORS_") or name in {_POLICY, _ENFORCE}:
            continue
        fix: str | None = None
        if name in _WITHOUT:
            if not getattr(settings, name):
                continue
            why, _, fix = _WITHOUT[name].partition(". ")
            message = f"{name} has no effect: {why}."
        elif name in fields:
            new = SETTINGS[fields[name]]
            by = _POLICY if has_policy else new
            if by == name or not hasattr(settings, by):
                continue
            message = f"{name} has no effect: {by} is there and comes first."
            fix = "Remove it."
        else:
            right = _right_name(name)
            if right is None:
                continue
            message, fix = f"nothing reads {name}.", f"Write {right}."
        yield diagnose("setting-not-read", name, None, message, fix)


def _right_name(name: str) -> str | None:
    """Return the setting that was meant by an unknown one, if it is near enough."""
    names = [*SETTINGS.values(), _POLICY, _ENFORCE]
    field = right_field(name)
    bare = nearest_word(name.removeprefix("CORS_"), [each.removeprefix("CORS_") for each in names])
    return SETTINGS.get(field or "") or (f"CORS_{bare}" if bare else None)
