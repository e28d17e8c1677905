from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import click
import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot

import corsmith
from corsmith.cli import main
from corsmith.cli.status import Status
from corsmith.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="corsmith")


def program(*words: str, before: Callable[[], None] | None = None) -> tuple[int, str, str]:
    """Return status, standard output and standard error of a real run."""
    done = subprocess.run(
        [sys.executable, "-m", "corsmith", *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )
    return done.returncode, done.stdout, done.stderr


def test_help_names_the_verbs_that_there_are() -> None:
    result = run("--help")
    assert result.exit_code == Status.OK
    assert result.stdout == snapshot("""\
Usage: corsmith [OPTIONS] VERB …

  CORS that works, and says why when it doesn't.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Verbs:
  serve   Serve a JSON API, a folder or a file under a CORS policy.
  check   Say whether a page may, and if not, why and what to change.
  import  Print another library's CORS settings as a policy file.

  Examples:
    corsmith serve
    corsmith check https://api.example/items --from https://app.example -X PUT
""")


def test_a_program_that_looks_finds_the_verbs_and_no_others() -> None:
    context = click.Context(main)
    assert main.list_commands(context) == ["check", "import", "serve"]
    assert main.get_command(context, "serve") is not None
    assert main.get_command(context, "frobnicate") is None


@pytest.mark.parametrize("verb", ["serve", "check", "import"])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == Status.OK
    assert f"Usage: corsmith {verb} " in result.stdout
    assert f"\n    corsmith {verb} " in result.stdout.partition("Examples:")[2]


def test_the_version_is_told() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"corsmith {corsmith.__version__}\n")


def test_without_a_verb_the_help_is_shown_as_what_was_missing() -> None:
    result = run()
    assert result.exit_code == Status.USAGE
    assert result.stdout == ""
    assert "Verbs:" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["srve"], "corsmith: there is no verb 'srve'; did you mean serve?\n"),
        (
            ["frobnicate"],
            "corsmith: there is no verb 'frobnicate'; the verbs are serve, check and import\n",
        ),
        (["--zzzzz"], "corsmith: there is no option --zzzzz\n"),
        (["--", "-x"], "corsmith: there is no verb '-x'; the verbs are serve, check and import\n"),
        (["--verion"], "corsmith: there is no option --verion; did you mean --version?\n"),
    ],
)
def test_what_there_is_not_is_told_with_the_nearest_that_there_is(
    words: list[str], message: str
) -> None:
    result = run(*words)
    assert result.exit_code == Status.USAGE
    assert result.stderr == f"{message}  see corsmith --help\n"
    assert result.stdout == ""


# ── what becomes of an error ───────────────────────────────────────────────────


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], Result]:
    """Run `corsmith check` as if it did this."""

    def pretend(action: Callable[[], object]) -> Result:
        command = click.Command("check", callback=action)
        monkeypatch.setattr("corsmith.cli.check.check", command)
        return run("check")

    return pretend


def raising(error: BaseException) -> Callable[[], object]:
    def action() -> None:
        raise error

    return action


Verb: TypeAlias = "Callable[[Callable[[], object]], Result]"


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (UsageError("there is no file x\n  write one"), Status.USAGE, True),
        (click.ClickException("Wrong."), Status.USAGE, True),
        (KeyboardInterrupt(), Status.INTERRUPTED, False),
        (click.Abort(), Status.INTERRUPTED, False),
        (click.exceptions.Exit(3), Status.UNKNOWN, False),
    ],
)
def test_an_error_is_a_status_and_a_sentence(
    verb: Verb, error: BaseException, status: Status, *, told: bool
) -> None:
    result = verb(raising(error))
    assert result.exit_code == status
    assert bool(result.stderr.strip()) is told
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 3


def test_a_message_begins_with_the_program_and_a_small_letter(verb: Verb) -> None:
    assert verb(raising(click.ClickException("Wrong."))).stderr == "corsmith: wrong.\n"
    told = verb(raising(UsageError("there is no file x\n  write one")))
    assert told.stderr == "corsmith: there is no file x\n  write one\n"


def test_what_nobody_foresaw_is_not_hidden(verb: Verb) -> None:
    assert isinstance(verb(raising(ZeroDivisionError())).exception, ZeroDivisionError)


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (1, 1), ("text", 0)])
def test_what_a_verb_returns_is_the_status_if_it_is_a_number(
    verb: Verb, returned: object, status: int
) -> None:
    assert verb(lambda: returned).exit_code == status


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check", "--help"]])
def test_an_answer_that_nobody_read_is_neither_yes_nor_no(words: list[str]) -> None:
    def close_the_other_end() -> None:
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(reading)

    status, _, err = program(*words, before=close_the_other_end)
    assert (status, err) == (Status.UNKNOWN, "")


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_stream_that_was_closed_is_no_error(stream: int) -> None:
    status, out, err = program("--help", before=lambda: os.close(stream))
    assert status == 0
    assert err == ""
    assert ("Verbs:" in out) is (stream != 1)


def test_the_module_is_the_program() -> None:
    assert program("--version") == (0, f"corsmith {corsmith.__version__}\n", "")
    assert program("frobnicate")[0] == Status.USAGE
