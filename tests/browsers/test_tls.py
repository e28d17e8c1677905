"""A browser trusts `corsmith serve --tls` once the line of its banner was run, and not before."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.browsers.chromium import ARGUMENTS
from tests.browsers.installed import find
from tests.server.served import Served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browsers, pytest.mark.servers]


def page(url: str, home: Path) -> str:
    """Return the page that Chromium makes of an address, in a home of its own."""
    programs = find("chromium")
    assert programs is not None
    arguments = [argument for argument in ARGUMENTS if "remote-debugging" not in argument]
    profile = home / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    done = subprocess.run(
        [programs.browser, *arguments, f"--user-data-dir={profile}", "--dump-dom", url],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def test_chromium_reads_once_the_authority_is_trusted(tmp_path: Path) -> None:
    if find("chromium") is None or shutil.which("certutil") is None:
        pytest.skip("browser not installed: Chromium with certutil")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "people.csv").touch()
    home = tmp_path / "home"
    home.mkdir()
    flags = (str(tmp_path / "data"), "--tls", "--no-try")
    with Served(*flags, XDG_STATE_HOME=str(tmp_path / "state")) as server:
        url = f"https://localhost:{server.port}/"
        assert "people.csv" not in page(url, home)
        command = server.err.wait("  trust it ").partition("trust it")[2].strip()
        subprocess.run(  # noqa: S602  it is written for a shell
            command, shell=True, env={**os.environ, "HOME": str(home)}, check=True, timeout=60
        )
        for name in ("localhost", "127.0.0.1"):
            assert "people.csv" in page(url.replace("localhost", name), home)
