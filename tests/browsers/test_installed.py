"""Which browsers are found; runs everywhere, for it starts none."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from tests.browsers import installed
from tests.browsers.drivers import ENGINES, Engine, NotInstalledError, open_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Put = Callable[..., str]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    """Put programs on a PATH, and in a list of MiniBrowsers, that are empty otherwise."""

    def put(name: str, text: str = "\x7fELF") -> str:
        program = tmp_path / name
        program.write_text(text)
        program.chmod(0o755)
        return str(program)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installed, "MINI_BROWSERS", (f"{tmp_path}/Mini*",))
    monkeypatch.setattr(installed, "find_spec", lambda _: None)
    installed.find.cache_clear()
    yield put
    installed.find.cache_clear()


@pytest.mark.parametrize("name", ENGINES)
def test_on_a_bare_machine_no_engine_is_found_and_opening_says_which(
    put: Put, name: Engine
) -> None:
    assert installed.find(name) is None
    with pytest.raises(NotInstalledError, match=f"^browser not installed: {name}$"):
        open_browser(name).__enter__()


@pytest.mark.parametrize(
    ("name", "programs"),
    [
        ("chromium", ("chromium", "chromedriver")),
        ("chromium", ("google-chrome", "chromedriver")),
        ("firefox", ("firefox-esr", "geckodriver")),
        ("firefox", ("firefox", "geckodriver")),
        ("webkit", ("MiniBrowser", "WebKitWebDriver", "Xvfb")),
    ],
)
def test_an_engine_is_found_once_the_last_of_its_programs_is_there(
    put: Put, name: Engine, programs: tuple[str, ...]
) -> None:
    *some, last = programs
    paths = [put(program) for program in some]
    assert installed.find(name) is None
    installed.find.cache_clear()
    paths.append(put(last))
    assert installed.find(name) == installed.Programs(browser=paths[0], driver=paths[1])


def test_a_snap_that_stands_in_for_a_browser_is_no_browser(put: Put) -> None:
    put("chromedriver")
    put("chromium", "#!/bin/sh\nexec /snap/bin/chromium\n")
    assert installed.find("chromium") is None


@pytest.mark.parametrize(
    ("machine", "found"), [("x86_64", "linux64"), ("aarch64", "aarch64"), ("riscv64", None)]
)
def test_geckodriver_may_come_from_a_wheel_that_has_it_for_this_machine(
    put: Put, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, found: str | None
) -> None:
    browser = put("firefox")
    wheel = tmp_path / "wheel"
    wheel.mkdir()
    for suffix in ("linux64", "aarch64"):
        (wheel / f"geckodriver_{suffix}").write_text("not executable, as in the wheel")

    class Spec:
        origin = str(wheel / "__init__.py")

    monkeypatch.setattr(installed, "find_spec", lambda _: Spec)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    expected = found and installed.Programs(
        browser=browser, driver=str(wheel / f"geckodriver_{found}")
    )
    assert installed.find("firefox") == expected
