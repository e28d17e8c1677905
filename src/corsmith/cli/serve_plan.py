"""From a command line of ``corsmith serve`` to a server that runs.

What lives here: the policy, the socket and the plan. What does not: the flags
(``serve_flags``), the kinds of target (``serve_kinds``) and the server (``corsmith.server``).
"""

import contextlib
import re
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click
from click.core import ParameterSource

from corsmith.cli.serve_code import told_of_code
from corsmith.cli.serve_flags import POLICY_FLAGS, refuse
from corsmith.cli.serve_kinds import Given, Kind, kind_of, load_module, read
from corsmith.cli.status import Status
from corsmith.cli.terminal import is_terminal
from corsmith.decision import CorsRequest, decide
from corsmith.errors import AppError, PolicyError, UsageError
from corsmith.server.machine import hosts_for
from corsmith.server.ports import address_of, free_near, listen, listen_near
from corsmith.server.serving import FOLLOWED
from corsmith.server.source import PolicySource
from corsmith.server.tried import Tried, TriedKind
from corsmith.target import TargetKind

if TYPE_CHECKING:
    from corsmith.policy import Policy
    from corsmith.routes import Routes
    from corsmith.server.folder.serving import Files
    from corsmith.server.folder.viewers import Viewer
    from corsmith.server.serving import Serving
    from corsmith.server.tls import Certificate

__all__ = ["run"]

_FIRST_PORT: Final = 8_000
_LAST_PORT: Final = 8_010
"""The last port that is tried where none is asked for."""


_STDIN: Final = 0

_RISK: Final = re.compile(r'(?:say )?accept_risks=\["([a-z-]+)"\]')
"""How a problem of a policy has a risk taken in Python, which is not what is typed here."""


def run(context: click.Context, word: str | None, given: Given) -> bool:
    """Serve until a signal ends it; return whether one did, and not a failure."""
    _check_folder()
    target = read(word)
    refuse(context, target.kind)
    kind = kind_of(target)
    if kind.is_told:
        _say([f"corsmith: {target.sentence}"])
    serving = kind.make(target.value, given)
    if target.kind is TargetKind.FOLDER:
        _say(told_of_code(target.value))
    # Of files a viewer on the web may be to read them.
    viewer: Viewer | None = getattr(serving, "viewer", None)
    source = _source(given, serving, viewer)
    policy = _load(source, viewer, serving)
    server = load_module("corsmith.server.run")
    with _listen(given, kind, getattr(serving, "upstream_port", None)) as listening:
        address, port = address_of(listening)
        certificate = _certificate(given, address)
        limit = given["limit_body"]
        names = [*given["allowed"], *_own_names(certificate)]
        plan = server.Plan(
            listening=listening,
            serving=serving,
            policy=policy,
            source=source,
            hosts=hosts_for(given["host"], address, port, names),
            limit_body=kind.limit_body if limit is None else limit,
            workers=given["workers"],
            grace=given["grace"],
            quiet=given["quiet"],
            try_page=not given["no_try"],
            watched=getattr(serving, "watched", ()),  # an app's, with --reload
            certificate=certificate,
            opens=given["opens"],
            terminal=_terminal(given, target.kind),
            tried=_tried(context, word, target.kind, serving),
            is_followed=context.obj == FOLLOWED,
        )
        try:
            ended: bool = server.Supervisor(plan, _say).run()
        except AppError as error:
            from corsmith.server.banner import not_started  # only where it does not start

            _say(not_started(error))
            raise click.exceptions.Exit(Status.NO) from None
    return ended


_TRIED: Final = {
    TargetKind.NONE: TriedKind.ECHO,
    TargetKind.APP: TriedKind.APP,
    TargetKind.APP_FILE: TriedKind.APP,
    TargetKind.URL: TriedKind.GATEWAY,
    TargetKind.PROFILE: TriedKind.GATEWAY,
}


def _tried(context: click.Context, word: str | None, kind: TargetKind, serving: "Serving") -> Tried:
    """Return what the try page says of the target, and what to type to serve it again."""
    upstream = getattr(serving, "upstream", None)  # a gateway's
    given = {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return Tried(
        kind=_TRIED.get(kind, TriedKind.FILES),
        word=word,
        receiver=serving.title if upstream is None else upstream.url(b"").decode(),
        has_flags=bool(given - {"target", "file", *POLICY_FLAGS}),
    )


def _check_folder() -> None:
    """Raise ``UsageError`` where there is no current folder, which paths are read from."""
    try:
        Path.cwd()
    except OSError:
        raise UsageError(
            "the current folder has been removed\n  change to one that is there, and start again"
        ) from None


def _source(given: Given, serving: "Serving", viewer: "Viewer | None") -> PolicySource:
    """Return where the policy comes from: a file, and the flags that replace its fields."""
    file = given["file"]
    fields = {name: given[name] for name in POLICY_FLAGS if given[name] is not None}
    flags = tuple(POLICY_FLAGS[name] for name in fields)
    if viewer is not None and file is None and {"origins", "origin_regex"} & fields.keys():
        fields["origins"] = [*fields.get("origins", ()), viewer.origin]
    return PolicySource(file=file, fields=fields, flags=flags, seed=serving.seed)


def _load(source: PolicySource, viewer: "Viewer | None", serving: "Serving") -> "Policy | Routes":
    """Return the policy, or end with every problem of it."""
    try:
        policy = source.load()
    except PolicyError as error:
        from corsmith.server.banner import problems  # only where there are some

        name = source.file or "this policy"
        number = len(error.problems)
        count = "1 problem" if number == 1 else f"{number} problems"
        told = problems(error)
        if source.file is None:
            told = [_RISK.sub(r"--accept-risk \1", line) for line in told]
        _say([f"corsmith: {name} cannot be used: {count}", *told])
        raise click.exceptions.Exit(Status.USAGE) from None
    if viewer is not None and source.file is not None:
        _check_viewer(viewer, policy, source.file, serving)
    return policy


def _check_viewer(
    viewer: "Viewer", policy: "Policy | Routes", file: str, serving: "Serving"
) -> None:
    """Raise ``UsageError`` if a file does not allow a viewer: its link would not work."""
    asked = CorsRequest.from_headers("GET", [("origin", viewer.origin)])
    files = cast("Files", serving)  # nothing else has a viewer
    path = f"/{files.example() or ''}"
    found = policy.policy_for(path) if hasattr(policy, "policy_for") else policy
    if found is None or not decide(found, asked).allowed:
        where = "" if found is policy else f" at {path}"
        raise UsageError(
            f"{file} does not allow {viewer.origin}{where}, so the viewer {viewer.name} could "
            f"read nothing\n  add it to origins in {file}"
        )


def _listen(given: Given, kind: Kind, upstream: int | None) -> socket.socket:
    """Return a socket on the port that was asked for, or on the first that is free.

    ``upstream`` is the port of an upstream on this machine, which may not be running yet: a
    gateway that took it would ask itself.
    """
    host, port = given["host"], given["port"]
    if port is not None and port == upstream:
        raise UsageError(
            f"port {port} is the upstream's own, so the gateway would ask itself\n"
            f"  give another with --port {free_near(host, port)}"
        )
    if port is not None or not kind.moves:
        return listen(host, _FIRST_PORT if port is None else port)
    listening, told = listen_near(host, _FIRST_PORT, _LAST_PORT)
    if upstream is not None and address_of(listening)[1] == upstream:
        listening.close()
        listening, _ = listen_near(host, upstream + 1, _LAST_PORT + 1)
        found = address_of(listening)[1]
        told = f"port {upstream} is the upstream's own, so this is port {found}"
    if told is not None:
        _say([f"corsmith: {told}"])
    return listening


def _terminal(given: Given, kind: TargetKind) -> int | None:
    """Return the terminal on which a refused origin is asked about, if a person is there.

    Not of the tutorial's server: its policy is what it is about.
    """
    if given["quiet"] or kind is TargetKind.NONE or not is_terminal():
        return None
    return _STDIN


def _certificate(given: Given, address: str) -> "Certificate | None":
    """Return the certificate that was given, or one of our own; ``None`` without TLS."""
    cert, key = given["cert"], given["key"]
    if cert is None and key is None:
        if not given["tls"]:
            return None
        tls = load_module("corsmith.server.tls")
        load_module("trustme", "tls")
        made: Certificate = tls.make_certificate(tls.names_for(address, given["allowed"]))
        return made
    if given["tls"]:
        raise UsageError(
            "--tls makes a certificate of this machine's own, and --cert or --key gives another\n"
            "  leave one of them out"
        )
    if cert is None or key is None:
        flag, lacks = ("--cert", "--key") if key is None else ("--key", "--cert")
        raise UsageError(
            f"{flag} needs {lacks} FILE beside it\n"
            "  where one file holds both, name it twice; without either, write --tls"
        )
    found: Certificate = load_module("corsmith.server.tls").read_certificate(cert, key)
    return found


def _own_names(certificate: "Certificate | None") -> list[str]:
    """Return the names of a certificate that was given: they are this server's too."""
    if certificate is None or certificate.authority is not None:
        return []
    return [name for name in certificate.names if ":" not in name]


def _say(lines: Iterable[str]) -> None:
    """Write lines to standard error at once, in plainer signs where it has no others."""
    text = "".join(f"{line}\n" for line in lines)
    try:
        text.encode(sys.stderr.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = text.translate({ord("·"): "|", ord("…"): "..."})
    # The reader has gone, or the disk is full: a server goes on serving.
    with contextlib.suppress(OSError):
        click.echo(text, nl=False, err=True)
