"""``corsmith serve``: an API, files, your app or another API, under a policy of yours.

What lives here: the command and its end. What does not: its flags (``serve_flags``), what is
served (``serve_kinds``) and how that begins (``serve_plan``, imported only then).
"""

import signal
from importlib import import_module
from typing import Any, Final

import click

from corsmith.cli.loading import loading
from corsmith.cli.serve_flags import ServeCommand
from corsmith.cli.status import Status

__all__ = ["serve"]

_HELP: Final = """Serve an API, files, your app or another API under a CORS policy.

\b
TARGET is
  (none)     the API {"status": "OK"}, which any origin may read
  ./data     a folder, or one file
  main:app   a Python application; also app.py
  URL        another API: a gateway to it, which enforces the policy
  @ollama    a server of this machine, as a URL

All but the first are for pages of this machine, unless --origin says otherwise. Each flag of a
policy replaces that field of it; a list is several flags, or one with commas. A page of another
origin, to try the policy from, is served beside it. On a terminal, one key allows an origin that
was refused.

Ctrl-C ends the server, and is no error: exit status 0. A wrong command line, an invalid policy
and a port that is taken are 2.
"""

_EXAMPLES: Final = """\b
Examples:
  corsmith serve
  corsmith serve ./data --viewer pmtiles
  corsmith serve main:app --reload
  corsmith serve https://api.example --add-header 'Authorization: $TOKEN'
  corsmith serve --policy cors.toml --port 8001
  corsmith serve --origin https://app.example --method GET,PUT --credentials
"""


@click.command(
    cls=ServeCommand,
    help=_HELP,
    params=[click.Argument(["target"], required=False)],
    epilog=_EXAMPLES,
    # As the program's own: click remembers the help of whoever is asked for it first.
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def serve(
    context: click.Context,
    /,
    target: str | None,
    **given: Any,  # noqa: ANN401  each as its flag has it
) -> None:
    """Serve a target until a signal ends it."""
    # Until the server has its own answer to it, this one means the same as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with loading():  # until the workers are started
            ended = import_module("corsmith.cli.serve_plan").run(context, target, given)
    except KeyboardInterrupt:
        ended = True
    if not ended:
        click.echo("corsmith: the server ended by itself; what it said last is above", err=True)
    context.exit(Status.OK if ended else Status.NO)
