"""A text pasted into a real terminal is read whole, and nothing is sent without a yes."""

from __future__ import annotations

import io
import json
import os
import pty
import socket
from typing import TYPE_CHECKING

import pytest

from corsmith.cli.terminal import Keys, read_paste
from tests.cli.terminals import bracketed, opened
from tests.pasted_lines import BROWSER_LINES, REAL_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers

INVITATION = "Paste the red line, the curl command or the URL, then an empty line"
READER = """
import json, sys
from corsmith.cli.terminal import read_paste
while True:
    text = read_paste(sys.stdin, sys.stderr)
    if not text.strip():
        break
    print("READ " + json.dumps(text) + " END", flush=True)
"""
# Whoever runs the tests in the background ignores Ctrl-C, and so would a program of theirs.
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from corsmith.__main__ import main
main()
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that only listens: whoever asks it can be counted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def connections(server: socket.socket) -> int:
    """Return how many connections wait, each closed without an answer."""
    count = 0
    server.settimeout(0.2)
    while True:
        try:
            server.accept()[0].close()
        except TimeoutError:
            return count
        count += 1


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("in_brackets", [True, False])
def test_every_line_arrives_as_it_was_copied(*, in_brackets: bool) -> None:
    """Quotes, ampersands, grave accents and two lines at once pass a terminal unharmed."""
    texts = [row[-1] for row in (*BROWSER_LINES, *REAL_LINES)]
    with opened([], program=READER) as terminal:
        for text in texts[:: 1 if in_brackets else 4]:
            terminal.wait_for("\x1b[?2004h")
            terminal.shown = ""
            terminal.send((bracketed(text) if in_brackets else text) + "\r\r")
            terminal.wait_for("\x1b[?2004l")
            shown = terminal.wait_for(" END").partition("READ ")[2]
            read = json.loads(shown.partition(" END")[0])
            assert read.strip() == text
        terminal.wait_for("\x1b[?2004h")
        terminal.send("\r")
        assert terminal.wait() == 0


def test_a_pasted_line_is_answered_after_an_empty_one() -> None:
    text = next(row[-1] for row in BROWSER_LINES if "&" in row[-1])
    with opened(["check"]) as terminal:
        terminal.wait_for(INVITATION)
        terminal.wait_for("\x1b[?2004h")
        terminal.send(bracketed(text) + "\r\r")
        terminal.wait_for("Send ")
        terminal.send("\r")
        assert terminal.wait() == 1
    assert "likely: The answer is an error page" in terminal.shown


def test_an_empty_line_inside_a_paste_belongs_to_it() -> None:
    text = "TypeError: Failed to fetch\n\nGET http://x.test/ net::ERR_BLOCKED_BY_CLIENT"
    with opened(["check"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send(bracketed(text) + "\r\r")
        terminal.wait_for("not CORS: An extension")


def test_a_curl_command_longer_than_a_terminals_line_is_read_whole() -> None:
    """A line of a terminal holds 4095 bytes; a copied cookie alone may have more."""
    cookie = "x" * 9000
    text = f"curl 'https://api.example/a?b=1&c=2' \\\n  -H 'cookie: sid={cookie}' \\\n  -X DELETE"
    with opened(["check"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send(text + "\n\n")
        shown = terminal.wait_for("Send these 2 requests to api.example now? [y/N]")
        terminal.send("n\r")
        assert terminal.wait() == 3
    assert "  DELETE https://api.example/a?b=1&c=2" in shown


@pytest.mark.parametrize("answer", ["\r", "n\r", "\x04"])
def test_nothing_is_sent_without_a_yes(listener: socket.socket, answer: str) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/items"
    with opened(["check"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send(url + "\r\r")
        terminal.wait_for("Send this request to 127.0.0.1:")
        terminal.send(answer)
        terminal.wait()
    assert connections(listener) == 0


def test_a_yes_sends_what_was_pasted(listener: socket.socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/items"
    with opened(["check", "--timeout", "0.3"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send(f"curl {url} -X PUT\r\r")
        terminal.wait_for("Send these 2 requests to 127.0.0.1:")
        terminal.send("y\r")
        assert terminal.wait() in {1, 3}
    assert connections(listener) > 0


@pytest.mark.parametrize("target", [[], ["-"]])
def test_a_pasted_list_of_urls_is_asked_after_a_yes_alone(
    listener: socket.socket, target: list[str]
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for answer, asked in (("n\r", 0), ("y\r", 2)):
        with opened(["check", *target, "--timeout", "0.3"]) as terminal:
            terminal.wait_for("\x1b[?2004h")
            terminal.send(f"{url}/a\r{url}/b\r\r")
            terminal.wait_for("Ask these 2 URLs now? [y/N]")
            terminal.send(answer)
            assert terminal.wait() == 3
        assert connections(listener) >= asked
        assert asked or connections(listener) == 0


def test_one_url_is_only_pasted_also_after_a_hyphen(listener: socket.socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/items"
    with opened(["check", "-"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send(f"{url}\r\r")
        terminal.wait_for("Send this request to 127.0.0.1:")
        terminal.send("n\r")
        assert terminal.wait() == 3
    assert connections(listener) == 0


def test_ctrl_c_leaves_the_terminal_as_it_was() -> None:
    with opened(["check"], program=INTERRUPTIBLE) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send("curl https://api.example")
        terminal.wait_for("curl https://api.example")
        terminal.send("\x03")
        terminal.wait_for("\x1b[?2004l")
        assert terminal.wait() == 130


def test_ctrl_d_ends_the_text_as_an_empty_line_does() -> None:
    with opened(["check"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send("net::ERR_BLOCKED_BY_CLIENT\x04")
        assert terminal.wait() == 1
    assert "not CORS: An extension" in terminal.shown


def test_a_terminal_that_goes_away_ends_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    monkeypatch.setattr("corsmith.cli.terminal.os.read", lambda *_: b"")
    with os.fdopen(slave) as stdin:
        assert read_paste(stdin, io.StringIO()) == ""
    os.close(master)


def test_nothing_pasted_is_a_usage_error_that_shows_what_to_type() -> None:
    with opened(["check"]) as terminal:
        terminal.wait_for("\x1b[?2004h")
        terminal.send("\r")
        assert terminal.wait() == 2
    assert "corsmith check https://api.example/items" in terminal.shown


@pytest.mark.parametrize(
    ("sent", "text", "shown"),
    [
        ([b"abc\r"], "abc\n", "abc\n"),
        ([b"abd\x7fc"], "abc", "abd\b \bc"),
        ([b"\x7f", b"a\n\x7f"], "a\n", "a\n"),
        ([b"\x1b[20", b"0~a\n\nb\x1b[201~"], "a\n\nb", "a\n\nb"),
        ([b"\x1b[Aa\x1bOPb\x1bxc"], "abc", "abc"),
        ([b"\xc3", b"\xa9x"], "\u00e9x", "\u00e9x"),
        ([b"a\x01b\tc"], "a\x01b\tc", "ab\tc"),
        ([b"\x1b[200~a\x07\x1b[201~"], "a\x07", "a"),
        ([b"a\r\nb"], "a\nb", "a\nb"),
    ],
)
def test_keys_become_a_text(sent: list[bytes], text: str, shown: str) -> None:
    """What a terminal sends beside the text is no part of it, and is never echoed raw."""
    keys = Keys()
    assert "".join(keys.feed(data) for data in sent) == shown
    assert keys.text == text


@pytest.mark.parametrize(
    ("sent", "complete"),
    [
        (b"", False),
        (b"\n", True),
        (b"a\n", False),
        (b"a\n\n", True),
        (b"\x1b[200~a\n\n", False),
        (b"\x1b[200~a\n\n\x1b[201~", True),
        (b"a\x04", True),
    ],
)
def test_an_empty_line_ends_the_text(sent: bytes, *, complete: bool) -> None:
    keys = Keys()
    keys.feed(sent)
    assert keys.is_complete is complete
