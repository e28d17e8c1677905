"""The script that installs the browsers, on a made-up machine; runs everywhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "browsers.sh"
# What the script, and the made-up apt-get, run.
TOOLS = ("grep", "head", "tr", "touch", "cp")
PROGRAMS = ("chromium", "chromedriver", "firefox-esr", "WebKitWebDriver", "Xvfb")
PACKAGES = "chromium chromium-driver firefox-esr webkit2gtk-driver xvfb"
# Knows the packages that are files in `known`; installing one puts its program on PATH.
APT_GET = """\
for word in "$@"; do
    case $word in
    update) echo update >>{root}/log; touch {root}/known/xvfb ;;
    install) echo install >>{root}/log ;;
    chromium | firefox-esr) program=$word ;;
    chromium-driver) program=chromedriver ;;
    webkit2gtk-driver) program=WebKitWebDriver ;;
    xvfb) program=Xvfb ;;
    esac
    if [ -n "${{program:-}}" ]; then
        [ -e {root}/known/$word ] || exit 100
        echo "$word" >>{root}/log
        cp {root}/program {root}/bin/$program
        program=
    fi
done
"""


class Machine:
    """A machine with nothing but a shell, and what a test adds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        (root / "known").mkdir()
        (root / "program").write_text("\x7fELF")
        (root / "program").chmod(0o755)
        for name in TOOLS:
            (self.bin / name).symlink_to(str(shutil.which(name)))

    def add(self, name: str, text: str = "") -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def add_apt(self, *known: str) -> None:
        for name in known:
            (self.root / "known" / name).touch()
        self.add("apt-cache", f"[ -e {self.root}/known/$2 ]")
        self.add("apt-get", APT_GET.format(root=self.root))

    def add_user(self, number: int) -> None:
        self.add("id", f"echo {number}")

    def run(self) -> str:
        done = subprocess.run(
            ["/bin/sh", SCRIPT],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == ""
        return done.stderr

    @property
    def log(self) -> list[str]:
        path = self.root / "log"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "programs", [PROGRAMS, ("google-chrome", "chromedriver", "firefox", *PROGRAMS[3:])]
)
def test_nothing_is_said_or_done_where_all_browsers_are(
    machine: Machine, programs: tuple[str, ...]
) -> None:
    machine.add_user(0)
    machine.add_apt(*PACKAGES.split())
    for program in programs:
        machine.add(program)
    assert machine.run() == ""
    assert machine.log == []


def test_root_gets_what_is_missing_and_only_that(machine: Machine) -> None:
    machine.add_user(0)
    machine.add_apt(*PACKAGES.split())
    machine.add("firefox-esr")
    wanted = PACKAGES.replace("firefox-esr ", "")
    assert machine.run() == f"browsers: installing {wanted} (apt-get) …\n"
    assert machine.log == ["install", *wanted.split()]
    assert machine.run() == ""


def test_lists_of_packages_are_fetched_where_there_are_none(machine: Machine) -> None:
    machine.add_user(0)
    machine.add_apt()
    for program in PROGRAMS[:-1]:
        machine.add(program)
    assert machine.run() == "browsers: installing xvfb (apt-get) …\n"
    assert machine.log == ["update", "install", "xvfb"]


def test_a_user_is_told_the_command_and_nothing_is_installed(machine: Machine) -> None:
    machine.add_user(1000)
    machine.add_apt(*PACKAGES.split())
    assert machine.run() == (
        "browsers: their tests are skipped until you run: "
        f"sudo apt-get install --no-install-recommends {PACKAGES}\n"
    )
    assert machine.log == []


def test_another_system_is_told_what_is_missing(machine: Machine) -> None:
    machine.add_user(0)
    assert machine.run() == (
        f"browsers: missing what Debian calls {PACKAGES}; "
        "until they are installed, their tests are skipped.\n"
    )


def test_on_ubuntu_a_snap_is_no_browser_and_the_rest_is_installed(machine: Machine) -> None:
    machine.add_user(0)
    machine.add_apt("webkit2gtk-driver", "xvfb")
    machine.add("firefox", "exec /snap/bin/firefox")
    lost = "chromium chromium-driver firefox-esr"
    assert machine.run() == (
        "browsers: installing webkit2gtk-driver xvfb (apt-get) …\n"
        "browsers: could not be installed "
        f"(Ubuntu has some only as snaps, which tests cannot drive): {lost}\n"
    )
    assert machine.log == ["install", "webkit2gtk-driver", "xvfb"]


def test_a_failing_apt_get_does_not_fail_the_build(machine: Machine) -> None:
    machine.add_user(0)
    machine.add_apt(*PACKAGES.split())
    machine.add("apt-get", f"echo tried >>{machine.root}/log; exit 100")
    assert machine.run().endswith(f"which tests cannot drive): {PACKAGES}\n")
    assert machine.log == ["tried", "tried"]
