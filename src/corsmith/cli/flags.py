"""How the words of ``check`` are told apart: its own options, and those of a curl command.

What lives here: the command class, with its help in two parts and its hints. What does not: the
options themselves (``check``), and what curl's words mean (``corsmith.pasted.curl``).
"""

from typing import Final

import click

__all__ = ["CURL", "CheckCommand"]

CURL: Final = "corsmith.pasted.curl"
"""Where the words of a curl command are kept, in ``Context.meta``."""

_CONNECTION: Final = frozenset({"cacert", "insecure", "timeout", "resolve", "location"})

# What is allowed has a policy's words, in `serve`; what is asked has curl's, here.
_POLICYS_WORDS: Final = {
    "--origin": "--from",
    "--method": "-X",
    "--header": "-H",
    "--credentials": "--cookies",
}

# Ours, wherever they stand: curl has none of these names.
_BESIDECURL: Final = frozenset({"--from", "--as", "--for", "--format"})


class CheckCommand(click.Command):
    """A command that leaves a curl command as it was copied, after the word ``curl``."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Keep the words of a curl command apart from the options of this one."""
        if "curl" in args:
            index = args.index("curl")
            own, curl = _part(args[index + 1 :])
            context.meta[CURL] = curl
            args = [*args[:index], *own, "curl"]
        try:
            return super().parse_args(context, args)
        except click.NoSuchOption as error:
            word = _POLICYS_WORDS.get(error.option_name)
            if word is None:
                raise
            hint = f"{error.option_name} says what is allowed, in serve; what is asked is {word}"
            raise click.UsageError(hint, error.ctx) from None

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those about the connection last and apart."""
        rows = [
            (param, param.get_help_record(context))
            for param in self.get_params(context)
            if isinstance(param, click.Option)
        ]
        for title, chosen in (("Options", False), ("Connection", True)):
            with formatter.section(title):
                formatter.write_dl(
                    [
                        record
                        for param, record in rows
                        if record is not None and (param.name in _CONNECTION) is chosen
                    ]
                )


def _part(words: list[str]) -> tuple[list[str], list[str]]:
    """Return our own options and their values, and the words that are curl's."""
    own: list[str] = []
    curl: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.partition("=")[0] not in _BESIDECURL:
            curl.append(word)
            continue
        own.append(word)
        if "=" not in word and rest:
            own.append(rest.pop(0))
    return own, curl
