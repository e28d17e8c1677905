from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from corsmith.cli import main, serve_flags
from corsmith.cli.serve import serve
from corsmith.cli.serve_flags import FLAGS, GROUPS, POLICY_FLAGS, About, Flag, refuse
from corsmith.errors import UsageError
from corsmith.policy import Policy
from corsmith.server.limits import USUAL_BODY
from corsmith.target import TargetKind

MOST = 10
"""How many options `--help` may show."""


def shown(*words: str) -> str:
    result = CliRunner().invoke(main, ["serve", *words], prog_name="corsmith")
    assert result.exit_code == 0
    return result.stdout


def options(text: str) -> list[str]:
    return re.findall(r"^  (?:-[a-z], )?(--[a-z-]+)", text, re.MULTILINE)


def test_the_help_shows_ten_options_at_most_and_says_where_the_rest_is() -> None:
    text = shown("--help")
    names = options(text.partition("\nOptions:\n")[2].partition("\n\n")[0])
    assert len(names) <= MOST
    assert {"--policy", "--origin", "--port", "--help-all", "--help"} <= set(names)
    assert "\n  --help-all shows the rest.\n" in text
    assert "--isolated" not in text
    assert shown("-h") == text


def test_the_long_help_shows_every_flag_under_its_heading() -> None:
    text = shown("--help-all")
    named = {max(flag.opts, key=len) for flag in FLAGS}
    assert set(options(text)) == named | {"--help-all", "--help"}
    at = [text.index(f"\n{group.title}:\n") for group in GROUPS]
    assert at == sorted(at)
    assert "shows the rest" not in text
    # Whatever else is on the line, the help is what was asked for.
    assert shown("--help-all", "--port", "1", "one") == text


@pytest.mark.parametrize("words", ["--help", "--help-all"])
def test_each_help_has_examples(words: str) -> None:
    assert "  Examples:\n    corsmith serve\n    corsmith serve ./data --viewer" in shown(words)


def test_flags_are_about_kinds_of_target_that_there_are() -> None:
    about = [flag.about for flag in FLAGS if flag.about is not None]
    assert about
    assert all(one.kinds < set(TargetKind) for one in about)


def test_the_help_tells_how_large_a_body_may_be() -> None:
    assert f"[default: {USUAL_BODY};" in " ".join(shown("--help-all").split())


def test_the_help_loads_nothing_that_serves_or_judges() -> None:
    program = (
        "import sys; sys.argv[1:] = ['serve', '--help']\n"
        "from corsmith.cli import main\n"
        "try: main(prog_name='corsmith')\n"
        "except SystemExit: pass\n"
        "print(*sorted(one for one in sys.modules if 'corsmith.' in one), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr.decode().split() == [
        "corsmith.cli",
        "corsmith.cli.loading",
        "corsmith.cli.serve",
        "corsmith.cli.serve_flags",
        "corsmith.cli.serve_slips",
        "corsmith.cli.status",
    ]


def test_each_field_of_a_policy_has_its_flag() -> None:
    parameters = inspect.signature(Policy).parameters.values()
    assert set(POLICY_FLAGS) == {one.name for one in parameters if one.kind is one.KEYWORD_ONLY}


# ── a flag that is about another kind of target ────────────────────────────────

ABOUT = About(
    kinds=frozenset({TargetKind.URL}),
    what="an address, and none is named",
    instead="write corsmith serve https://api.example {}",
)
TRIED = (
    Flag("--all", default="x"),
    Flag("--one", about=ABOUT),
    Flag("--few", about=ABOUT, multiple=True, help=""),
    Flag("--list", about=ABOUT, is_list=True, help=""),
    Flag("--is", is_flag=True, about=ABOUT),
    Flag("--with/--without", default=None, about=ABOUT),
)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Parse a command line of flags that are about an address, and refuse for a kind."""
    monkeypatch.setattr(serve_flags, "FLAGS", TRIED)

    def run(kind: TargetKind, *words: str) -> None:
        command = click.Command("serve", params=list(TRIED), callback=lambda **_values: None)
        refuse(command.make_context("serve", list(words)), kind)

    return run


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["--one", "a b"], "--one 'a b'"),
        (["--few", "a", "--few", "b"], "--few a"),
        (["--list", "a,b"], "--list a"),
        (["--is"], "--is"),
        (["--with"], "--with"),
        (["--without"], "--without"),
    ],
)
def test_it_is_refused_as_it_was_typed_with_the_right_command(
    refused: Any, words: list[str], typed: str
) -> None:
    with pytest.raises(UsageError) as caught:
        refused(TargetKind.NONE, *words)
    assert str(caught.value).splitlines() == [
        f"{typed} is about an address, and none is named",
        f"  write corsmith serve https://api.example {typed}",
    ]
    refused(TargetKind.URL, *words)


def test_a_flag_about_every_kind_and_one_that_was_not_given_are_fine(refused: Any) -> None:
    for kind in TargetKind:
        refused(kind, "--all", "y")
        refused(kind)


def test_every_flag_is_of_the_command() -> None:
    assert set(FLAGS) <= set(serve.params)
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)
