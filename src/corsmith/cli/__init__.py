"""The program ``corsmith``: its verbs, and what becomes of an error.

What lives here: the table of verbs, and how an error is told. What does not: any verb.
Each is a module that is imported only when it is chosen, so ``corsmith --help`` loads no
policy code.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from corsmith import __version__
from corsmith.cli.loading import loading
from corsmith.cli.status import Status

__all__ = ["main"]

# verb → (the module that has the click command of its own name, what it does in a line)
_VERBS: Final = {
    "serve": (
        "corsmith.cli.serve",
        "Serve an API, files, your app or another API under a CORS policy.",
    ),
    "check": ("corsmith.cli.check", "Say whether a page may, and if not, why and what to change."),
    "import": ("corsmith.cli.import_", "Print another library's CORS settings as a policy file."),
}

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What writing an answer to a full or failing disk ends with."""

_EXAMPLES: Final = """\b
Examples:
  corsmith serve
  corsmith check https://api.example/items --from https://app.example -X PUT
"""


class _Verbs(click.Group):
    """The verbs, known by name before any of them is imported."""

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the verb and return its command; ``None`` if there is no such verb."""
        if name not in _VERBS:
            return None
        path = _VERBS[name][0]
        # Named as its module is: `import` is a word of the language, and so `import_`.
        with loading():
            command: click.Command = getattr(import_module(path), path.rpartition(".")[2])
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each verb with its line, importing none."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in _VERBS.items()])

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb of a command line; what is no verb is told with the nearest."""
        word = args[0]
        if word in _VERBS:
            return super().resolve_command(context, args)
        from difflib import get_close_matches  # only for a slip

        near = get_close_matches(word, _VERBS, n=1)
        names = f"did you mean {near[0]}?" if near else f"the verbs are {_listed(_VERBS)}"
        raise click.UsageError(f"there is no verb {word!r}; {names}", context)

    def main(self, *args: Any, **settings: Any) -> NoReturn:  # noqa: ANN401  as click's own
        """Run a command line and exit with its status; every error is told, none is raised."""
        settings["standalone_mode"] = False
        _open_standard_streams()
        status = _guarded(lambda: super(_Verbs, self).main(*args, **settings))
        try:
            sys.stderr.flush()
        except OSError:
            _close(2)
        sys.exit(status)


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}"


def _open_standard_streams() -> None:
    """Open what the caller has closed: a connection must not get a number that is written to."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given: this one.
            stream = open(os.devnull, "r+", encoding="utf-8")  # noqa: PTH123, SIM115  stays open
            setattr(sys, name, stream)


def _guarded(run: Callable[[], object]) -> Status | int:
    """Return the exit status of a run."""
    try:
        status = run()
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.ctx.get_help())
        return Status.USAGE
    except click.ClickException as error:
        return _told(error)
    except (KeyboardInterrupt, click.Abort):
        return Status.INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever read the answer has gone, and click ends so if it notices first. Whatever
        # the answer was, it was not told.
        _close(1)
        return Status.UNKNOWN
    except Exception as error:
        # Not imported before: `corsmith --help` has no use for them.
        from corsmith.errors import CorsmithError

        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            _close(1)
            _say(f"corsmith: the answer cannot be written: {error.strerror}")
            return Status.UNKNOWN
        if not isinstance(error, CorsmithError):
            raise
        _say(f"corsmith: {error}")
        return Status.USAGE
    return status if isinstance(status, int) else Status.OK


def _close(number: int) -> None:
    """Have what is left to be written to a stream go nowhere: it would fail again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _say(text: str) -> None:
    """Write to standard error, unless nobody can be told anything."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _told(error: click.ClickException) -> Status:
    """Write what is wrong with a command line, and where its help is."""
    message = _message(error)
    _say(f"corsmith: {message[:1].lower()}{message[1:]}")
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        _say(f"  see {context.command_path} --help")
    return Status.USAGE


def _message(error: click.ClickException) -> str:
    """Return what click found wrong, an option's name first and without quotes."""
    if isinstance(error, click.NoSuchOption):
        near = [name for name in error.possibilities or () if name.startswith("--")]
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return f"there is no option {error.option_name}{hint}"
    if isinstance(error, click.BadParameter) and isinstance(error.param, click.Option):
        problem = _number(error.param.type, error.message) or error.message
        return f"{max(error.param.opts, key=len)}: {problem}"
    return error.format_message()


def _number(kind: object, message: str) -> str | None:
    """Return what is wrong with a number; ``None`` where none is wanted.

    click shows a range as a formula.
    """
    value, is_out, _ = message.partition(" is not in the range ")
    if is_out and isinstance(kind, (click.IntRange, click.FloatRange)):
        least = f"{kind.min:g}"
        wanted = f"{least} or more" if kind.max is None else f"from {least} to {kind.max:g}"
        return f"{value} is not {wanted}"
    value, is_none, _ = message.partition(" is not a valid ")
    if is_none and isinstance(kind, (type(click.INT), type(click.FLOAT))):
        whole = "whole " if isinstance(kind, type(click.INT)) else ""
        return f"{value} is no {whole}number"
    return None


# What stands for a verb until it is chosen: its name and its line.
_STAND_INS: Final = {name: click.Command(name, help=line) for name, (_, line) in _VERBS.items()}


@click.group(
    "corsmith",
    cls=_Verbs,
    commands=_STAND_INS,
    epilog=_EXAMPLES,
    subcommand_metavar="VERB …",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="corsmith", message="%(prog)s %(version)s")
def main() -> None:
    """CORS that works, and says why when it doesn't."""
