"""What is loaded, and when: nothing but our own few modules until it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Beside this file, and not where the tools are: a bug is planted in a copy of the tree.
SOURCE = Path(__file__).resolve().parents[2] / "src"

# No I/O module and nothing third-party. On 3.11 pathlib and importlib.metadata load urllib and
# socket, so they are out as well.
NOT_LOADED = {
    *("asyncio", "http", "importlib.metadata", "logging", "pathlib", "selectors", "socket"),
    *("ssl", "subprocess", "urllib"),
    *("click", "granian", "h11", "h2", "idna", "msgspec", "publicsuffixlist", "rich"),
}

# What `corsmith --help` has no use for: everything that judges, serves or asks.
NOT_FOR_HELP = {
    *("corsmith.decision", "corsmith.document", "corsmith.gate", "corsmith.lint"),
    *("corsmith.pattern", "corsmith.policy", "corsmith.refusals", "corsmith.regex"),
    *("corsmith.routes", "corsmith.suffixes", "corsmith.tables"),
    *("corsmith.server.run", "corsmith.server.echo"),
    *("granian", "h11", "h2", "idna", "msgspec", "publicsuffixlist", "rich"),
}

# What a server does before its first answer without: a start is mostly the loading of modules.
NOT_BEFORE_THE_FIRST_ANSWER = {
    # What the person is told, and the page to try it from.
    *("corsmith.advice", "corsmith.question", "corsmith.words", "webbrowser", "tomllib"),
    *("corsmith.server.banner", "corsmith.server.browsing", "corsmith.server.herald"),
    *("corsmith.server.omitted", "corsmith.server.page", "corsmith.server.prediction"),
    *("corsmith.server.visit", "corsmith.server.tls"),
    # What only a slip, an expression, a failure or a line about a refusal needs.
    *("corsmith.ambiguity", "corsmith.application", "corsmith.expression", "corsmith.nearest"),
    *("corsmith.regex", "corsmith.repair", "corsmith.strangers", "difflib", "sysconfig"),
    # What only a listing, a page or a gateway needs.
    *("aiohttp", "email", "html", "http.client", "http.server", "importlib.resources"),
    *("encodings.idna", "idna", "publicsuffixlist", "secrets"),
}

SERVES = """
from corsmith.__main__ import main
import corsmith.server.run
corsmith.server.run.Processes.serve = lambda self, **_settings: self.signal_handler_interrupt()
sys.argv = ["corsmith", "serve", *{words}, "--port", "0"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""

ASKS_FOR_HELP = """
from corsmith.__main__ import main
sys.argv = ["corsmith", "--help"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""


def loaded_by(code: str, *flags: str) -> set[str]:
    """Return the names of the modules that a new interpreter has after some code."""
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{code}\n"
    program += "print('\\n'.join(['', '-- modules --', *sys.modules]))"
    # Measuring coverage would load modules of its own.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, *flags, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    return set(done.stdout.rpartition("-- modules --")[2].split())


def test_importing_corsmith_loads_no_io_module_and_nothing_third_party() -> None:
    # -I -S: no site-packages, so nothing there can load a module before us.
    loaded = loaded_by("import corsmith", "-I", "-S")
    assert "corsmith" in loaded
    assert NOT_LOADED & loaded == set()


def test_importing_corsmith_loads_none_of_its_own_modules_yet() -> None:
    loaded = loaded_by("import corsmith", "-I", "-S")
    assert {name for name in loaded if name.startswith("corsmith.")} == set()


def test_the_server_of_a_notebook_is_a_name_of_the_package() -> None:
    loaded = loaded_by("import corsmith\nassert callable(corsmith.server.background)")
    assert {"corsmith.server", "corsmith.server.beside"} <= loaded
    assert not {"granian", "corsmith.server.run"} & loaded


def test_a_policy_of_exact_origins_needs_no_io_and_nothing_third_party() -> None:
    code = "from corsmith import Policy\nPolicy(origins=['https://app.example'], credentials=True)"
    loaded = loaded_by(code, "-I", "-S")
    assert "corsmith.policy" in loaded
    assert NOT_LOADED & loaded == set()


def test_the_help_text_loads_no_policy_code_and_no_server() -> None:
    loaded = loaded_by(ASKS_FOR_HELP)
    assert "click" in loaded
    assert NOT_FOR_HELP & loaded == set()


@pytest.mark.parametrize("words", [[], ["."]], ids=["the API", "a folder"])
def test_a_server_loads_nothing_before_its_first_answer_that_it_can_load_later(
    words: list[str],
) -> None:
    loaded = loaded_by(SERVES.format(words=words))
    assert {"corsmith.server.front", "granian"} <= loaded
    assert NOT_BEFORE_THE_FIRST_ANSWER & loaded == set()


def test_a_policy_function_has_what_its_failure_needs_before_it_fails() -> None:
    """It may fail because no file can be opened any more."""
    code = "from corsmith.gate import admit\nadmit(lambda *asked: None, {})"
    assert "corsmith.regex" in loaded_by(code)
    assert "corsmith.regex" not in loaded_by("import corsmith.gate")
