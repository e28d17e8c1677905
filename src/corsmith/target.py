"""What the person typed: a URL, a folder, a policy file, an app, or a slip.

What lives here: one table of readings; the first that matches wins. What does not: the
file system (``read_target`` is given a function that looks) and what a verb does with
each kind.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from corsmith.diagnostics import quote
from corsmith.errors import UsageError

__all__ = ["Probe", "Target", "TargetKind", "read_target"]

Probe: TypeAlias = Callable[[str], Literal["folder", "file"] | None]
"""Says what a path is: a folder, a file, or nothing that exists."""


class TargetKind(StrEnum):
    """What a target was taken for."""

    NONE = "none"
    TEXT = "text"
    CURL = "curl"
    PROFILE = "profile"
    URL = "url"
    FOLDER = "folder"
    POLICY = "policy"
    APP_FILE = "app-file"
    RECORDING = "recording"
    FILE = "file"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target and what it was taken for; ``sentence`` says so to the person."""

    kind: TargetKind
    value: str

    @property
    def sentence(self) -> str:
        """What it was taken for, and whether code is imported or requests are sent."""
        return _SENTENCES[self.kind].format(self.value)


_SENTENCES: Final = {
    TargetKind.NONE: "no target",
    TargetKind.TEXT: "standard input; a list of URLs is asked, of other text nothing is sent",
    TargetKind.CURL: "a curl command; requests are sent to its address",
    TargetKind.PROFILE: "the profile {}; requests are sent to its address",
    TargetKind.URL: "the address {}; requests are sent to it",
    TargetKind.FOLDER: "the folder {}; nothing is imported or sent",
    TargetKind.POLICY: "the policy file {}; nothing is imported or sent",
    TargetKind.APP_FILE: "the Python app {}; its code is imported",
    TargetKind.RECORDING: "the recording {}; nothing is sent",
    TargetKind.FILE: "the file {}; nothing is imported or sent",
    TargetKind.APP: "the Python app {}; its code is imported",
}

_BY_SUFFIX: Final = {
    ".toml": TargetKind.POLICY,
    ".py": TargetKind.APP_FILE,
    ".har": TargetKind.RECORDING,
}

_NAME: Final = r"[^\W\d]\w*"  # a Python identifier
_APP = re.compile(rf"{_NAME}(?:\.{_NAME})*:{_NAME}(?:\.{_NAME})*(?:\(\))?\Z")
_MODULE = re.compile(rf"{_NAME}(?:\.{_NAME})*\Z")
_HOST: Final = r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])"
_HOST_AND_PORT = re.compile(rf"(?P<host>{_HOST}):(?P<port>[0-9]+)(?P<rest>[/?#].*)?\Z")
_PORT = re.compile(r":(?P<port>[0-9]+)(?P<rest>[/?#].*)?\Z")
_DOMAIN = re.compile(
    r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})(?P<rest>[/?#].*)?\Z"
)
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_LOCAL = re.compile(r"localhost\Z|127\.|\[|[^.]+\Z")

# Endings that say "a file" where a word with a dot might as well be a domain.
_FILE_ENDINGS: Final = (".toml", ".py", ".har", ".json", ".txt", ".html", ".csv", ".yaml", ".yml")


def read_target(word: str | None, probe: Probe) -> Target:
    """Return what ``word`` is taken for.

    ``probe`` looks at the file system. Raises ``UsageError`` that shows the corrected
    word where it is a slip.

    >>> read_target("main:app", lambda path: None).kind
    <TargetKind.APP: 'app'>
    """
    if word is None:
        return Target(kind=TargetKind.NONE, value="")
    if word == "-":
        return Target(kind=TargetKind.TEXT, value=word)
    if word == "curl":
        return Target(kind=TargetKind.CURL, value=word)
    if word.startswith("@"):
        return Target(kind=TargetKind.PROFILE, value=word)
    if word.lower().startswith(("http://", "https://")):
        return Target(kind=TargetKind.URL, value=word)
    found = probe(word)
    if found == "folder":
        return Target(kind=TargetKind.FOLDER, value=word)
    if found == "file":
        kinds = (kind for suffix, kind in _BY_SUFFIX.items() if word.lower().endswith(suffix))
        return Target(kind=next(kinds, TargetKind.FILE), value=word)
    if _APP.match(word):
        return Target(kind=TargetKind.APP, value=word)
    file = f"{word.replace('.', '/')}.py"
    if _MODULE.match(word) and probe(file) == "file":
        raise UsageError(f"there is no file or folder {word}; for the app in {file} write {file}")
    raise UsageError(_slip(word))


def _slip(word: str) -> str:
    """Return what is wrong with a word that is no target, and what to type."""
    if not word.isprintable() or not word.strip():
        return f"{quote(word)} is no target"
    if scheme := _SCHEME.match(word):
        return f"{quote(word)}: {scheme['scheme']} is not spoken here; write http:// or https://"
    if match := _PORT.match(word):
        return f"{quote(word)} has no host; write http://127.0.0.1{word}"
    if match := _HOST_AND_PORT.match(word):
        scheme_word = "http" if _LOCAL.match(match["host"]) else "https"
        return f"{quote(word)} has no scheme; write {scheme_word}://{word}"
    if (match := _DOMAIN.match(word)) and not word.lower().endswith(_FILE_ENDINGS):
        return f"{quote(word)} is no file or folder here; for the site write https://{word}"
    return f"there is no file or folder {word}"
