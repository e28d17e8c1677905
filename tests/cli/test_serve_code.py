"""A folder of Python code is not taken for a folder of data without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from corsmith.cli import serve_code
from corsmith.cli.serve_code import told_of_code

WSGI = "application = get_wsgi_application()\n"
SERVED = "which is served as files here"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*files: str, text: str = "") -> None:
    for name in files:
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def django(here: Path) -> Path:
    """A project as `django-admin startproject mysite .` makes it, with an app and data."""
    write("manage.py", "mysite/__init__.py", "mysite/settings.py", "shop/models.py", "data/a.csv")
    write("mysite/wsgi.py", "mysite/asgi.py", text=WSGI)
    return here


def test_the_package_of_a_django_project_is_told_with_its_app(django: Path) -> None:
    assert told_of_code("mysite") == [
        f"warning: mysite is Python code, {SERVED}, settings.py too",
        "  to serve the app, write corsmith serve mysite.wsgi:application",
    ]
    assert told_of_code(str(django / "mysite"))[1].endswith(" serve mysite.wsgi:application")


def test_the_project_is_told_and_so_is_code_beside_its_manage_py(django: Path) -> None:
    project = f"warning: {{}} is a Django project, {SERVED}, settings.py too"
    app = "corsmith serve mysite.wsgi:application"
    assert told_of_code(".") == [project.format("."), f"  to serve the app, write {app}"]
    assert told_of_code("shop") == [
        f"warning: shop is Python code, {SERVED}",
        f"  to serve the app, write {app}",
    ]
    (django / "a b").mkdir()
    (django / "manage.py").rename("a b/manage.py")
    (django / "mysite").rename("a b/mysite")
    assert told_of_code("a b") == [
        project.format("a b"),
        f"  to serve the app, write cd 'a b' && {app}",
    ]


def test_a_package_is_told_with_the_app_that_is_found_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("shop/__init__.py", "shop/wsgi.py")
    write("shop/asgi.py", text="import x\napp: App = x.App()\n")
    assert told_of_code("shop")[1] == "  to serve the app, write corsmith serve shop.asgi:app"
    Path("shop/asgi.py").unlink()
    assert told_of_code("shop") == [
        f"warning: shop is Python code, {SERVED}",
        "  to serve the app, write corsmith serve shop:app",
    ]
    monkeypatch.chdir("shop")
    assert told_of_code(".")[1] == "  to serve the app, write cd .. && corsmith serve shop:app"


def test_a_project_without_a_known_app_is_told_with_an_example() -> None:
    write("site/manage.py")
    assert told_of_code("site")[1].endswith("cd site && corsmith serve main:app")


def test_data_is_served_without_a_word(django: Path) -> None:
    assert told_of_code("data") == []
    write("scripts/plot.py")
    (django / "manage.py").unlink()
    assert told_of_code("scripts") == told_of_code(".") == []


def test_what_cannot_be_read_is_told_by_others(
    django: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_root: Path, _path: Path) -> str:
        raise PermissionError

    monkeypatch.setattr(serve_code, "_app_of", fail)
    assert told_of_code(str(django / "mysite")) == []
