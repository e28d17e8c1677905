"""The flags of ``corsmith serve``: what each is called, and which kinds of target it is about.

What lives here: one table of them in groups, the two forms of the help, and the refusal of a
flag that is about another kind of target: no flag is taken and ignored. What does not: what
any flag does (``serve_plan``, ``serve_kinds``).

A flag is a row in the group that it belongs to. One that is not for every kind of target names
an ``About``; its value then reaches the kinds that it is about (``serve_kinds``) and no other.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from corsmith.cli.serve_slips import OTHERS_WORDS, several_targets

if TYPE_CHECKING:
    from corsmith.target import TargetKind

__all__ = ["FLAGS", "GROUPS", "POLICY_FLAGS", "About", "Flag", "Group", "ServeCommand", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The kinds of target that a flag is about, and what is told where it is another.

    The kinds are the values of ``TargetKind``, which the help need not load.
    ``what`` ends the sentence "--flag is about …"; ``instead`` is the next step, in which
    ``{}`` stands for the flag as it was typed.
    """

    kinds: frozenset[str]
    what: str
    instead: str


_FILES: Final = About(
    kinds=frozenset({"folder", "file", "recording"}),
    what="files, and no folder or file is named",
    instead="to serve this folder, write corsmith serve . {}",
)


_APPS: Final = About(
    kinds=frozenset({"app", "app-file"}),
    what="Python apps, and none is named",
    instead="name yours: corsmith serve main:app {}",
)


_GATEWAY: Final = About(
    kinds=frozenset({"url", "profile"}),
    what="a gateway, and no URL is named",
    instead="to stand in front of an API, write corsmith serve https://api.example {}",
)


class Flag(click.Option):
    """A flag; ``is_main`` has it shown by ``--help``, which shows the most used alone."""

    def __init__(
        self,
        *words: str,
        about: About | None = None,
        is_main: bool = False,
        is_list: bool = False,
        **settings: Any,  # noqa: ANN401  click's own settings
    ) -> None:
        """Take a flag's words as click does; ``is_list`` has ``a,b`` mean two values."""
        if is_list:
            settings = {**settings, "multiple": True, "callback": _split}
        if settings.get("multiple"):
            settings["help"] += " [repeatable]"
        super().__init__(list(words), **settings)
        self.about = about
        self.is_main = is_main

    def typed(self, value: object) -> str:
        """Return the flag as it may have been typed, with the first of several values."""
        word = max(self.opts, key=len)
        if self.is_flag:
            return word if value or not self.secondary_opts else self.secondary_opts[0]
        first = next(iter(value)) if isinstance(value, (list, tuple)) else value
        return f"{word} {shlex.quote(str(first))}"


def _split(
    _context: click.Context, _flag: click.Parameter, values: tuple[str, ...]
) -> list[str] | None:
    """Return the values of a list flag; ``a,b`` is two, as in the header it becomes."""
    if not values:
        return None
    parts = [part.strip() for value in values for part in value.split(",")]
    return [part for part in parts if part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Flags about one thing, under their heading in ``--help-all``."""

    title: str
    flags: Sequence[Flag]


_POLICY_FILE: Final = Flag(
    "--policy",
    "file",
    metavar="FILE",
    is_main=True,
    help="A policy in TOML; followed when it is edited.",
)

# Each has the name of the policy's field.
_FIELDS: Final = (
    Flag(
        "--origin",
        "origins",
        metavar="ORIGIN",
        is_main=True,
        is_list=True,
        help="An origin that may read the answers.",
    ),
    Flag(
        "--method",
        "methods",
        metavar="METHOD",
        is_main=True,
        is_list=True,
        help="A method that a page may use.",
    ),
    Flag(
        "--header",
        "headers",
        metavar="NAME",
        is_main=True,
        is_list=True,
        help="A request header that a page may send.",
    ),
    Flag(
        "--expose",
        "expose",
        metavar="NAME",
        is_list=True,
        help="A response header that a page may read.",
    ),
    Flag(
        "--credentials/--no-credentials",
        default=None,
        is_main=True,
        help="Whether cookies may be included.",
    ),
    Flag("--max-age", type=int, metavar="SECONDS", help="How long a preflight may be kept."),
    Flag("--origin-regex", metavar="REGEX", help="What a whole origin must match, or be listed."),
    Flag("--preflight-status", type=int, metavar="STATUS", help="The status of a preflight."),
    Flag(
        "--accept-risk",
        "accept_risks",
        metavar="NAME",
        is_list=True,
        help="A risk that is taken knowingly.",
    ),
)

_SERVER: Final = (
    Flag(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        show_default=True,
        help="Where to listen.",
    ),
    Flag(
        "--port",
        type=click.IntRange(0, 65_535),
        metavar="PORT",
        is_main=True,
        help="The port to listen on; 0 finds a free one. [default: 8000; with a TARGET, up to "
        "8010 the next free one]",
    ),
    Flag(
        "--tls",
        is_flag=True,
        is_main=True,
        help="Speak TLS with a certificate of this machine's own, which is kept.",
    ),
    Flag(
        "--open",
        "opens",
        is_flag=True,
        is_main=True,
        help="Open the page to try it from, the files or the viewer in your browser.",
    ),
    Flag("--cert", metavar="FILE", help="Speak TLS with this certificate and its chain, in PEM."),
    Flag("--key", metavar="FILE", help="The private key of --cert, in PEM."),
    Flag(
        "--workers",
        type=click.IntRange(1, 64),
        metavar="NUMBER",
        default=1,
        show_default=True,
        help="How many processes serve.",
    ),
    Flag(
        "--limit-body",
        type=click.IntRange(0),
        metavar="BYTES",
        help="The largest body that is read. [default: 1048576; of a URL or an app, any]",
    ),
    Flag(
        "--allow-host",
        "allowed",
        metavar="NAME",
        multiple=True,
        help="A name that the server answers to, besides this machine's.",
    ),
    Flag("--quiet", is_flag=True, help="Write no line about each request or body."),
    Flag(
        "--grace",
        type=click.FloatRange(0),
        metavar="SECONDS",
        default=5.0,
        show_default=True,
        help="How long requests in flight may take when the server is told to end.",
    ),
    Flag("--no-try", is_flag=True, help="Offer no page to try the policy from."),
)

_OF_FILES: Final = (
    Flag(
        "--isolated",
        is_flag=True,
        about=_FILES,
        help="Isolate pages, which SharedArrayBuffer needs.",
    ),
    Flag(
        "--viewer",
        metavar="NAME",
        about=_FILES,
        help="Let this viewer on the web read them, and link it.",
    ),
)

_OF_APPS: Final = (
    Flag(
        "--reload",
        is_flag=True,
        about=_APPS,
        help="Load the app anew whenever a Python file of it is edited.",
    ),
    Flag(
        "--enforce",
        is_flag=True,
        about=_APPS,
        help="Answer 403 to an origin that is not allowed, before the app runs.",
    ),
)

_OF_GATEWAYS: Final = (
    Flag(
        "--add-header",
        "added",
        metavar="LINE",
        multiple=True,
        about=_GATEWAY,
        help="Send this header to the upstream in place of the page's, such as "
        "'Authorization: $TOKEN'; $NAME is taken from the environment.",
    ),
    Flag("--ca", metavar="FILE", about=_GATEWAY, help="Trust this authority too, in PEM."),
    Flag(
        "-k",
        "--insecure",
        is_flag=True,
        about=_GATEWAY,
        help="Take any TLS certificate of the upstream.",
    ),
    Flag(
        "--timeout",
        type=click.FloatRange(0.1),
        metavar="SECONDS",
        default=300.0,
        show_default=True,
        about=_GATEWAY,
        help="How long the upstream may take to begin its answer.",
    ),
)

GROUPS: Final = (
    Group(title="Policy", flags=(_POLICY_FILE, *_FIELDS)),
    Group(title="Server", flags=_SERVER),
    Group(title="Files", flags=_OF_FILES),
    Group(title="Gateways", flags=_OF_GATEWAYS),
    Group(title="Apps", flags=_OF_APPS),
)

FLAGS: Final = tuple(flag for group in GROUPS for flag in group.flags)

POLICY_FLAGS: Final = {str(flag.name): flag.opts[0] for flag in _FIELDS}
"""Each field of a policy, and its flag."""


def refuse(context: click.Context, kind: "TargetKind") -> None:
    """Raise ``UsageError`` for a flag on the command line that is about other kinds of target."""
    from corsmith.errors import UsageError  # the help has no use for it

    for flag in FLAGS:
        name = str(flag.name)
        if flag.about is None or kind in flag.about.kinds:
            continue
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            typed = flag.typed(context.params[name])
            raise UsageError(
                f"{typed} is about {flag.about.what}\n  {flag.about.instead.format(typed)}"
            )


# ── help ───────────────────────────────────────────────────────────────────────

_ALL: Final = "corsmith.cli.serve_flags.all"
"""Where a context holds that every flag is to be shown."""


def _show_all(context: click.Context, _flag: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's own
    """Print the long help, and end."""
    if value:
        context.meta[_ALL] = True
        click.echo(context.get_help(), color=context.color)
        context.exit()


class ServeCommand(click.Command):
    """A command whose ``--help`` shows its most used flags, and ``--help-all`` all in groups."""

    def __init__(self, name: str | None, **settings: Any) -> None:  # noqa: ANN401  click's own
        """Add every flag to those of ``settings``, and ``--help-all``."""
        every = click.Option(
            ["--help-all"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_all,
            help="Show every option and exit.",
        )
        params = [*settings.pop("params"), *FLAGS, every]
        super().__init__(name, params=params, **settings)
        self._every = every

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read a command line; other tools' words and several targets are told as what they are."""
        whole = list(args)
        try:
            return super().parse_args(context, args)
        except click.NoSuchOption as error:
            word = OTHERS_WORDS.get(error.option_name)
            if word is None:
                raise
            meant = f"there is no option {error.option_name}; did you mean {word}?"
            raise click.UsageError(meant, context) from None
        except click.UsageError as error:
            if not error.message.startswith("Got unexpected extra"):
                raise
            # What is left of it after the first target.
            rest = self.make_parser(click.Context(self)).parse_args(whole)[1]
            words = [context.params["target"], *rest]
            raise click.UsageError(several_targets(words), context) from None

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags that are wanted."""
        helps = [self._every, self.get_help_option(context)]
        if _ALL in context.meta:
            for group in GROUPS:
                _write(context, formatter, group.title, group.flags)
            _write(context, formatter, "Help", helps)
            return
        main = [flag for flag in FLAGS if flag.is_main]
        _write(context, formatter, "Options", [*main, *helps])
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text("--help-all shows the rest.")


def _write(
    context: click.Context,
    formatter: click.HelpFormatter,
    title: str,
    flags: Iterable[click.Option | None],
) -> None:
    records = [flag.get_help_record(context) for flag in flags if flag is not None]
    with formatter.section(title):
        formatter.write_dl([record for record in records if record is not None])
