"""``corsmith serve``: the tutorial's server, or your files, under a policy of yours.

What lives here: the command and its end. What does not: its flags (``serve_flags``), what is
served (``serve_kinds``) and how that begins (``serve_plan``, imported only then).
"""

import signal
from importlib import import_module
from typing import Any, Final

import click

from corsmith.cli.serve_flags import ServeCommand
from corsmith.cli.status import Status

__all__ = ["serve"]

_EXAMPLES: Final = """\b
Examples:
  corsmith serve
  corsmith serve ./data --viewer pmtiles
  corsmith serve main:app --reload
  corsmith serve --policy cors.toml --port 8001
  corsmith serve --origin https://app.example --method GET,PUT --credentials
"""


@click.command(
    cls=ServeCommand,
    params=[click.Argument(["target"], required=False)],
    epilog=_EXAMPLES,
)
@click.pass_context
def serve(
    context: click.Context,
    /,
    target: str | None,
    **given: Any,  # noqa: ANN401  each as its flag has it
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
        ended = import_module("corsmith.cli.serve_plan").run(context, target, given)
    except KeyboardInterrupt:
        ended = True
    if not ended:
        click.echo("corsmith: the server ended by itself; what it said last is above", err=True)
    context.exit(Status.OK if ended else Status.NO)
