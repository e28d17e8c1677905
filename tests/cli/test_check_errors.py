"""``corsmith check`` with a wrong command line: what is told, word by word."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from corsmith.cli.status import Status
from tests.cli.checking import Check


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            [],
            snapshot("""\
corsmith: what shall be checked? Paste a console line or a curl command, or type
  corsmith check https://api.example/items
  corsmith check main:app
"""),
        ),
        (
            ["."],
            snapshot("""\
corsmith: . is a folder; type what is to be checked in it, as in
  corsmith check cors.toml
"""),
        ),
        (
            ["app.example"],
            snapshot(
                'corsmith: "app.example" is no file or folder here; for the site write https://app.example\n'
            ),
        ),
        (
            ["localhost:8000"],
            snapshot('corsmith: "localhost:8000" has no scheme; write http://localhost:8000\n'),
        ),
        (["missing.toml"], snapshot("corsmith: there is no file or folder missing.toml\n")),
        (
            ["cors.toml", "--from", "app.example"],
            snapshot("""\
corsmith: --from: "app.example" has no scheme. An origin is scheme, host and port.
  Write "https://app.example".
"""),
        ),
        (
            ["cors.toml", "--from", "https://app.example/"],
            snapshot("""\
corsmith: --from: "https://app.example/" has a trailing slash. An origin is scheme, host and port.
  Write "https://app.example".
"""),
        ),
        (
            ["cors.toml", "--from", "https://*.example.com"],
            snapshot(
                "corsmith: --from https://*.example.com: a page has one origin, not a pattern\n"
            ),
        ),
        (
            ["cors.toml", "--from", "https://app.example", "-X", "TRACE"],
            snapshot("corsmith: -X TRACE: browsers let no page send TRACE\n"),
        ),
        (
            ["cors.toml", "--from", "https://app.example", "-X", "A B"],
            snapshot('corsmith: -X "A B" is no method: a method is a token\n'),
        ),
        (
            ["cors.toml", "--from", "https://app.example", "-H", "Cookie: a=b"],
            snapshot("corsmith: -H Cookie: browsers let no page set it; cookies are --cookies\n"),
        ),
        (
            ["cors.toml", "--from", "https://app.example", "-H", "Host: a"],
            snapshot("corsmith: -H Host: browsers let no page set it\n"),
        ),
        (
            ["cors.toml", "--from", "https://app.example", "-H", ": 1"],
            snapshot("corsmith: -H \": 1\" is no header; write -H 'X-Key: 1'\n"),
        ),
        (
            ["routes.toml", "--from", "https://app.example"],
            snapshot("""\
corsmith: the policy file routes.toml; nothing is imported or sent
corsmith: the file has [[routes]]: say which path, as in --path /api/
"""),
        ),
        (
            ["cors.toml", "--path", "/api/"],
            snapshot("""\
corsmith: the policy file cors.toml; nothing is imported or sent
corsmith: --path /api/: the file has one [policy], the same on every path
"""),
        ),
        (
            ["cors.toml", "--origin", "https://app.example"],
            snapshot("""\
corsmith: --origin says what is allowed, in serve; what is asked is --from
  see corsmith check --help
"""),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_says_what_to_type(check: Check, words: list[str], error: str) -> None:
    """Three lines at most, on standard error, exit status 2."""
    result = check(*words)
    assert result.exit_code == Status.USAGE
    assert result.stdout == ""
    assert result.stderr == error
    assert len(result.stderr.splitlines()) <= 4


def test_a_file_that_is_no_policy_file_says_so(check: Check, tmp_path: Path) -> None:
    """Only a .toml file is read as a policy."""
    (tmp_path / "my notes.txt").write_text("x")
    result = check("my notes.txt")
    assert result.exit_code == Status.USAGE
    assert result.stderr == snapshot("""\
corsmith: my notes.txt is no .toml (a policy), .py (an application) or .har (a recording);
to have it read as a text, type
  corsmith check - < 'my notes.txt'
""")


def test_a_folder_is_answered_with_what_is_in_it(check: Check, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert check("shop").stderr.endswith("\n  corsmith check cors.toml\n")
    (tmp_path / "shop" / "app.py").write_text("")
    assert check("shop").stderr.endswith("\n  corsmith check shop/app.py\n")
