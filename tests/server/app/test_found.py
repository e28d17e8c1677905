"""What an application turns out to be, and whose policy is in force for it."""

from __future__ import annotations

from typing import Any

import falcon
import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from flask import Flask
from flask_cors import CORS
from litestar import Litestar
from litestar.config.cors import CORSConfig
from starlette.applications import Starlette

from corsmith import Policy, Routes, install
from corsmith.adapters.starlette import cors
from corsmith.server.app.found import AS_IT_IS, find

OWN = Policy(origins=["https://app.example"])


def fastapi_with_stock() -> FastAPI:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"])
    return app


def flask_with_stock() -> Flask:
    app = Flask("shop")
    CORS(app)
    return app


async def asgi(_scope: Any, _receive: Any, _send: Any) -> None: ...


def wsgi(_environ: Any, _start_response: Any) -> list[bytes]:
    return []


KEPT = "corsmith import main:app > cors.toml, and serve with --policy cors.toml"


@pytest.mark.parametrize(
    ("app", "words", "keep"),
    [
        (FastAPI(), "FastAPI app without CORS of its own", None),
        (Starlette(), "Starlette app without CORS of its own", None),
        (asgi, "ASGI app without CORS of its own", None),
        (wsgi, "WSGI app without CORS of its own", None),
        (
            fastapi_with_stock(),
            "FastAPI app with its own CORSMiddleware: its headers are replaced",
            KEPT,
        ),
        (flask_with_stock(), "Flask app with its own flask-cors: its headers are replaced", KEPT),
        (
            Litestar(cors_config=CORSConfig(allow_origins=["https://app.example"])),
            "Litestar app with its own CORSConfig: its headers are replaced",
            None,
        ),
        (
            falcon.App(cors_enable=True),
            "Falcon app with its own CORSMiddleware: its headers are replaced",
            None,
        ),
    ],
    ids=["FastAPI", "Starlette", "ASGI", "WSGI", "stock", "flask-cors", "Litestar", "Falcon"],
)
def test_a_layer_of_another_library_is_replaced_and_told(
    app: Any, words: str, keep: str | None
) -> None:
    found = find(app, "main:app", keeps=True)
    assert found.notes == (("found", words), *(() if keep is None else (("keep it", keep),)))
    assert found.policy is None
    # Whoever gives a policy has no use for another.
    assert find(app, "main:app", keeps=False).notes == (("found", words),)


def test_the_command_that_keeps_settings_can_be_typed_as_it_is() -> None:
    (_, (_, command)) = find(fastapi_with_stock(), "main:make()", keeps=True).notes
    assert command.startswith("corsmith import 'main:make()' > cors.toml")


@pytest.mark.parametrize(
    "policy", [OWN, Routes({"/api/": OWN, "/": None})], ids=["a policy", "routes"]
)
@pytest.mark.parametrize(
    "make",
    [FastAPI, lambda: Flask("shop"), lambda: asgi, lambda: wsgi],
    ids=["FastAPI", "Flask", "ASGI", "WSGI"],
)
def test_a_policy_of_corsmiths_own_stays(policy: Policy | Routes, make: Any) -> None:
    app = install(make(), policy)
    found = find(app, "main:app", keeps=True)
    assert found.policy == policy
    assert found.notes[0][1].endswith(" app with a corsmith policy of its own: it stays")


def test_a_policy_of_the_command_line_comes_before_the_applications() -> None:
    found = find(install(FastAPI(), OWN), "main:app", keeps=False)
    assert found.policy is None
    assert found.notes[0][1] == (
        "FastAPI app with a corsmith policy of its own: the command line's is in its place"
    )


def marked() -> FastAPI:
    app = FastAPI()

    @app.get("/open")
    @cors(origins="*")
    def endpoint() -> None: ...

    return app


async def choose(_origin: Any, _scheme: Any, _host: Any, _path: Any) -> Policy:
    return OWN


@pytest.mark.parametrize(
    "app",
    [
        install(marked(), OWN),
        install(FastAPI(), choose),
        install(fastapi_with_stock(), OWN),
    ],
    ids=["marks", "a function", "two layers"],
)
def test_where_only_the_applications_layer_can_decide_nothing_is_put_around_it(app: Any) -> None:
    assert find(app, "main:app", keeps=True).policy is AS_IT_IS


def test_an_application_that_cannot_be_read_is_served_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_app: Any) -> None:
        raise RuntimeError("a property of theirs")

    monkeypatch.setattr("corsmith.server.app.found.examine", fail)
    assert find(asgi, "main:app", keeps=True).notes == (
        ("found", "ASGI app without CORS of its own"),
    )
