"""The flags of ``corsmith serve`` as the keywords of ``background``.

What lives here: the words of a command line for keywords, and an error that speaks of flags as
one that speaks of keywords. What does not: which flags there are (``corsmith.cli``).
"""

import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from corsmith.errors import UsageError

__all__ = ["FLAGS", "LISTS", "SWITCHES", "in_keywords", "words_of"]

FLAGS: Final = {
    "origins": "--origin",
    "methods": "--method",
    "headers": "--header",
    "accept_risks": "--accept-risk",
    "insecure": "-k",
}
"""The keywords whose flags have another word."""

_OTHERWISE: Final = {flag: name for name, flag in FLAGS.items()}

SWITCHES: Final = frozenset(
    {
        *("credentials", "enforce", "insecure", "isolated", "no_try", "open", "quiet"),
        *("reload", "tls"),
    }
)
"""The keywords that are true or false."""

LISTS: Final = frozenset(
    {
        *("accept_risks", "add_header", "allow_host", "expose"),
        *("headers", "methods", "origins"),
    }
)
"""The keywords that have several values."""

_LEFT: Final = r"(?:corsmith (?!serve\b)|corsmith serve --help|openssl |pip )[^\n]*"
"""What stays as it is: it is typed in a shell, whoever is told of it."""

_CALL: Final = r"(?<![\w-])corsmith serve(?P<call>(?: [^\n]+)?)(?=\n|\Z)"
_FLAG: Final = r"(?<![\w=/-])(?P<flag>--[a-z][a-z-]*|-k(?!\w))"
_VALUE: Final = (
    r"(?:[= ](?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'"  # quoted
    r"|(?=[^\s,;]*[^a-z\s,;?-])[^\s,;?]+"  # no word of the sentence: a digit, a dot, a capital
    r"|[a-z-]+(?= is not known)))?"
)
_SPOKEN: Final = re.compile(f"{_LEFT}|{_CALL}|{_FLAG}{_VALUE}")


def words_of(given: Mapping[str, object]) -> Iterator[str]:
    """Yield the words of a command line for keywords and their values.

    Raises ``UsageError`` for a value that no flag can have.

    >>> list(words_of({"origins": ["https://app.example"], "limit_body": 5, "tls": False}))
    ['--origin=https://app.example', '--limit-body=5']
    """
    for name, value in given.items():
        flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
        if value is None or (value is False and name != "credentials"):
            continue
        if isinstance(value, bool):
            yield flag if value else f"--no-{name}"
        elif isinstance(value, (str, int, float, os.PathLike)):
            yield f"{flag}={os.fspath(value) if isinstance(value, os.PathLike) else value}"
        elif isinstance(value, Iterable):
            # An empty list is a list too: nothing stands between its commas.
            yield from [f"{flag}={one}" for one in value] or [f"{flag}="]
        else:
            raise UsageError(f"{name}={value!r} is no value of a flag")


def in_keywords(problem: str) -> str:
    r"""Return what is wrong with a command line as told to who wrote no command line.

    >>> print(in_keywords("port 80 is taken\n  give another with --port 81, or use --reload"))
    port 80 is taken
      give another with port=81, or use reload=True
    >>> print(in_keywords("to serve this folder, write corsmith serve . --isolated"))
    to serve this folder, write background(".", isolated=True)
    """
    return _SPOKEN.sub(_translated, problem).replace("there is no option", "there is no keyword")


def _translated(found: re.Match[str]) -> str:
    if found["flag"] is not None:
        return _keyword(found["flag"], found["value"])
    return found[0] if found["call"] is None else _call(found["call"]) or found[0]


def _keyword(flag: str, value: str | None) -> str:
    """Return a flag as a keyword, with its value as Python writes it."""
    if flag == "--no-credentials":
        return "credentials=False"
    name = _OTHERWISE.get(flag, flag.lstrip("-").replace("-", "_"))
    if name in SWITCHES:
        return f"{name}=True" if value is None else f"{name}=True {value}"
    if value is None:
        return f"{name}="
    text = value if value.isdigit() or value.startswith('"') else _quoted(value.strip("'"))
    return f"{name}=[{text}]" if name in LISTS else f"{name}={text}"


def _call(typed: str) -> str | None:
    """Return a command as a call of ``background``; ``None`` where more stands on its line."""
    try:
        words = shlex.split(typed)
    except ValueError:
        return None
    arguments: list[str] = []
    flag: str | None = None  # the one whose value comes next
    for word in words:
        if flag is not None and not word.startswith("-"):
            arguments[-1] = _keyword(flag, word)
            flag = None
        elif word.startswith("-"):
            arguments.append(_keyword(word, None))
            flag = word if arguments[-1].endswith("=") else None
        elif arguments:
            return None
        else:
            arguments.append(_quoted(word))
    return f"background({', '.join(arguments)})"


def _quoted(text: str) -> str:
    """Return text as Python writes it, between the double quotes of our examples."""
    return json.dumps(text, ensure_ascii=False)
