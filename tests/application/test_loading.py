"""An application by its name, found as a server finds it, and what is told where it is not."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from corsmith.application.generations import Asgi2
from corsmith.application.loading import load_app, load_app_file, quiet
from corsmith.errors import AppError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WSGI = "def app(environ, start_response): return []\n"
ASGI = "async def app(scope, receive, send): ...\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in an empty folder, and forget what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, text: str, name: str = "mine.py") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("source", [WSGI, ASGI])
def test_a_name_in_a_module_of_the_current_folder_is_found(folder: Path, source: str) -> None:
    write(folder, source)
    loaded = load_app("mine:app")
    assert loaded.app.__name__ == "app"
    assert (loaded.name, loaded.attr, loaded.file, loaded.made) == ("mine", "app", "mine.py", False)
    assert loaded.root == os.getcwd()  # noqa: PTH109  as text


@pytest.mark.parametrize("target", ["mine:create_app", "mine:create_app()", "mine:Maker.make()"])
def test_a_factory_is_called(folder: Path, target: str) -> None:
    source = (
        "def create_app(name='x', *args, **more):\n"
        "    def app(environ, start): return []\n"
        "    return app\n"
    )
    write(folder, source + "class Maker:\n    make = staticmethod(create_app)\n")
    loaded = load_app(target)
    assert loaded.made
    assert loaded.attr == target.removeprefix("mine:").removesuffix("()")


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        (
            WSGI,
            "nowhere:app",
            "\n  start in the folder that nowhere is in, or name its file: corsmith check FILE.py",
        ),
        (WSGI, "mime:app", "there is no module mime in"),
        (WSGI, "mime:app", "or installed; type\n  corsmith check mine:app"),
        (WSGI, "mine:ap", "mine has no ap; type\n  corsmith check mine:app"),
        (WSGI.replace("app", "web"), "mine:x", "mine has no x; type\n  corsmith check mine:web"),
        ("y = 1\n", "mine:x", "mine has no x, and no other application"),
        (WSGI, "mine:app.x", "mine has no x, and no other application"),
        ("app = 1\n", "mine:app", "mine:app is int, no ASGI or WSGI application"),
        ("app = 1\n", "mine:app()", "mine:app() is int, no ASGI or WSGI application"),
        ("class app: ...\n", "mine:app", "mine:app is type, no ASGI"),
        ("async def app(): ...\n", "mine:app()", "mine:app() returns NoneType, no ASGI"),
        ("def app(a): ...\n", "mine:app", "mine:app is function, no ASGI or WSGI"),
        ("def app(): return 1\n", "mine:app", "mine:app returns int, no ASGI or WSGI"),
        (
            WSGI + "class It: pass\nit = It()\nit.server = app\n",
            "mine:it",
            "application and nothing that makes one; type\n  corsmith check mine:it.server",
        ),
        (
            "class It:\n    def streamable_http_app(self): ...\nit = It()\n",
            "mine:it",
            "; type\n  corsmith check 'mine:it.streamable_http_app()'",
        ),
    ],
)
def test_what_is_no_application_says_what_to_type(
    folder: Path, source: str, target: str, told: str
) -> None:
    write(folder, source)
    with pytest.raises(UsageError) as caught:
        load_app(target)
    assert told in str(caught.value)


@pytest.mark.usefixtures("folder")
def test_a_file_that_was_moved_away_is_told_as_that() -> None:
    with pytest.raises(UsageError) as caught:
        load_app_file("gone.py", "serve")
    assert str(caught.value).splitlines() == [
        "there is no file gone.py",
        "  put it back, or start with its new name",
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import json\njson.loads('{')\n", "mine:app cannot be imported\n"),
        ("import nowhere.at_all\n", "mine:app cannot be imported: nowhere is not installed for"),
        ("import sys\nsys.exit('usage')\n", "mine:app ends the program when it is imported\n"),
        ("def app(): raise KeyError('x')\n", "mine:app fails when it is called\n"),
    ],
)
def test_their_own_traceback_is_shown_with_their_lines_only(
    folder: Path, source: str, told: str
) -> None:
    write(folder, source)
    with pytest.raises(AppError) as caught:
        load_app("mine:app")
    assert str(caught.value).startswith(told)
    assert str(caught.value).count("  File ") == 1
    assert f'"{folder / "mine.py"}", line' in str(caught.value)


def test_of_a_django_project_its_applications_are_named(folder: Path) -> None:
    write(folder, "def main(): ...\n", "manage.py")
    for name in ("asgi", "wsgi"):
        write(folder, "", f"site/{name}.py")
    with pytest.raises(UsageError) as caught:
        load_app_file("manage.py", "serve")
    assert str(caught.value).splitlines()[1:] == [
        "  corsmith serve site.asgi:application",
        "  corsmith serve site.wsgi:application",
    ]


@pytest.mark.parametrize(("name", "other"), [("json", json.__file__), ("sys", "of Python itself")])
@pytest.mark.parametrize("how", ["name", "file"])
def test_a_file_with_the_name_of_another_module_is_never_mistaken_for_it(
    folder: Path, name: str, other: str, how: str
) -> None:
    write(folder, WSGI, f"{name}.py")
    with pytest.raises(UsageError) as caught:
        load_app(f"{name}:app") if how == "name" else load_app_file(f"{name}.py")
    assert str(caught.value) == (
        f"{name}.py has the name of another module, {other}, which is imported in its place\n"
        "  call the file something else"
    )


def test_an_application_of_an_older_form_is_made_one_of_today(folder: Path) -> None:
    write(
        folder,
        "class App:\n    def __init__(self, scope): ...\n    async def __call__(self, a, b): ...\n",
    )
    assert isinstance(load_app("mine:App").app, Asgi2)


def test_a_server_does_not_call_an_async_factory(folder: Path) -> None:
    write(
        folder, "async def make():\n    async def app(scope, receive, send): ...\n    return app\n"
    )
    assert load_app("mine:make").made
    with pytest.raises(UsageError, match=r"async factory.*\n  make it a plain def"):
        load_app("mine:make", "serve")


def test_a_file_that_is_no_python_says_where(folder: Path) -> None:
    write(folder, "def app(\n")
    with pytest.raises(AppError, match="SyntaxError"):
        load_app("mine:app")


@pytest.mark.parametrize(
    ("name", "module"),
    [("mine.py", "mine"), ("pack/web.py", "web"), ("my-app.py", "__corsmith_app__")],
)
def test_a_file_is_imported_by_its_name(folder: Path, name: str, module: str) -> None:
    write(folder, WSGI, name)
    assert load_app_file(name).name == module


def test_a_folder_that_is_on_the_path_already_is_not_added_again(folder: Path) -> None:
    write(folder, WSGI)
    write(folder, WSGI, "my-app.py")
    sys.path.insert(0, str(folder))
    load_app("mine:app")
    load_app_file("my-app.py")
    assert sys.path.count(str(folder)) == 1


def test_a_file_in_a_package_is_imported_with_its_package(folder: Path) -> None:
    write(folder, "", "pack/__init__.py")
    write(folder, "from . import __name__ as parent\n" + WSGI, "pack/web.py")
    loaded = load_app_file("pack/web.py")
    assert (loaded.name, loaded.root) == ("pack.web", str(folder))


@pytest.mark.parametrize(
    ("source", "attr"),
    [
        (WSGI + WSGI.replace("app", "application"), "app"),
        ("def create_app():\n    def app(e, s): return []\n    return app\n", "create_app"),
        (
            "class W:\n    def __call__(self, environ, start): return []\nsite = W()\n_x = W()\n",
            "site",
        ),
    ],
)
def test_the_usual_name_is_taken_or_the_only_one(folder: Path, source: str, attr: str) -> None:
    write(folder, source)
    assert load_app_file("mine.py").attr == attr


def test_a_file_without_an_application_says_what_to_name(folder: Path) -> None:
    write(folder, "x = 1\n")
    with pytest.raises(UsageError, match="corsmith check mine:NAME"):
        load_app_file("mine.py")


def test_a_file_with_several_shows_them(folder: Path) -> None:
    write(
        folder,
        "class Web:\n    def __call__(self, environ, start): return []\na = Web()\nb = Web()\n",
    )
    with pytest.raises(UsageError, match=r"2 applications; type one of\n  corsmith check mine:a\n"):
        load_app_file("mine.py")


@pytest.mark.parametrize("name", ["mine.py", "my-app.py"])
def test_a_file_that_fails_shows_its_traceback(folder: Path, name: str) -> None:
    write(folder, "1 / 0\n", name)
    with pytest.raises(AppError, match="ZeroDivisionError"):
        load_app_file(name)


def test_a_file_of_another_kind_is_refused(folder: Path) -> None:
    write(folder, "", "my-app.txt")
    with pytest.raises(UsageError, match="is no Python file"):
        load_app_file("my-app.txt")


def test_what_an_application_prints_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with quiet():
        print("hello")  # noqa: T201  as an application does
    told = capsys.readouterr()
    assert told.out == ""
    assert "hello" in told.err
