from __future__ import annotations

from types import SimpleNamespace

from flask import Flask
from flask_cors import CORS

from corsmith.importers import LIBRARIES, import_app, import_settings


def test_an_application_is_read_by_the_reader_of_its_library() -> None:
    app = Flask("original")
    CORS(app)
    found = import_app(app)
    assert found is not None
    assert found.title in LIBRARIES


def test_settings_are_read_as_settings_and_nothing_else_is() -> None:
    found = import_settings(SimpleNamespace(CORS_ALLOW_ALL_ORIGINS=True))
    assert found is not None
    assert found.title in LIBRARIES
    assert import_settings(SimpleNamespace()) is None


def test_what_no_library_made_is_none_of_theirs() -> None:
    assert import_app(object()) is None
