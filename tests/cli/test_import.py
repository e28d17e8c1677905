from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot

from corsmith.cli import main
from corsmith.cli.status import Status
from corsmith.document import read_document
from corsmith.policy import Policy
from tests.cli.applications import FLASK, ONE, RIGHT, STARLETTE, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from stand_in(tmp_path, monkeypatch)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["import", *words])


def imported(folder: Path, source: str, word: str = "main:app", name: str = "main.py") -> Result:
    """Import from a file whose source this is."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    sys.modules.pop("main", None)
    return run(word)


APPS = {
    "starlette": STARLETTE.format(arguments=ONE),
    "flask": FLASK.format(arguments='origins=["https://app.example"]'),
    "aiohttp": """\
from aiohttp import web
import aiohttp_cors
async def page(request): return web.Response()
app = web.Application()
options = {"https://app.example": aiohttp_cors.ResourceOptions()}
aiohttp_cors.setup(app).add(app.router.add_get("/items", page), options)
""",
}
SETTINGS = """\
MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware"]
CORS_ALLOWED_ORIGINS = ["https://app.example"]
"""


NOTHING = (
    "has no CORS settings of Starlette's CORSMiddleware, flask-cors, django-cors-headers or "
    'aiohttp-cors\n  begin with: [policy], then origins = ["https://app.example"]\n'
)
ADDRESS = "is an address, whose settings nobody can read: corsmith check https://api.example"


@pytest.mark.parametrize("library", APPS)
@pytest.mark.parametrize("word", ["main:app", "main.py", "main"])
def test_an_application_is_named_in_three_ways(folder: Path, library: str, word: str) -> None:
    result = imported(folder, APPS[library], word)
    assert result.exit_code == Status.OK
    assert result.stderr == f"corsmith: imports {word}\n"
    policy = read_document(result.stdout)
    if not isinstance(policy, Policy):
        found = policy.policy_for("/items")
        assert found is not None
        policy = found
    assert policy.origins == ("https://app.example",)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("settings.py", "settings.py"),
        ("mysite/settings.py", "mysite.settings"),
        ("mysite/settings.py", "mysite/settings.py"),
    ],
)
def test_settings_are_a_file_or_a_module(folder: Path, name: str, word: str) -> None:
    result = imported(folder, SETTINGS, word, name)
    assert result.exit_code == Status.OK
    policy = read_document(result.stdout)
    assert isinstance(policy, Policy)
    assert policy.origins == ("https://app.example",)
    for module in ("settings", "mysite.settings", "mysite"):
        sys.modules.pop(module, None)


def test_a_function_that_makes_the_application_is_called_one_that_waits_too(folder: Path) -> None:
    source = APPS["aiohttp"].replace("app = web", "async def create_app():\n  app = web")
    source = source.replace("options =", "  options =").replace(
        "aiohttp_cors.setup", "  aiohttp_cors.setup"
    )
    source += "  return app\n"
    for word in ("main:create_app", "main.py"):
        assert imported(folder, source, word).exit_code == Status.OK


def test_what_an_application_prints_stays_out_of_the_policy(folder: Path) -> None:
    result = imported(folder, "print('tea')\n" + APPS["starlette"])
    assert result.stderr == "corsmith: imports main:app\ntea\n"
    read_document(result.stdout)


def test_a_usual_name_that_is_no_application_is_passed_over(folder: Path) -> None:
    source = APPS["starlette"] + "application, app = app, 7\n"
    assert imported(folder, source, "main.py").exit_code == Status.OK


def test_several_layers_are_told(folder: Path) -> None:
    twice = APPS["starlette"] + "app.add_middleware(CORSMiddleware, allow_origins=['*'])\n"
    result = imported(folder, twice)
    assert result.stderr.endswith("corsmith: CORS is set up in 2 places, named in the comments\n")
    assert "# CORS is set up in 2 places:\n" in result.stdout


@pytest.mark.parametrize(
    ("source", "word", "told"),
    [
        (
            "def app(environ, start_response): return []\n",
            "main:app",
            f"main:app {NOTHING}",
        ),
        (
            RIGHT.format(arguments='origins=["https://app.example"]'),
            "main:app",
            "main:app has a policy of corsmith already\n  corsmith check main:app\n",
        ),
        (
            "MIDDLEWARE = INSTALLED_APPS = []\n",
            "main.py",
            f"main.py {NOTHING}",
        ),
    ],
)
def test_where_nothing_is_found_the_next_step_is_told(
    folder: Path, source: str, word: str, told: str
) -> None:
    result = imported(folder, source, word)
    assert result.exit_code == Status.NO
    assert result.stdout == ""
    assert result.stderr == f"corsmith: imports {word}\ncorsmith: {told}"


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("cors.toml", "cors.toml is a policy file already: corsmith check cors.toml"),
        ("site/", "site/ is a folder; name the file in it: corsmith import site/main.py"),
        (
            "https://api.example",
            f"https://api.example {ADDRESS}",
        ),
        ("cors.txt", "cors.txt is no Python application: corsmith import main:app"),
        ("nowhere.py", "there is no file or folder nowhere.py"),
    ],
)
def test_what_cannot_be_imported_from_is_told_and_nothing_is_imported(
    folder: Path, word: str, told: str
) -> None:
    (folder / "site").mkdir()
    (folder / "cors.toml").touch()
    (folder / "cors.txt").touch()
    result = run(word)
    assert result.exit_code == Status.USAGE
    assert (result.stdout, result.stderr) == ("", f"corsmith: {told}\n")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("nowhere", "name its file: corsmith import FILE.py\n"),
        ("main:nope", "main has no nope; type\n  corsmith import main:app\n"),
    ],
)
def test_a_slip_is_told_with_this_verb(folder: Path, word: str, told: str) -> None:
    result = imported(folder, APPS["starlette"], word)
    assert result.exit_code == Status.USAGE
    assert result.stderr.endswith(told)


def test_code_that_fails_is_shown_with_its_own_lines(folder: Path) -> None:
    result = imported(folder, "1 / 0\n")
    assert result.exit_code == Status.UNKNOWN
    assert result.stdout == ""
    assert "main:app cannot be imported" in result.stderr
    assert "ZeroDivisionError" in result.stderr


def test_nothing_is_changed(folder: Path) -> None:
    (folder / "cors.toml").write_text("mine", encoding="utf-8")
    before = APPS["starlette"]
    imported(folder, before)
    assert (folder / "main.py").read_text(encoding="utf-8") == before
    assert (folder / "cors.toml").read_text(encoding="utf-8") == "mine"


def test_the_whole_page_of_a_usual_application(folder: Path) -> None:
    arguments = 'allow_origins=["*"], allow_credentials=True, allow_methods=["PUT", "POST"]'
    result = imported(folder, STARLETTE.format(arguments=arguments))
    # Not every release of Starlette knows private networks.
    told = re.sub(r"# - .*Private-Network: .*\n#   .*\n", "", result.stdout)
    assert told == snapshot("""\
# The CORS settings of main:app, Starlette's CORSMiddleware, as a policy of corsmith.
#
# holes that are closed:
# - wildcard-with-credentials: credentials: Starlette's CORSMiddleware gives every origin
#   credentials, so any site could act as the signed-in user. Here any origin may read without
#   credentials, and none with them. For credentials list the origins and write credentials = true.
#
# what is answered otherwise:
# - answers-differently: Origin: a value that is not one serialized origin (a path, a capital, two
#   lines) is refused here unless any origin is allowed; no browser sends one.
# - answers-differently: lists: names are joined by a comma alone, each list whole and in the order
#   written below. Access-Control-Allow-Methods, Access-Control-Allow-Headers and
#   Access-Control-Max-Age are only on the answer to a preflight, Access-Control-Expose-Headers only
#   on others.
# - answers-differently: errors: every answer of the application carries the headers here: a 404, a
#   405, a redirect, and the 500 of an error that nobody handles.
# - answers-differently: preflight: one that is refused for its origin, method or headers is 400
#   there and 200 here, without what is not allowed: a browser refuses both.
# - answers-differently: refused origin: there it gets Access-Control-Allow-Credentials and
#   Access-Control-Expose-Headers, and a preflight the lists of methods and headers; here only Vary.
# - answers-differently: methods: GET and HEAD are refused there with 400 where a preflight asks for
#   them, and allowed here: GET, HEAD and POST are CORS-safelisted methods, which need no
#   permission.
# - answers-differently: Access-Control-Allow-Origin: * and Access-Control-Expose-Headers are on
#   every answer here, there only on those to a request with Origin, and as the origin itself.
# - answers-differently: Vary: there it is sent although the answer is * for everyone; here it is
#   not.

[policy]
origins = ["*"]
methods = ["PUT", "POST"]
headers = ["Accept", "Accept-Language", "Content-Language", "Content-Type"]  # the default there
credentials = false
max_age = 600  # the default there
""")
