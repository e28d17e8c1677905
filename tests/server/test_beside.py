"""Whatever has a name, served by a process beside this one."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import corsmith.server
from corsmith.cli.serve import serve
from corsmith.cli.serve_flags import FLAGS, Flag
from corsmith.errors import CorsmithError, PolicyError, UsageError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server import background, beside
from corsmith.server.gateway.added import read_added
from corsmith.server.keywords import FLAGS as WORDS
from tests.server.served import is_running, soon

APP = "https://app.example"
LOCAL = "http://localhost:5173"


# ── the words of a command line ────────────────────────────────────────────────


class Words:
    """What a process would be started with."""

    def __init__(self, words: Any, _grace: float, secrets: Any) -> None:
        self.words = list(words)
        self.secrets = secrets
        self.url = "http://127.0.0.1:1"

    def stop(self) -> None:
        """Nothing runs."""


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(beside, "_Process", Words)

    def of(*target: Any, **keywords: Any) -> list[str]:
        made = background(*target, **keywords)
        made.start()
        running: Any = made._running
        made.stop()
        return [word for word in running.words if word not in {"--port=0", "--quiet", "--no-try"}]

    return of


def test_a_target_and_keywords_are_the_words_of_a_command_line(words: Any, tmp_path: Path) -> None:
    assert words() == []
    assert words("./data") == ["./data"]
    assert words(tmp_path, viewer="pmtiles", isolated=True, tls=False, limit_body=5) == [
        str(tmp_path),
        "--viewer=pmtiles",
        "--isolated",
        "--limit-body=5",
    ]
    assert words("-") == ["-"]
    assert words(Path("-data"), cert=Path("a b.pem"), grace=0.5) == [
        "./-data",
        "--cert=a b.pem",
        "--grace=0.5",
    ]


def start_with(*lines: str) -> Words:
    server = background("https://api.example", add_header=lines)
    server.start()
    running: Any = server._running
    server.stop()
    assert isinstance(running, Words)
    return running


def test_what_is_added_is_in_the_environment_and_in_no_word(
    words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command line can be read by every user of the machine."""
    monkeypatch.setenv("TOKEN", "s3cret$x")
    running = start_with("Authorization: Bearer $TOKEN", "X-Key: pl$$ain")
    assert running.words[:1] == ["https://api.example"]
    assert running.words[-2:] == [
        "--add-header=authorization: ${CORSMITH_ADDED_0}",
        "--add-header=x-key: ${CORSMITH_ADDED_1}",
    ]
    assert running.secrets == {
        "CORSMITH_ADDED_0": "Bearer s3cret$x",
        "CORSMITH_ADDED_1": "pl$ain",
    }
    lines = [word.partition("=")[2] for word in running.words[-2:]]
    assert dict(read_added(lines, running.secrets)) == {
        b"authorization": b"Bearer s3cret$x",
        b"x-key": b"pl$ain",
    }
    assert words(add_header=None) == words(add_header=()) == words(add_header=False) == []
    assert words(add_header="A: b") == ["--add-header=a: ${CORSMITH_ADDED_0}"]


def test_what_cannot_be_added_is_told_without_its_value(
    words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ("s3cret", ["s3cret"], ["Host: s3cret"], ["A: s3cret$"], 5, True):
        with pytest.raises(UsageError, match=r"add.header") as caught:
            words(add_header=wrong)
        assert "s3cret" not in str(caught.value)
    # It may be set between the two.
    monkeypatch.delenv("TOKEN", raising=False)
    server = background("https://api.example", add_header="A: $TOKEN")
    with pytest.raises(UsageError, match="export TOKEN="):
        server.start()
    monkeypatch.setenv("TOKEN", "s3cret")
    server.start()
    server.stop()


@pytest.mark.parametrize(
    ("keywords", "words_told"),
    [
        ({"origins": [APP, LOCAL]}, [f"--origin={APP}", f"--origin={LOCAL}"]),
        ({"origins": APP}, [f"--origin={APP}"]),
        ({"headers": ()}, ["--header="]),
        ({"credentials": False}, ["--no-credentials"]),
        ({"credentials": True}, ["--credentials"]),
        ({"accept_risks": {"null-origin"}}, ["--accept-risk=null-origin"]),
        ({"policy": "cors.toml", "max_age": 5}, ["--policy=cors.toml", "--max-age=5"]),
        ({"policy": Path("cors.toml")}, ["--policy=cors.toml"]),
    ],
)
def test_the_fields_of_a_policy_have_its_flags(
    words: Any, keywords: dict[str, Any], words_told: list[str]
) -> None:
    assert words(**keywords) == words_told


def test_a_policy_is_written_as_its_flags_and_keywords_replace_its_fields(words: Any) -> None:
    policy = Policy(
        origins=[APP],
        methods=["PUT"],
        headers=["X-A"],
        expose=["@range"],
        credentials=True,
        max_age=5,
    )
    made = serve.make_context("serve", words(policy=policy, max_age=7)).params
    fields = {name: made[name] for name in inspect.signature(Policy).parameters if name in made}
    assert Policy.from_mapping(
        {name: value for name, value in fields.items() if value is not None}
    ) == Policy.from_mapping({**policy.to_mapping(), "max_age": 7})


VALUES = {"integer": 3, "integer range": 3, "float": 0.5, "float range": 0.5, "text": "a"}


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.opts[0])
def test_every_flag_has_its_keyword(
    words: Any, flag: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, value = str(flag.name), True if flag.is_flag else VALUES[flag.type.name]
    if name == "added":
        value = "a: ${CORSMITH_ADDED_0}"
        monkeypatch.setenv("CORSMITH_ADDED_0", "of an outer one")
    usual = flag.opts[0].removeprefix("--").replace("-", "_")
    keyword = name if name in WORDS else usual
    # Those that are always given are not of interest to the other tests.
    found = words(**{keyword: value}) or [flag.opts[0]]
    made = serve.make_context("serve", found).params[name]
    assert made in ([value], (value,)) if flag.multiple else made == value


def test_a_policy_may_be_a_mapping_of_its_fields(words: Any) -> None:
    fields = {"origins": [APP], "max_age": 5}
    assert words(policy=fields) == words(policy=Policy(origins=[APP], max_age=5))
    assert "--max-age=7" in words(policy=fields, max_age=7)
    with pytest.raises(PolicyError, match="unknown-field"):
        background(policy={"orgins": [APP]})
    with pytest.raises(UsageError, match=r"list is no policy\n  give a file, a Policy") as caught:
        background(lambda _environ, _start: [], policy=[APP])  # type: ignore[arg-type]  # the slip
    assert "origins=[" in str(caught.value)


def test_it_shows_where_it_answers(words: Any) -> None:
    assert words("./data") == ["./data"]
    server = background("./data")
    assert (server.url, repr(server)) == (None, "<Background: not running>")
    url = server.start()
    assert (server.url, repr(server)) == (url, f"<Background: {url}>")
    server.stop()
    assert (server.url, repr(server)) == (None, "<Background: not running>")


def test_what_no_command_line_can_say_is_told(words: Any) -> None:
    with pytest.raises(UsageError, match="Routes have no flags") as caught:
        words(policy=Routes({"/": None}))
    assert 'policy="cors.toml"' in str(caught.value)
    with pytest.raises(UsageError, match="viewer=<object"):
        words(viewer=object())
    with pytest.raises(UsageError, match="int is nothing that can be served"):
        words(5)


def test_a_missing_extra_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "granian.server.embed", None)
    monkeypatch.delitem(sys.modules, "corsmith.server.embedded", raising=False)
    with pytest.raises(UsageError) as caught:
        background(lambda _environ, _start: [])
    assert str(caught.value).splitlines() == [
        "background needs granian.server.embed, which is not installed",
        "  pip install 'corsmith[serve]'",
    ]


def test_the_package_has_the_name_and_no_module_takes_its_place() -> None:
    assert corsmith.server.__all__ == ["background"]
    assert dir(corsmith.server) == ["background"]
    assert callable(corsmith.server.background)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        corsmith.server.nothing  # noqa: B018  it raises


# ── real processes ─────────────────────────────────────────────────────────────


def read(url: str, origin: str = LOCAL) -> tuple[bytes, str | None]:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Origin": origin})) as answer:  # noqa: S310  http to ourselves
        return answer.read(), answer.headers["access-control-allow-origin"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("a")
    return tmp_path


@pytest.mark.servers
def test_a_folder_is_served_as_long_as_the_block_lasts(data: Path) -> None:
    with background(data) as url:
        assert read(f"{url}/a.txt") == (b"a", LOCAL)
        assert read(f"{url}/a.txt", APP) == (b"a", None)
    with pytest.raises(OSError, match="refused"):
        read(f"{url}/a.txt")


@pytest.mark.servers
def test_two_at_once_have_policies_of_their_own(data: Path) -> None:
    with background(str(data), origins=[APP]) as first, background() as second:
        assert read(f"{first}/a.txt", APP) == (b"a", APP)
        assert read(second) == (b'{"status": "OK"}', "*")


@pytest.mark.servers
def test_it_can_be_started_and_stopped_as_a_notebook_does(data: Path) -> None:
    server = background(data)
    url = server.start()
    assert server.start() == url
    assert read(f"{url}/a.txt")[0] == b"a"
    server.stop()
    server.stop()
    with server as again:
        assert read(f"{again}/a.txt")[0] == b"a"


@pytest.mark.servers
def test_it_works_where_an_event_loop_runs(data: Path) -> None:
    async def in_a_notebook() -> bytes:
        with background(data) as url:
            return (await asyncio.to_thread(read, f"{url}/a.txt"))[0]

    assert asyncio.run(in_a_notebook()) == b"a"


@pytest.mark.servers
def test_what_the_server_tells_is_told_here(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with background(quiet=False) as url:
        urllib.request.urlopen(f"{url}/b", data=b"body").close()  # noqa: S310  http to ourselves
        soon(lambda: "POST /b 4 bytes: body\n" in told(capsys)[0], 10)
        soon(lambda: "POST /b 200 - not-cors\n" in told(capsys)[1], 10)
    assert "serves" not in told(capsys)[1]
    with background(data) as url:
        read(f"{url}/a.txt")
    assert "GET /a.txt" not in told(capsys)[1]


_TOLD = ["", ""]


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return all that was written so far."""
    out, err = capsys.readouterr()
    _TOLD[0] += out
    _TOLD[1] += err
    return _TOLD


@pytest.mark.servers
@pytest.mark.parametrize(
    ("target", "keywords", "words_told"),
    [
        ("./gone", {}, ["there is no file or folder ./gone"]),
        (None, {"viwer": "pmtiles"}, ["there is no keyword viwer=; did you mean viewer="]),
        (None, {"origins": ["https://app.example/"]}, ["origin-has-path"]),
        (
            None,
            {"isolated": True},
            ["isolated=True is about files", 'background(".", isolated=True)'],
        ),
    ],
)
def test_what_is_wrong_is_an_error_with_the_next_step(
    target: str | None, keywords: dict[str, Any], words_told: list[str]
) -> None:
    with pytest.raises(UsageError) as caught, background(target, **keywords):
        raise AssertionError
    assert all(words in str(caught.value) for words in words_told)
    assert not str(caught.value).startswith("corsmith")
    assert isinstance(caught.value, CorsmithError)


@pytest.mark.servers
def test_an_interruption_while_it_starts_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(100)\n")
    monkeypatch.chdir(tmp_path)
    before = children()
    threading.Timer(0.5, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        background("slow:app", grace=0).start()
    soon(lambda: children() == before)


def interrupt() -> None:
    """Have Ctrl-C reach the thread that the tests run in."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def children() -> set[int]:
    """Return the processes that this one has started and that still run (on Linux)."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= set(map(int, (task / "children").read_text().split()))
    return {process for process in found if is_running(process)}


@pytest.mark.servers
def test_one_that_does_not_end_is_ended(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = background(data)
    server.start()
    running: Any = server._running
    os.kill(running._process.pid, signal.SIGSTOP)
    running._patience = 0.2
    server.stop()
    assert running._process.returncode == -signal.SIGKILL


@pytest.mark.servers
def test_an_interruption_while_it_ends_ends_it_at_once(data: Path) -> None:
    server = background(data)
    server.start()
    running: Any = server._running
    os.kill(running._process.pid, signal.SIGSTOP)
    threading.Timer(0.3, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        server.stop()
    assert running._process.returncode == -signal.SIGKILL


@pytest.mark.servers
def test_a_forked_process_has_no_server_to_end(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = background(data)
    url = server.start()
    monkeypatch.setattr(server, "_owner", 0)
    running = server._running
    server.stop()
    assert read(f"{url}/a.txt")[0] == b"a"
    monkeypatch.undo()
    server._running = running
    server.stop()
