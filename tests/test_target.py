"""What the person typed: one table of readings, and what to type instead of a slip."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

import pytest

from corsmith import target
from corsmith.errors import UsageError
from corsmith.target import Target, TargetKind, read_target

if TYPE_CHECKING:
    from typing import Literal

FOLDERS = {"data", "a.toml", "main:app", "localhost:8000", "-x", "@ollama", "curl"}
FILES = {
    "cors.toml",
    "app.py",
    "trace.har",
    "items.json",
    "UPPER.TOML",
    "noext",
    "m:a",
    "a.example",
    "shop/web.py",
}


def probe(path: str) -> Literal["folder", "file"] | None:
    """Say what a path is on the disk of this test."""
    if path in FOLDERS:
        return "folder"
    return "file" if path in FILES else None


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(target) == (0, 1)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        (None, TargetKind.NONE),
        ("-", TargetKind.TEXT),
        # these come before any path
        ("curl", TargetKind.CURL),
        ("@ollama", TargetKind.PROFILE),
        ("@", TargetKind.PROFILE),
        ("http://localhost:8000/x?y", TargetKind.URL),
        ("https://api.example", TargetKind.URL),
        ("HTTPS://API.EXAMPLE", TargetKind.URL),
        # an existing path wins over `name:attr` and `host:port`
        ("data", TargetKind.FOLDER),
        ("a.toml", TargetKind.FOLDER),
        ("main:app", TargetKind.FOLDER),
        ("localhost:8000", TargetKind.FOLDER),
        ("m:a", TargetKind.FILE),
        ("a.example", TargetKind.FILE),
        ("cors.toml", TargetKind.POLICY),
        ("UPPER.TOML", TargetKind.POLICY),
        ("app.py", TargetKind.APP_FILE),
        ("trace.har", TargetKind.RECORDING),
        ("items.json", TargetKind.FILE),
        ("noext", TargetKind.FILE),
        # an app, by Python identifiers
        ("main:api", TargetKind.APP),
        ("pkg.mod:make_app()", TargetKind.APP),
        ("pkg.mod:site.app", TargetKind.APP),
        ("_a1.b:_c", TargetKind.APP),
        ("naïve:äpp", TargetKind.APP),
    ],
)
def test_a_word_is_taken_for(word: str | None, kind: TargetKind) -> None:
    assert read_target(word, probe) == Target(kind=kind, value=word or "")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (None, "no target"),
        ("-", "standard input; a list of URLs is asked, of other text nothing is sent"),
        ("curl", "a curl command; requests are sent to its address"),
        ("@ollama", "the profile @ollama; requests are sent to its address"),
        ("http://x", "the address http://x; requests are sent to it"),
        ("data", "the folder data; nothing is imported or sent"),
        ("cors.toml", "the policy file cors.toml; nothing is imported or sent"),
        ("app.py", "the Python app app.py; its code is imported"),
        ("trace.har", "the recording trace.har; nothing is sent"),
        ("items.json", "the file items.json; nothing is imported or sent"),
        ("main:api", "the Python app main:api; its code is imported"),
    ],
)
def test_it_is_said_whether_code_is_imported_or_requests_are_sent(
    word: str | None, sentence: str
) -> None:
    assert read_target(word, probe).sentence == sentence


def test_every_kind_has_its_sentence() -> None:
    for kind in TargetKind:
        assert "{" not in Target(kind=kind, value="x").sentence


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("app.example:8000", '"app.example:8000" has no scheme; write https://app.example:8000'),
        ("localhost:8001", '"localhost:8001" has no scheme; write http://localhost:8001'),
        ("127.0.0.1:80/x", '"127.0.0.1:80/x" has no scheme; write http://127.0.0.1:80/x'),
        ("[::1]:8000", '"[::1]:8000" has no scheme; write http://[::1]:8000'),
        ("nas:8000?x", '"nas:8000?x" has no scheme; write http://nas:8000?x'),
        (":8000", '":8000" has no host; write http://127.0.0.1:8000'),
        (":8000/x", '":8000/x" has no host; write http://127.0.0.1:8000/x'),
        (
            "app.example",
            '"app.example" is no file or folder here; for the site write https://app.example',
        ),
        (
            "app.example/a#b",
            (
                '"app.example/a#b" is no file or folder here; '
                "for the site write https://app.example/a#b"
            ),
        ),
        ("ftp://x/y", '"ftp://x/y": ftp is not spoken here; write http:// or https://'),
        ("ws://x", '"ws://x": ws is not spoken here; write http:// or https://'),
        ("missing.toml", "there is no file or folder missing.toml"),
        ("missing.py", "there is no file or folder missing.py"),
        ("missing", "there is no file or folder missing"),
        ("app", "there is no file or folder app; for the app in app.py write app.py"),
        (
            "shop.web",
            "there is no file or folder shop.web; for the app in shop/web.py write shop/web.py",
        ),
        ("./x:y", "there is no file or folder ./x:y"),
        ("1main:app", "there is no file or folder 1main:app"),
        ("main:app()()", "there is no file or folder main:app()()"),
        (":app", "there is no file or folder :app"),
        ("", '"" is no target'),
        ("  ", '"  " is no target'),
        ("a\x1b[2Jb", '"a\\x1b[2Jb" is no target'),
    ],
)
def test_a_slip_is_answered_with_what_to_type(word: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_target(word, probe)
    assert str(caught.value) == line
