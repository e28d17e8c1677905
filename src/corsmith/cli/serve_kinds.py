"""What ``corsmith serve`` makes of each kind of target.

What lives here: one table, a row for each kind that can be served, and what to type where one
cannot. What does not: how anything is served (``corsmith.server``). A row imports its module
only when it is chosen: whoever serves a folder loads no HTTP client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from corsmith.cli.paths import what_is
from corsmith.cli.serve_flags import POLICY_FLAGS
from corsmith.errors import UsageError
from corsmith.server.limits import USUAL_BODY
from corsmith.target import Target, TargetKind, read_target

if TYPE_CHECKING:
    from corsmith.profiles import Profile
    from corsmith.server.serving import Serving

__all__ = ["KINDS", "Given", "Kind", "kind_of", "load_module", "read"]

Given: TypeAlias = Mapping[str, Any]
"""The values of the flags by their names, checked and converted by click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a kind of target is served.

    ``make`` gets the target's value and the flags, and raises ``UsageError`` with the next
    step where it cannot be served. ``moves`` says whether the next free port will do where
    none is asked for, and ``limit_body`` how large a body may be unless told otherwise:
    ``None`` is any size. ``is_told`` has the first line say what the target is taken for.
    """

    make: "Callable[[str, Given], Serving]"
    moves: bool = True
    limit_body: int | None = USUAL_BODY
    is_told: bool = False


def _echo(_value: str, _given: Given) -> "Serving":
    serving: Serving = load_module("corsmith.server.echo").Echo()
    return serving


def _files(value: str, given: Given) -> "Serving":
    viewer = None
    if given["viewer"] is not None:
        viewer = load_module("corsmith.server.folder.viewers").find_viewer(given["viewer"])
    files = load_module("corsmith.server.folder.serving").Files
    serving: Serving = files.of(value, isolated=given["isolated"], viewer=viewer)
    return serving


def _app(value: str, given: Given) -> "Serving":
    return _program(value, given, is_file=False)


def _app_file(value: str, given: Given) -> "Serving":
    return _program(value, given, is_file=True)


def _program(value: str, given: Given, *, is_file: bool) -> "Serving":
    serving: Serving = load_module("corsmith.server.app.program").Program(
        target=value,
        is_file=is_file,
        keeps=all(given[name] is None for name in ("file", *POLICY_FLAGS)),
        enforces=given["enforce"],
        watched=_watched(value, is_file=is_file) if given["reload"] else (),
    )
    return serving


def _watched(value: str, *, is_file: bool) -> tuple[str, ...]:
    edits = load_module("corsmith.server.app.edits", "reload")
    folders: tuple[str, ...] = edits.folders_of(value, is_file=is_file)
    return folders


def _profile(value: str, given: Given) -> "Serving":
    return _gateway(value, given, load_module("corsmith.profiles").find_profile(value))


def _gateway(value: str, given: Given, profile: "Profile | None" = None) -> "Serving":
    if find_spec("aiohttp") is None:
        raise _lacks("aiohttp", "gateway")
    serving = load_module("corsmith.server.gateway.serving", "gateway")
    serving.load_forwarder()
    gateway: Serving = serving.Gateway.of(
        value if profile is None else profile.url,
        profile=profile,
        headers=given["added"],
        ca=given["ca"],
        insecure=given["insecure"],
        seconds=given["timeout"],
    )
    return gateway


KINDS: Final[Mapping[TargetKind, Kind]] = {
    TargetKind.NONE: Kind(make=_echo, moves=False),
    TargetKind.FOLDER: Kind(make=_files),
    TargetKind.FILE: Kind(make=_files),
    TargetKind.RECORDING: Kind(make=_files),
    TargetKind.URL: Kind(make=_gateway, limit_body=None),
    TargetKind.PROFILE: Kind(make=_profile, limit_body=None),
    # How large a body may be, an application knows best.
    TargetKind.APP: Kind(make=_app, limit_body=None, is_told=True),
    TargetKind.APP_FILE: Kind(make=_app_file, limit_body=None, is_told=True),
}
"""What makes each kind of target something to serve."""

_INSTEAD: Final = {
    TargetKind.POLICY: "a policy has its flag: corsmith serve --policy {0}",
}


def read(word: str | None) -> Target:
    """Return what a word is taken for; ``UsageError`` for a slip."""
    try:
        return read_target(word, what_is)
    except UsageError:
        from corsmith.profiles import PROFILES  # only for a slip

        profile = f"@{str(word).lower()}"
        if profile not in PROFILES:
            raise
        raise UsageError(
            f"there is no file or folder {word}\n  for the profile write corsmith serve {profile}"
        ) from None


def kind_of(target: Target) -> Kind:
    """Return how a target is served; ``UsageError`` for one that this version does not."""
    kind = KINDS.get(target.kind)
    if kind is not None:
        return kind
    instead = _INSTEAD.get(target.kind, "serve the API: corsmith serve").format(target.value)
    if target.kind is TargetKind.POLICY:
        raise UsageError(instead)
    raise UsageError(f"this version does not serve {target.value}\n  {instead}")


def load_module(name: str, extra: str = "serve") -> ModuleType:
    """Import a module, or say which ``extra`` to install for what it needs."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", "corsmith"}:
            raise
        raise _lacks(missing, extra) from None


def _lacks(missing: str, extra: str) -> UsageError:
    return UsageError(
        f"serve needs {missing}, which is not installed\n  pip install 'corsmith[{extra}]'"
    )
