"""``corsmith check``: may this page, and if not, why.

What lives here: the options, and which module is asked about which target. What does not:
policy files (``check_policy``) and addresses (``check_url``); each is imported only when it
is meant.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from corsmith.cli.asked import Asking, read_headers, read_method, read_origin
from corsmith.cli.flags import CURL, CheckCommand
from corsmith.cli.status import Status
from corsmith.errors import UsageError
from corsmith.target import Target, TargetKind, read_target

if TYPE_CHECKING:
    from corsmith.cli import check_url
    from corsmith.pasted.request import PastedRequest

__all__ = ["check"]

_EXAMPLES: Final = """\b
Examples:
  corsmith check cors.toml --from https://app.example -X PUT -H 'X-Key: 1'
  corsmith check https://api.example/items --from https://app.example -X PUT
"""

_HERE: Final = "corsmith check cors.toml --from https://app.example"

# Options that mean nothing to a policy file: they are refused there, never ignored.
_FOR_ADDRESSES: Final = {
    "body": "-d",
    "cookie": "-b",
    "client": "--as",
    "stack": "--for",
    "insecure": "-k",
    "timeout": "--timeout",
    "resolve": "--resolve",
    "location": "-L",
}

# What only an application can be asked with.
_FOR_APPS: Final = {"policy": "--policy", "fix": "--fix", "routes": "--routes"}
_APPS: Final = frozenset({TargetKind.APP, TargetKind.APP_FILE})


@click.command(epilog=_EXAMPLES, cls=CheckCommand)
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
@click.option("--path", metavar="PATH", help="The path asked for, where a file has [[routes]].")
@click.option(
    "--as",
    "client",
    metavar="CLIENT",
    help="Send what this client sends: duckdb, zarr, pmtiles, cog, mcp.",
)
@click.option(
    "--for",
    "stack",
    metavar="STACK",
    help="What the server is made with: fastapi, django, express, nginx ….",
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
@click.option("-k", "insecure", is_flag=True, help="Take any TLS certificate.")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0.01, 600), help="For each step.  [10]"
)
@click.option("--resolve", metavar="HOST:PORT:ADDR", multiple=True, help="Connect there instead.")
@click.option(
    "-L", "--location", "location", is_flag=True, help="Follow redirects to other hosts too."
)
@click.pass_context
def check(context: click.Context, /, **words: Any) -> None:  # noqa: ANN401  the options, by name
    """Say whether a page may do what it wants, and if not, why and what to change.

    TARGET is a URL, which is asked as a browser asks it; several, or - with one URL a line,
    make a table; or curl, and then the rest of a curl command as it was copied. Without a
    TARGET, a console line, a curl command or a URL is pasted, and a .har file is a recording:
    nothing is sent to their addresses without a yes or --send. Or it is a
    policy file in TOML: then nothing is sent; or a Python application, as main:app or
    app.py, which is imported and asked in memory. Where no page is named, a URL is asked for a
    page of https://app.example.

    Exit status: 0 if every page may; 1 if one may not; 2 if the policy is invalid or the
    command line wrong; 3 if it could not be found out.
    """
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
    insecure: bool
    timeout: float | None
    resolve: tuple[str, ...]
    location: bool
    send: bool
    policy: str | None
    fix: bool
    routes: bool


def _check(words: _Words, curl: list[str] | None) -> Status:
    targets = [read_target(word, _probe) for word in words.targets or (None,)]
    first = targets[0]
    if first.kind in _APPS:
        return _app(targets, words)
    _refuse(words, _FOR_APPS, "is for a Python application, as main:app")
    if curl is not None:
        return _pasted(first, words, curl)
    if first.kind in _TEXTS and len(targets) == 1:
        return _text(first, words)
    if words.send:
        raise UsageError("--send is for what was pasted; a URL that is named is asked anyway")
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
    others = {**_FOR_ADDRESSES, "path": "--path", "send": "--send"}
    _refuse(words, others, "is for a URL; an application is asked in memory")
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

    if target.kind is not TargetKind.RECORDING:
        text = paste.read_text()
        urls = _lines(text)
        named = all(url.lower().startswith(("http://", "https://")) for url in urls)
        if urls and named and target.kind is TargetKind.TEXT:
            return _urls([replace(target, kind=TargetKind.URL, value=url) for url in urls], words)
    for field, option in _SAID_BY_CURL.items():
        if getattr(words, field):
            raise UsageError(f"{option} is said by what was pasted")
    asked = _asked(words)
    page = next(iter(asked.asking.origins), None)
    manner = paste.Manner(form=words.form, send=words.send, page=page, cookies=words.cookies)

    def ask(pasted: "PastedRequest") -> Status:
        return check_url.check_pasted(pasted, asked, words.form, probes=False)

    if target.kind is TargetKind.RECORDING:
        click.echo(f"corsmith: {target.sentence}", err=True)
        return paste.check_recording(target.value, manner, ask)
    return paste.check_text(text, manner, ask)


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
    for field, option in _SAID_BY_CURL.items():
        if getattr(words, field):
            raise UsageError(f"{option} is said by the curl command itself")
    from corsmith.cli import check_url
    from corsmith.pasted.curl import read_curl

    pasted = read_curl(curl)
    click.echo(f"corsmith: {target.sentence}", err=True)
    told = [*pasted.notes]
    ignored = [word for word in pasted.ignored if word not in check_url.CURLS_OWN]
    if ignored:
        told.append(f"ignored: {', '.join(ignored)}")
    for sentence in told:
        click.echo(f"corsmith: {sentence}", err=True)
    return check_url.check_pasted(pasted, _asked(words), words.form)


_SAID_BY_CURL: Final = {
    "method": "-X",
    "headers": "-H",
    "body": "-d",
    "cookie": "-b",
    "path": "--path",
}


def _urls(targets: list[Target], words: _Words) -> Status:
    if words.path is not None:
        raise UsageError("--path is for a policy file with [[routes]]; a URL has its path")
    urls: list[str] = []
    for target in targets:
        if target.kind is TargetKind.TEXT:
            urls += _lines(sys.stdin.read())
        elif target.kind is TargetKind.URL:
            urls.append(target.value)
        else:
            raise UsageError(
                f"{target.value} is no URL; check it by itself:\n  corsmith check {target.value}"
            )
    from corsmith.cli import check_url

    asked = _asked(words)
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
        connection=check_url.Connection(
            insecure=words.insecure,
            timeout=words.timeout or check_url.SECONDS,
            resolve=tuple(check_url.read_resolve(word) for word in words.resolve),
            location=words.location,
        ),
    )


def _lines(text: str) -> list[str]:
    """Return the URLs of a text with one a line; empty lines and comments are left out."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _other(target: Target) -> str:
    """Return what is wrong with a target that is neither a URL nor a policy file."""
    match target.kind:
        case TargetKind.FOLDER:
            file = Path(target.value) / "cors.toml"
            return (
                f"{target.value} is a folder, which this version does not check; type one of\n"
                f"  corsmith check {file}\n  corsmith serve --policy {file}"
            )
        case TargetKind.FILE:
            return f"{target.value} does not end in .toml, as a policy file does; type\n  {_HERE}"
        case _:
            return (
                f"this version does not check {target.value}; it checks a policy file:\n  {_HERE}"
            )


def _probe(path: str) -> Literal["folder", "file"] | None:
    if Path(path).is_dir():
        return "folder"
    return "file" if Path(path).exists() else None
