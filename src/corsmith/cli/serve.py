"""``corsmith serve``: the tutorial's server, or your files, under a policy of yours.

What lives here: the flags. What does not: the server (``corsmith.server``).
"""

import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import click

from corsmith.cli.status import Status
from corsmith.decision import CorsRequest, decide
from corsmith.errors import PolicyError, UsageError
from corsmith.server.banner import problems
from corsmith.server.echo import Echo
from corsmith.server.hosts import Hosts, is_loopback
from corsmith.server.limits import USUAL_BODY
from corsmith.server.ports import address_of, listen, listen_near
from corsmith.server.source import PolicySource
from corsmith.target import TargetKind, read_target

if TYPE_CHECKING:
    from corsmith.policy import Policy
    from corsmith.routes import Routes
    from corsmith.server.serving import Serving
    from corsmith.server.viewers import Viewer

__all__ = ["serve"]

_EXAMPLES: Final = """\b
Examples:
  corsmith serve
  corsmith serve ./data --viewer pmtiles
  corsmith serve --policy cors.toml --port 8001
  corsmith serve --origin https://app.example --method GET,PUT --credentials
"""

_FIRST_PORT: Final = 8_000
_LAST_PORT: Final = 8_010
"""The last port that is tried for files, where none is asked for."""

_F = TypeVar("_F", bound=Callable[..., object])


def _list_flag(flag: str, field: str, metavar: str, text: str) -> Callable[[_F], _F]:
    return click.option(
        flag, field, metavar=metavar, multiple=True, callback=_split, help=f"{text} [repeatable]"
    )


def _split(
    _context: click.Context, _flag: click.Parameter, values: tuple[str, ...]
) -> list[str] | None:
    """Return the values of a list flag; ``a,b`` is two, as in the header it becomes."""
    if not values:
        return None
    parts = [part.strip() for value in values for part in value.split(",")]
    return [part for part in parts if part]


_POLICY_FLAGS: Final = {
    "origins": "--origin",
    "methods": "--method",
    "headers": "--header",
    "expose": "--expose",
    "credentials": "--credentials",
    "max_age": "--max-age",
    "origin_regex": "--origin-regex",
    "preflight_status": "--preflight-status",
    "accept_risks": "--accept-risk",
}


@click.command(epilog=_EXAMPLES)
@click.argument("target", required=False)
@click.option(
    "--policy", "file", metavar="FILE", help="A policy in TOML; followed when it is edited."
)
@_list_flag("--origin", "origins", "ORIGIN", "An origin that may read the answers.")
@_list_flag("--method", "methods", "METHOD", "A method that a page may use.")
@_list_flag("--header", "headers", "NAME", "A request header that a page may send.")
@_list_flag("--expose", "expose", "NAME", "A response header that a page may read.")
@click.option(
    "--credentials/--no-credentials", default=None, help="Whether cookies may be included."
)
@click.option("--max-age", type=int, metavar="SECONDS", help="How long a preflight may be kept.")
@click.option(
    "--origin-regex", metavar="REGEX", help="What a whole origin must match, or be listed."
)
@click.option("--preflight-status", type=int, metavar="STATUS", help="The status of a preflight.")
@_list_flag("--accept-risk", "accept_risks", "NAME", "A risk that is taken knowingly.")
@click.option(
    "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to listen."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="The port to listen on; 0 finds a free one. [default: 8000; of files, the next free one]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="NUMBER",
    default=1,
    show_default=True,
    help="How many processes serve.",
)
@click.option(
    "--limit-body",
    type=click.IntRange(0),
    metavar="BYTES",
    default=USUAL_BODY,
    show_default=True,
    help="The largest body that is read.",
)
@click.option(
    "--allow-host",
    "allowed",
    metavar="NAME",
    multiple=True,
    help="A name that the server answers to, besides this machine's. [repeatable]",
)
@click.option(
    "--isolated", is_flag=True, help="Of files: isolate pages, which SharedArrayBuffer needs."
)
@click.option(
    "--viewer", metavar="NAME", help="Of files: let this viewer on the web read them, and link it."
)
@click.option("--quiet", is_flag=True, help="Write no line about each request or body.")
@click.option(
    "--grace",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=5.0,
    show_default=True,
    help="How long requests in flight may take when the server is told to end.",
)
@click.option("--no-try", "no_try", is_flag=True, help="Offer no page to try the policy from.")
@click.pass_context
def serve(
    context: click.Context,
    /,
    target: str | None,
    file: str | None,
    host: str,
    port: int | None,
    workers: int,
    limit_body: int,
    allowed: tuple[str, ...],
    quiet: bool,  # noqa: FBT001  click gives a flag like any other option
    grace: float,
    no_try: bool,  # noqa: FBT001  as quiet
    **fields: object,
) -> None:
    """Serve {"status": "OK"}, a folder or a file under a CORS policy, and a page to try it from.

    Without TARGET every path answers GET and POST, /status/404 answers 404, and any origin may
    read the answers. Files are for pages of this machine, unless --origin says otherwise. Each
    flag of a policy replaces that field of it; a list is several flags, or one with commas.

    Ctrl-C ends the server, and is no error: exit status 0. A wrong command line, an invalid
    policy and a port that is taken are 2.
    """
    # Until the server has its own answer to it, this one means the same as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        wishes = _Wishes.of(fields)
        serving = _serving(target, wishes)
        source = _source(file, fields, serving, wishes.viewer)
        policy = _load(source, wishes.viewer)
        run = _import_server()
        with _listen(host, port, serving) as listening:
            address, found = address_of(listening)
            plan = run.Plan(
                listening=listening,
                serving=serving,
                policy=policy,
                source=source,
                hosts=Hosts(found, allowed) if allowed or is_loopback(address) else None,
                limit_body=limit_body,
                workers=workers,
                grace=grace,
                quiet=quiet,
                try_page=not no_try,
            )
            ended = run.Supervisor(plan, _say).run()
    except KeyboardInterrupt:
        ended = True
    context.exit(_status(ended))


def _status(ended: bool) -> Status:  # noqa: FBT001  what a supervisor returns
    """Return the exit status, and say so where no signal ended the server."""
    if not ended:
        click.echo("corsmith: the server ended by itself; what it said last is above", err=True)
    return Status.OK if ended else Status.NO


def _source(
    file: str | None, fields: Mapping[str, object], serving: "Serving", viewer: "Viewer | None"
) -> PolicySource:
    """Return where the policy comes from: a file, and the flags that replace its fields."""
    given = {name: value for name, value in fields.items() if value is not None}
    flags = tuple(_POLICY_FLAGS[name] for name in given)
    if viewer is not None and file is None and {"origins", "origin_regex"} & given.keys():
        listed = given.get("origins")
        given["origins"] = [*(listed if isinstance(listed, list) else ()), viewer.origin]
    return PolicySource(file=file, fields=given, flags=flags, seed=serving.seed)


def _check_viewer(viewer: "Viewer", policy: "Policy | Routes", file: str) -> None:
    """Raise ``UsageError`` if no policy of a file allows a viewer: its link would not work."""
    asked = CorsRequest.from_headers("GET", [("origin", viewer.origin)])
    policies = policy.policies() if hasattr(policy, "policies") else [policy]
    if not any(decide(one, asked).allowed for one in policies):
        raise UsageError(
            f"{file} does not allow {viewer.origin}, so the viewer {viewer.name} could read "
            f"nothing\n  add it to origins in {file}"
        )


def _listen(host: str, port: int | None, serving: "Serving") -> socket.socket:
    """Return a socket on the port that was asked for, or on the first that is free."""
    if port is not None or isinstance(serving, Echo):
        return listen(host, _FIRST_PORT if port is None else port)
    listening, told = listen_near(host, _FIRST_PORT, _LAST_PORT)
    if told is not None:
        _say([f"corsmith: {told}"])
    return listening


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """The flags that are not for every kind of target."""

    isolated: bool
    viewer: "Viewer | None"

    @classmethod
    def of(cls, fields: dict[str, object]) -> "_Wishes":
        """Take them out of what the command line gave; the rest are a policy's."""
        name = fields.pop("viewer")
        viewer = None
        if name is not None:
            viewer = import_module("corsmith.server.viewers").find_viewer(str(name))
        return cls(isolated=bool(fields.pop("isolated")), viewer=viewer)

    def refuse(self) -> None:
        """Raise ``UsageError`` if one is given: no flag is taken and ignored."""
        flag = (
            "--isolated"
            if self.isolated
            else None
            if self.viewer is None
            else f"--viewer {self.viewer.name}"
        )
        if flag is not None:
            raise UsageError(
                f"{flag} is about files, and no folder or file is named\n"
                f"  to serve this folder, write corsmith serve . {flag}"
            )


def _echo(_value: str, wishes: _Wishes) -> "Serving":
    wishes.refuse()
    return Echo()


def _files(value: str, wishes: _Wishes) -> "Serving":
    files = import_module("corsmith.server.files")
    made: Serving = files.Files.of(value, isolated=wishes.isolated, viewer=wishes.viewer)
    return made


_SERVINGS: Final[Mapping[TargetKind, Callable[[str, _Wishes], "Serving"]]] = {
    TargetKind.NONE: _echo,
    TargetKind.FOLDER: _files,
    TargetKind.FILE: _files,
    TargetKind.RECORDING: _files,
}
"""What makes each kind of target something to serve."""

_INSTEAD: Final = {
    TargetKind.URL: "see what it answers: curl -i -H 'Origin: https://app.example' {0}",
    TargetKind.POLICY: "a policy has its flag: corsmith serve --policy {0}",
    TargetKind.APP: "give the app its policy, app = install(app, …), and start it as before",
    TargetKind.APP_FILE: "give the app its policy, app = install(app, …), and start it as before",
}


def _serving(word: str | None, wishes: _Wishes) -> "Serving":
    """Return what to serve; ``UsageError`` for a target that this version does not."""
    target = read_target(word, _probe)
    make = _SERVINGS.get(target.kind)
    if make is not None:
        return make(target.value, wishes)
    instead = _INSTEAD.get(target.kind, "serve the API: corsmith serve").format(target.value)
    if target.kind is TargetKind.POLICY:
        raise UsageError(instead)
    raise UsageError(f"this version does not serve {target.value}\n  {instead}")


def _probe(path: str) -> Literal["folder", "file"] | None:
    if Path(path).is_dir():
        return "folder"
    return "file" if Path(path).exists() else None


def _load(source: PolicySource, viewer: "Viewer | None") -> "Policy | Routes":
    """Return the policy, or end with every problem of it."""
    try:
        policy = source.load()
    except PolicyError as error:
        name = source.file or "this policy"
        number = len(error.problems)
        count = "1 problem" if number == 1 else f"{number} problems"
        _say([f"corsmith: {name} cannot be used: {count}", *problems(error)])
        raise click.exceptions.Exit(Status.USAGE) from None
    if viewer is not None and source.file is not None:
        _check_viewer(viewer, policy, source.file)
    return policy


def _import_server() -> ModuleType:
    """Import the server, or say how to install what it needs."""
    try:
        return import_module("corsmith.server.run")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", "corsmith"}:
            raise
        raise UsageError(
            f"serve needs {missing}, which is not installed\n  pip install 'corsmith[serve]'"
        ) from None


def _say(lines: Iterable[str]) -> None:
    """Write lines to standard error at once, in plainer signs where it has no others."""
    text = "".join(f"{line}\n" for line in lines)
    try:
        text.encode(sys.stderr.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = text.translate({ord("·"): "|", ord("…"): "..."})
    click.echo(text, nl=False, err=True)
