"""From a command line of ``corsmith serve`` to a server that runs.

What lives here: the policy, the socket and the plan. What does not: the flags
(``serve_flags``), the kinds of target (``serve_kinds``) and the server (``corsmith.server``).
"""

import socket
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from corsmith.cli.serve_flags import POLICY_FLAGS, refuse
from corsmith.cli.serve_kinds import Given, Kind, kind_of, load_module, read
from corsmith.cli.status import Status
from corsmith.decision import CorsRequest, decide
from corsmith.errors import AppError, PolicyError, UsageError
from corsmith.server.banner import not_started, problems
from corsmith.server.hosts import Hosts, is_loopback
from corsmith.server.ports import address_of, listen, listen_near
from corsmith.server.source import PolicySource

if TYPE_CHECKING:
    from corsmith.policy import Policy
    from corsmith.routes import Routes
    from corsmith.server.serving import Serving
    from corsmith.server.viewers import Viewer

__all__ = ["run"]

_FIRST_PORT: Final = 8_000
_LAST_PORT: Final = 8_010
"""The last port that is tried where none is asked for."""


def run(context: click.Context, word: str | None, given: Given) -> bool:
    """Serve until a signal ends it; return whether one did, and not a failure."""
    target = read(word)
    refuse(context, target.kind)
    kind = kind_of(target)
    serving = kind.make(target.value, given)
    # Of files a viewer on the web may be to read them.
    viewer: Viewer | None = getattr(serving, "viewer", None)
    source = _source(given, serving, viewer)
    policy = _load(source, viewer)
    server = load_module("corsmith.server.run")
    with _listen(given, kind) as listening:
        address, port = address_of(listening)
        allowed, limit = given["allowed"], given["limit_body"]
        plan = server.Plan(
            listening=listening,
            serving=serving,
            policy=policy,
            source=source,
            hosts=Hosts(port, allowed) if allowed or is_loopback(address) else None,
            limit_body=kind.limit_body if limit is None else limit,
            workers=given["workers"],
            grace=given["grace"],
            quiet=given["quiet"],
            try_page=not given["no_try"],
        )
        try:
            ended: bool = server.Supervisor(plan, _say).run()
        except AppError as error:
            _say(not_started(error))
            raise click.exceptions.Exit(Status.NO) from None
    return ended


def _source(given: Given, serving: "Serving", viewer: "Viewer | None") -> PolicySource:
    """Return where the policy comes from: a file, and the flags that replace its fields."""
    file = given["file"]
    fields = {name: given[name] for name in POLICY_FLAGS if given[name] is not None}
    flags = tuple(POLICY_FLAGS[name] for name in fields)
    if viewer is not None and file is None and {"origins", "origin_regex"} & fields.keys():
        fields["origins"] = [*fields.get("origins", ()), viewer.origin]
    return PolicySource(file=file, fields=fields, flags=flags, seed=serving.seed)


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


def _check_viewer(viewer: "Viewer", policy: "Policy | Routes", file: str) -> None:
    """Raise ``UsageError`` if no policy of a file allows a viewer: its link would not work."""
    asked = CorsRequest.from_headers("GET", [("origin", viewer.origin)])
    policies = policy.policies() if hasattr(policy, "policies") else [policy]
    if not any(decide(one, asked).allowed for one in policies):
        raise UsageError(
            f"{file} does not allow {viewer.origin}, so the viewer {viewer.name} could read "
            f"nothing\n  add it to origins in {file}"
        )


def _listen(given: Given, kind: Kind) -> socket.socket:
    """Return a socket on the port that was asked for, or on the first that is free."""
    host, port = given["host"], given["port"]
    if port is not None or not kind.moves:
        return listen(host, _FIRST_PORT if port is None else port)
    listening, told = listen_near(host, _FIRST_PORT, _LAST_PORT)
    if told is not None:
        _say([f"corsmith: {told}"])
    return listening


def _say(lines: Iterable[str]) -> None:
    """Write lines to standard error at once, in plainer signs where it has no others."""
    text = "".join(f"{line}\n" for line in lines)
    try:
        text.encode(sys.stderr.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = text.translate({ord("·"): "|", ord("…"): "..."})
    click.echo(text, nl=False, err=True)
