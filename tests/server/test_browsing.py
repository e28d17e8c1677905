from __future__ import annotations

import shlex
import stat
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from corsmith.server import browsing
from corsmith.server.browsing import Shown, open_address
from corsmith.server.echo import Echo
from corsmith.server.folder.serving import Files
from corsmith.server.folder.viewers import find_viewer
from tests.server.served import Served, soon

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS = "http://127.0.0.1:8000/a?b=c&d=e"


class Window(webbrowser.BaseBrowser):
    """A browser with a window, which opens or does not."""

    def __init__(self, *, opens: bool) -> None:
        super().__init__("window")
        self.opened: list[str] = []
        self._opens = opens

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT002  as webbrowser has it
        self.opened.append(url)
        return self._opens


def opened(
    monkeypatch: pytest.MonkeyPatch,
    browser: Any,
    environ: Mapping[str, str] | None = None,
    *,
    is_secret: bool = False,
) -> list[str]:
    """Return what is said when an address is opened in a browser."""

    def get() -> Any:
        if isinstance(browser, Exception):
            raise browser
        return browser

    monkeypatch.setattr(webbrowser, "get", get)
    said: list[str] = []
    open_address(ADDRESS, said.append, environ or {}, is_secret=is_secret).join(5)
    return said


NONE = [f"there is no browser here that --open could use; the address is {ADDRESS}"]


def test_a_browser_with_a_window_is_opened_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = Window(opens=True)
    assert opened(monkeypatch, window) == []
    assert window.opened == [ADDRESS]


@pytest.mark.parametrize(
    "browser",
    [Window(opens=False), webbrowser.Error("none"), OSError("gone")],
    ids=["does-not-open", "none", "gone"],
)
def test_where_there_is_none_the_address_is_told(
    monkeypatch: pytest.MonkeyPatch, browser: object
) -> None:
    assert opened(monkeypatch, browser) == NONE


def test_one_that_would_draw_in_the_terminal_is_taken_only_if_it_was_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = write_browser(tmp_path)
    text = webbrowser.GenericBrowser([program, "%s"])
    assert opened(monkeypatch, text) == NONE
    assert not (tmp_path / "opened").exists()
    assert opened(monkeypatch, text, {"BROWSER": program}) == []
    assert (tmp_path / "opened").read_text() == ADDRESS
    behind = webbrowser.BackgroundBrowser([program, "%s"])
    monkeypatch.setattr(behind, "open", Window(opens=True).open)
    assert opened(monkeypatch, behind) == []


def led_to(url: str) -> Path:
    """Return the file that a browser was told to open."""
    assert url.startswith("file:///")
    return Path(urlsplit(url).path)


def test_a_secret_address_is_in_a_file_that_nobody_else_may_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a browser is started with can be read by every user of the machine."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(browsing, "_KEPT_SECONDS", 0.2)
    window = Window(opens=True)
    seen: list[tuple[int, str]] = []

    def look(url: str) -> bool:
        path = led_to(url)
        seen.append((stat.S_IMODE(path.stat().st_mode), path.read_text()))
        return True

    monkeypatch.setattr(window, "open", look)
    assert opened(monkeypatch, window, is_secret=True) == []
    ((mode, text),) = seen
    assert mode == 0o600
    written = ADDRESS.replace("&", "&amp;")
    assert f'<meta http-equiv="refresh" content="0;url={written}">' in text
    assert f'<a href="{written}">' in text
    soon(lambda: list(tmp_path.iterdir()) == [], 5)


def test_a_file_that_cannot_be_in_the_users_folder_is_where_temporary_ones_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    window = Window(opens=True)
    assert opened(monkeypatch, window, is_secret=True) == []
    assert led_to(window.opened[0]).parent == tmp_path
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert opened(monkeypatch, window, is_secret=True) == NONE


def test_nobody_waits_for_a_browser_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    window = Window(opens=True)

    def get() -> Window:
        free.wait(10)
        return window

    monkeypatch.setattr(webbrowser, "get", get)
    thread = open_address(ADDRESS, lambda _line: None, {})
    assert thread.is_alive()
    assert thread.daemon
    assert window.opened == []
    free.set()
    thread.join(5)
    assert window.opened == [ADDRESS]


def test_files_have_an_address_of_their_own_to_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a b.pmtiles").touch()
    url = "http://127.0.0.1:8000"
    folder = Files.of(str(tmp_path))
    assert isinstance(folder, Shown)
    assert folder.address(url) == f"{url}/"
    assert Files.of(str(tmp_path / "a b.pmtiles")).address(url) == f"{url}/a%20b.pmtiles"
    seen = Files.of(str(tmp_path), viewer=find_viewer("pmtiles"))
    assert seen.address(url).startswith("https://pmtiles.io/#url=http%3A%2F%2F127.0.0.1%3A8000")
    assert not isinstance(Echo(), Shown)


# ── a real server ──────────────────────────────────────────────────────────────


def write_browser(folder: Path) -> str:
    """Write a program that notes what it is to open."""
    program = folder / "browser"
    note = f"open({str(folder / 'opened')!r}, 'w').write(sys.argv[1])"
    program.write_text(f"#!{shlex.quote(sys.executable)}\nimport sys\n{note}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("flags", "begins"),
    [
        ([], "file://{home}/corsmith-"),
        (["--no-try"], "http://127.0.0.1:{port}/"),
        (["data"], "http://127.0.0.1:{port}/"),
        (["data", "--tls"], "https://127.0.0.1:{port}/"),
    ],
)
def test_what_is_served_is_opened_once_it_answers(
    tmp_path: Path, flags: list[str], begins: str
) -> None:
    (tmp_path / "data").mkdir()
    found = tmp_path / "opened"
    with Served(
        "--open",
        *flags,
        folder=tmp_path,
        BROWSER=write_browser(tmp_path),
        XDG_STATE_HOME=str(tmp_path),
        HOME=str(tmp_path),
    ) as running:
        soon(lambda: found.exists() and found.read_text() != "", 20)
        address = found.read_text()
        assert address.startswith(begins.format(port=running.port, home=tmp_path))
        if flags == []:
            page = running.err.wait("token=").split()[2]
            assert f"url={page}" in led_to(address).read_text()
            assert "token=" not in address
    assert list(tmp_path.glob("*.html")) == []


@pytest.mark.servers
def test_a_server_without_a_browser_says_so_and_goes_on(tmp_path: Path) -> None:
    with Served("--open", folder=tmp_path, BROWSER=str(tmp_path / "gone"), PATH="") as running:
        running.err.wait("there is no browser here that --open could use")
        assert running.ask().status == 200
