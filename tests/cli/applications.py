"""Applications that ``corsmith check main:app`` is tested with, and how it is run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from tests.cli.asking import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from click.testing import Result

__all__ = [
    "BARE",
    "DJANGO",
    "FLASK",
    "INSTALLED",
    "ONE",
    "RIGHT",
    "STARLETTE",
    "checked",
    "codes",
    "stand_in",
]

STARLETTE: Final = """\
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, {arguments})


@app.get("/items")
def read_items() -> list[str]:
    print("tea")
    return ["tea"]
"""
INSTALLED: Final = STARLETTE.replace(
    "from fastapi.middleware.cors import CORSMiddleware\n", "from corsmith import install\n"
).replace("app.add_middleware(CORSMiddleware, {arguments})", "install(app, {arguments})")
ONE: Final = 'allow_origins=["https://app.example"]'
FLASK: Final = """\
from flask import Flask
from flask_cors import CORS
app = Flask(__name__)
CORS(app, {arguments})
@app.get("/items/")
def read_items(): return ["tea"]
"""
RIGHT: Final = """\
from flask import Flask
from corsmith import install
app = Flask(__name__)
@app.get("/items/")
def read_items(): return ["tea"]
install(app, {arguments})
"""
BARE: Final = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/items", lambda request: PlainTextResponse("tea"))])
"""
DJANGO: Final = """\
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "corsheaders.middleware.CorsMiddleware",
]
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["api.example"], SECRET_KEY="x", MIDDLEWARE=MIDDLEWARE,
    CORS_ALLOWED_ORIGINS=["https://app.example"],
)
urlpatterns = [path("items/", lambda request: JsonResponse({}))]
application = get_wsgi_application()
import warnings
warnings.warn("careful")
"""


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in an empty folder, and forget what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [
        n for n, m in sys.modules.items() if str(tmp_path) in str(getattr(m, "__file__", ""))
    ]:
        del sys.modules[name]


def checked(folder: Path, source: str, *words: str, target: str = "main:app") -> Result:
    """Check an application whose source this is."""
    (folder / "main.py").write_text(source, encoding="utf-8")
    sys.modules.pop("main", None)
    return check(target, *words)


def codes(result: Result) -> list[str]:
    """Return the codes of the findings of a check in JSON."""
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]
