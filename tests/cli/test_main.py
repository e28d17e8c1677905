from __future__ import annotations

import errno
import os
import signal
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
        # What is not written at once is written at the end, as where nobody asks for it.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
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
  serve   Serve an API, files, your app or another API under a CORS policy.
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


def test_of_an_option_that_takes_no_number_click_tells_what_it_takes() -> None:
    result = run("check", "http://a.example", "--format", "xml")
    assert result.exit_code == Status.USAGE
    assert result.stderr.startswith("corsmith: --format: 'xml' is not one of 'text', 'json'.\n")


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


# ── a disk that is full, and an interrupt before there is a program ────────────


def full(stream: int) -> Callable[[], None]:
    """Return what makes a stream of a new process one that takes nothing."""

    def fill() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), stream)

    return fill


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["serve", "--help"]])
def test_an_answer_that_cannot_be_written_is_one_line(words: list[str]) -> None:
    assert program(*words, before=full(1)) == (
        Status.UNKNOWN,
        "",
        "corsmith: the answer cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("words", [[], ["srve"], ["serve", "./gone"], ["serve", "--port", "x"]])
def test_where_nobody_can_be_told_the_exit_status_still_tells(words: list[str]) -> None:
    assert program(*words, before=full(2)) == (Status.USAGE, "", "")


def test_an_error_of_a_file_is_not_said_to_be_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error", "data")

    monkeypatch.setattr(click.Group, "main", fail)
    with pytest.raises(OSError, match="data"):
        main(["serve"])


INTERRUPTED_WHILE_LOADING = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
import corsmith.__main__
"""


def test_an_interrupt_while_the_program_is_loaded_ends_it_without_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("where", ["the main thread", "another thread"])
def test_to_load_the_program_changes_no_signal(where: str) -> None:
    code = "import signal, threading\nload = lambda: __import__('corsmith.__main__')\n"
    code += (
        "load()\n"
        if where == "the main thread"
        else ("thread = threading.Thread(target=load)\nthread.start()\nthread.join()\n")
    )
    code += "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    code += "import sys; assert 'corsmith.cli' in sys.modules\n"
    subprocess.run([sys.executable, "-c", code], check=True)
