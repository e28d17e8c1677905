"""``corsmith serve``: the tutorial's server, under a policy of yours.

What lives here: the flags. What does not: the server (``corsmith.server``).
"""

import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import click

from corsmith.cli.status import Status
from corsmith.errors import PolicyError, UsageError
from corsmith.server.banner import problems
from corsmith.server.echo import Echo
from corsmith.server.hosts import Hosts, is_loopback
from corsmith.server.limits import USUAL_BODY
from corsmith.server.ports import address_of, listen
from corsmith.server.source import PolicySource
from corsmith.target import TargetKind, read_target

if TYPE_CHECKING:
    from corsmith.policy import Policy
    from corsmith.routes import Routes

__all__ = ["serve"]

_EXAMPLES: Final = """\b
Examples:
  corsmith serve
  corsmith serve --policy cors.toml --port 8001
  corsmith serve --origin https://app.example --method GET,PUT --credentials
"""

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
    default=8_000,
    show_default=True,
    help="The port to listen on; 0 finds a free one.",
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
    port: int,
    workers: int,
    limit_body: int,
    allowed: tuple[str, ...],
    quiet: bool,  # noqa: FBT001  click gives a flag like any other option
    grace: float,
    no_try: bool,  # noqa: FBT001  as quiet
    **fields: object,
) -> None:
    """Serve {"status": "OK"} under a CORS policy, and a page on another origin to try it from.

    Every path answers GET and POST; /status/404 answers 404, and so on, so that a page can
    see what becomes of it. Without --policy, any origin may read the answers. Each flag of a
    policy replaces that field of it; a list is several flags, or one with commas.

    Ctrl-C ends the server, and is no error: exit status 0. A wrong command line, an invalid
    policy and a port that is taken are 2.
    """
    # Until the server has its own answer to it, this one means the same as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _refuse_target(target)
        source = _source(file, fields)
        policy = _load(source)
        run = _import_server()
        with listen(host, port) as listening:
            address, port = address_of(listening)
            plan = run.Plan(
                listening=listening,
                serving=Echo(),
                policy=policy,
                source=source,
                hosts=Hosts(port, allowed) if allowed or is_loopback(address) else None,
                limit_body=limit_body,
                workers=workers,
                grace=grace,
                quiet=quiet,
                try_page=not no_try,
            )
            ended = run.Supervisor(plan, _say).run()
    except KeyboardInterrupt:
        ended = True
    if not ended:
        click.echo("corsmith: the server ended by itself; what it said last is above", err=True)
    context.exit(Status.OK if ended else Status.NO)


def _source(file: str | None, fields: Mapping[str, object]) -> PolicySource:
    """Return where the policy comes from: a file, and the flags that replace its fields."""
    given = {name: value for name, value in fields.items() if value is not None}
    flags = tuple(_POLICY_FLAGS[name] for name in given)
    return PolicySource(file=file, fields=given, flags=flags)


_INSTEAD: Final = {
    TargetKind.URL: "see what it answers: curl -i -H 'Origin: https://app.example' {0}",
    TargetKind.FOLDER: "serve the API under a policy: corsmith serve --policy {0}/cors.toml",
    TargetKind.POLICY: "a policy has its flag: corsmith serve --policy {0}",
    TargetKind.APP: "give the app its policy, app = install(app, …), and start it as before",
    TargetKind.APP_FILE: "give the app its policy, app = install(app, …), and start it as before",
}


def _refuse_target(word: str | None) -> None:
    """Raise ``UsageError`` for a target: this version serves its own API alone."""
    target = read_target(word, _probe)
    if target.kind is TargetKind.NONE:
        return
    instead = _INSTEAD.get(target.kind, "serve the API: corsmith serve").format(target.value)
    if target.kind is TargetKind.POLICY:
        raise UsageError(instead)
    raise UsageError(f"this version does not serve {target.value}\n  {instead}")


def _probe(path: str) -> Literal["folder", "file"] | None:
    if Path(path).is_dir():
        return "folder"
    return "file" if Path(path).exists() else None


def _load(source: PolicySource) -> "Policy | Routes":
    """Return the policy, or end with every problem of it."""
    try:
        return source.load()
    except PolicyError as error:
        name = source.file or "this policy"
        number = len(error.problems)
        count = "1 problem" if number == 1 else f"{number} problems"
        _say([f"corsmith: {name} cannot be used: {count}", *problems(error)])
        raise click.exceptions.Exit(Status.USAGE) from None


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
