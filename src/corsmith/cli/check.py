"""``corsmith check``: may this page, and if not, why.

What lives here: the options, and which module is asked about which target. What does not:
policy files (``check_policy``) and addresses (``check_url``); each is imported only when it
is meant.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from corsmith.cli.asked import Asking, read_headers, read_method, read_origin
from corsmith.cli.flags import CURL, CheckCommand
from corsmith.cli.paths import what_is
from corsmith.cli.status import Status
from corsmith.errors import UsageError
from corsmith.target import Target, TargetKind, read_target

if TYPE_CHECKING:
    from corsmith.cli import check_url
    from corsmith.pasted.request import PastedRequest

__all__ = ["check"]

_HELP: Final = """\
Say whether a page may do what it wants, and if not, why and what to change.

\b
TARGET is
  (none)     paste a red console line, a curl command, fetch(...) or a URL
  URL        ask a server as a browser does; several make a table
  -          read a list of URLs, one a line, or what would be pasted
  curl ...   ask what a curl command asks, as it was copied
  main:app   import a Python application and ask it in memory; also app.py
  cors.toml  ask a policy file
  page.har   read a recording of the browser's Network tab

Nothing is sent to an address that was only pasted, without a yes or --send.
Without --from, a URL is asked for a page of https://app.example.

Exit status: 0 if every page may; 1 if one may not; 2 if the policy is invalid or the
command line wrong; 3 if it could not be found out.
"""

_EXAMPLES: Final = """\b
Examples:
  corsmith check https://api.example/items --from https://app.example -X PUT
  corsmith check main:app
  corsmith check cors.toml --from https://app.example -H 'X-Key: 1' --cookies
"""

# Options that mean nothing to a policy file: they are refused there, never ignored.
_FOR_ADDRESSES: Final = {
    "body": "-d",
    "cookie": "-b",
    "client": "--as",
    "stack": "--for",
    "cacert": "--cacert",
    "insecure": "-k",
    "timeout": "--timeout",
    "resolve": "--resolve",
    "location": "-L",
}

# What only an application can be asked with.
_FOR_APPS: Final = {"policy": "--policy", "fix": "--fix", "routes": "--routes"}
_APPS: Final = frozenset({TargetKind.APP, TargetKind.APP_FILE})

# What only a text that was pasted leaves to say.
_FOR_PASTES: Final = {"send": "--send"}
_NOT_PASTED: Final = "is for what was pasted; what is named is asked anyway"

_FOR_ROUTES: Final = {"path": "--path"}


@click.command(help=_HELP, epilog=_EXAMPLES, cls=CheckCommand)
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--from",
    "origins",
    metavar="ORIGIN",
    multiple=True,
    help="The origin of the page; give several for a table.",
)
@click.option("-X", "method", metavar="METHOD", help="The method that the page sends.  [GET]")
@click.option(
    "-H",
    "headers",
    metavar="'NAME[: VALUE]'",
    multiple=True,
    help="A request header that the page sets.",
)
@click.option(
    "-d",
    "body",
    metavar="BODY",
    help="The body that the page sends, as text; the method is POST then.",
)
@click.option("--cookies", is_flag=True, help="The page includes cookies or other credentials.")
@click.option(
    "-b", "cookie", metavar="'NAME=VALUE'", help="A cookie that the browser has; as --cookies."
)
@click.option("--path", metavar="PATH", help="The path asked for, of a policy with [[routes]].")
@click.option(
    "--as",
    "client",
    metavar="CLIENT",
    help="Ask also as this client does: duckdb, zarr, pmtiles, cog, mcp.",
)
@click.option(
    "--for",
    "stack",
    metavar="STACK",
    help="What the server is made with: fastapi, django, express, nginx, s3 and others.",
)
@click.option(
    "--policy", metavar="FILE", help="Check an application with this policy put around it."
)
@click.option("--fix", is_flag=True, help="Print the change to an application as a diff.")
@click.option(
    "--routes", is_flag=True, help="Show which policy holds for each route of an application."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
@click.option("--send", is_flag=True, help="Ask the address of a pasted text without a question.")
@click.option("--cacert", metavar="FILE", help="Trust this authority too, in PEM.")
@click.option("-k", "insecure", is_flag=True, help="Take any TLS certificate.")
@click.option("--timeout", metavar="SECONDS", help="How long each step may take.  [10]")
@click.option("--resolve", metavar="HOST:PORT:ADDR", multiple=True, help="Connect there instead.")
@click.option(
    "-L", "--location", "location", is_flag=True, help="Follow redirects to other hosts too."
)
@click.pass_context
def check(context: click.Context, /, **words: Any) -> None:  # noqa: ANN401  the options, by name
    """Say whether a page may do what it wants, and if not, why and what to change."""
    context.exit(_check(_Words(**words), context.meta.get(CURL)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The command line, as click gives it."""

    targets: tuple[str, ...]
    origins: tuple[str, ...]
    method: str | None
    headers: tuple[str, ...]
    body: str | None
    cookies: bool
    cookie: str | None
    path: str | None
    client: str | None
    stack: str | None
    form: Literal["text", "json"]
    cacert: str | None
    insecure: bool
    timeout: str | None
    resolve: tuple[str, ...]
    location: bool
    send: bool
    policy: str | None
    fix: bool
    routes: bool


def _check(words: _Words, curl: list[str] | None) -> Status:
    targets = [read_target(word, what_is) for word in words.targets or (None,)]
    targets = [_named(target) for target in targets]
    first = targets[0]
    if first.kind in _APPS:
        return _app(targets, words)
    _refuse(words, _FOR_APPS, "is for a Python application, as main:app")
    if curl is not None:
        return _pasted(first, words, curl)
    if first.kind in _TEXTS and len(targets) == 1:
        return _text(first, words)
    _refuse(words, _FOR_PASTES, _NOT_PASTED)
    if first.kind in {TargetKind.URL, TargetKind.TEXT}:
        return _urls(targets, words)
    if first.kind is not TargetKind.POLICY:
        raise UsageError(_other(first))
    if len(targets) > 1:
        raise UsageError(f"one policy file at a time: {first.value}, then {targets[1].value}")
    _refuse(words, _FOR_ADDRESSES, "is for a URL; a policy file is asked without it")
    from corsmith.cli.check_policy import check_policy

    asking = _asking(words)
    click.echo(f"corsmith: {first.sentence}", err=True)
    return check_policy(first.value, asking, words.path, words.form)


def _refuse(words: _Words, options: Mapping[str, str], why: str) -> None:
    """Raise ``UsageError`` for an option that would be ignored."""
    for field, option in options.items():
        if getattr(words, field):
            raise UsageError(f"{option} {why}")


def _app(targets: list[Target], words: _Words) -> Status:
    first = targets[0]
    if len(targets) > 1:
        raise UsageError(f"one application at a time: {first.value}, then {targets[1].value}")
    _refuse(words, _FOR_ADDRESSES, "is for a URL; an application is asked in memory")
    _refuse(words, _FOR_PASTES, _NOT_PASTED)
    _refuse(words, _FOR_ROUTES, "is for a policy file with [[routes]]")
    if words.fix and words.form == "json":
        raise UsageError("--fix prints a diff, and --format json the report: one of them")
    if words.routes:
        return _routes(first, words)
    asking = _asking(words)
    click.echo(f"corsmith: {first.sentence}", err=True)
    from corsmith.cli.check_app import check_app

    is_file = first.kind is TargetKind.APP_FILE
    return check_app(
        first.value, asking, file=is_file, policy=words.policy, fix=words.fix, form=words.form
    )


# What asks something, where the routes are only read.
_FOR_QUESTIONS: Final = {
    "origins": "--from",
    "method": "-X",
    "headers": "-H",
    "cookies": "--cookies",
    "policy": "--policy",
    "fix": "--fix",
}


def _routes(target: Target, words: _Words) -> Status:
    _refuse(words, _FOR_QUESTIONS, "asks the application; --routes only reads it")
    click.echo(f"corsmith: {target.sentence}", err=True)
    from corsmith.cli.app_routes import check_routes

    is_file = target.kind is TargetKind.APP_FILE
    return check_routes(target.value, file=is_file, form=words.form)


_TEXTS: Final = frozenset({TargetKind.NONE, TargetKind.TEXT, TargetKind.RECORDING})


def _text(target: Target, words: _Words) -> Status:
    """Say what a pasted text or a recording tells; the options say how its address is asked."""
    from corsmith.cli import check_url, paste

    text = "" if target.kind is TargetKind.RECORDING else paste.read_text()
    if urls := paste.find_list(text, is_asked_for=target.kind is TargetKind.TEXT):
        if not (words.send or paste.consents_to(urls, is_list=target.kind is TargetKind.TEXT)):
            return Status.UNKNOWN
        return _urls([read_target(url, _nothing) for url in urls], words)
    whole = "the recording" if target.kind is TargetKind.RECORDING else "what was pasted"
    _refuse(words, _SAID_BY_CURL, f"is said by {whole}")
    asked = _asked(words)
    page = next(iter(asked.asking.origins), None)
    manner = paste.Manner(form=words.form, send=words.send, page=page, cookies=words.cookies)

    def ask(pasted: "PastedRequest") -> Status:
        # No file is read on the word of a text; its `next` line has the flag.
        pasted = replace(pasted, authority=None)
        return check_url.check_pasted(pasted, asked, words.form, probes=False)

    if target.kind is TargetKind.RECORDING:
        click.echo(f"corsmith: {target.sentence}", err=True)
        return paste.check_recording(target.value, manner, ask)
    return paste.check_text(text, manner, ask)


def _named(target: Target) -> Target:
    """Return the address that a profile stands for, after saying what its program does itself."""
    if target.kind is not TargetKind.PROFILE:
        return target
    from corsmith.profiles import find_profile

    profile = find_profile(target.value)
    click.echo(f"corsmith: {profile.title} {profile.itself}", err=True)
    return Target(kind=TargetKind.URL, value=profile.url + profile.probe)


def _asking(words: _Words) -> Asking:
    method = words.method or ("GET" if words.body is None else "POST")
    return Asking(
        origins=tuple(read_origin(origin) for origin in words.origins),
        method=read_method(method),
        headers=read_headers(words.headers),
        cookies=words.cookies,
    )


def _pasted(target: Target, words: _Words, curl: list[str]) -> Status:
    """Ask what a curl command asks; it says the request, the options before it the rest."""
    if target.kind is not TargetKind.CURL:
        raise UsageError(f"{target.value} or the curl command: one at a time")
    _refuse(words, _SAID_BY_CURL, "is said by the curl command itself")
    from corsmith.cli import check_url
    from corsmith.pasted.curl import read_curl

    pasted = read_curl(curl)
    click.echo(f"corsmith: {target.sentence}", err=True)
    ignored = [word for word in pasted.ignored if word not in check_url.CURLS_OWN]
    told = [f"Ignored, as it changes nothing here: {', '.join(ignored)}"] if ignored else []
    for sentence in (*pasted.notes, *told):
        begin, _, rest = sentence.rstrip(".").partition(" ")
        # A name such as Cache-Control keeps its spelling.
        click.echo(f"corsmith: {begin if '-' in begin else begin.lower()} {rest}", err=True)
    return check_url.check_pasted(pasted, _asked(words), words.form)


_SAID_BY_CURL: Final = {
    "method": "-X",
    "headers": "-H",
    "body": "-d",
    "cookie": "-b",
    "path": "--path",
}


def _urls(targets: list[Target], words: _Words) -> Status:
    _refuse(words, _FOR_ROUTES, "is for a policy file with [[routes]]; a URL has its path")
    from corsmith.address import read_address
    from corsmith.cli import check_url, paste

    urls: list[str] = []
    for target in targets:
        if target.kind is TargetKind.TEXT:
            urls += paste.rows_of(paste.read_text())
        elif target.kind is TargetKind.URL:
            urls.append(target.value)
        else:
            raise UsageError(
                f"{target.value} is no URL; check it by itself:\n  corsmith check {target.value}"
            )
    asked = _asked(words)
    for url in urls:
        read_address(url)  # before anything is said about it
    several = f"{len(urls)} addresses; requests are sent to them"
    sentence = targets[0].sentence if targets[0].value == "".join(urls) else several
    click.echo(f"corsmith: {sentence}", err=True)
    return check_url.check_urls(urls, asked, words.form)


def _asked(words: _Words) -> "check_url.Asked":
    from corsmith.cli import check_url

    return check_url.Asked(
        asking=_asking(words),
        body=None if words.body is None else words.body.encode(),
        cookie=words.cookie,
        client=check_url.read_client(words.client),
        stack=check_url.read_stack(words.stack),
        programs=check_url.read_programs(words.targets),
        connection=check_url.Connection(
            authority=check_url.read_authority(words.cacert),
            insecure=words.insecure,
            timeout=check_url.read_timeout(words.timeout),
            resolve=tuple(check_url.read_resolve(word) for word in words.resolve),
            location=words.location,
        ),
    )


def _other(target: Target) -> str:
    """Return what is wrong with a target that is neither a URL nor a policy file."""
    match target.kind:
        case TargetKind.FOLDER:
            files = (Path(target.value) / name for name in ("cors.toml", "main.py", "app.py"))
            found = next((str(file) for file in files if file.is_file()), None)
            return (
                f"{target.value} is a folder; type what is to be checked in it, as in\n"
                f"  corsmith check {shlex.quote(found or 'cors.toml')}"
            )
        case TargetKind.FILE:
            return (
                f"{target.value} is no .toml (a policy), .py (an application) or .har "
                "(a recording);\nto have it read as a text, type\n"
                f"  corsmith check - < {shlex.quote(target.value)}"
            )
        case _:
            return (
                f"{target.value} is a recording; check it by itself:\n"
                f"  corsmith check {shlex.quote(target.value)}"
            )


def _nothing(_path: str) -> None:
    """Say that no path is a folder or a file: a list holds addresses."""
