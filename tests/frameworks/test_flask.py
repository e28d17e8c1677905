"""What is particular to Flask: its extension, blueprints, view classes, URL map and debugger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from flask import Blueprint, Flask, Response
from werkzeug.debug import DebuggedApplication

import corsmith
from corsmith import PolicyError, Routes
from corsmith.adapters import wsgi
from corsmith.adapters.flask import CORS, CORSMiddleware, install
from tests.frameworks.calling import over_wsgi
from tests.frameworks.hosts.flask import pages
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

if TYPE_CHECKING:
    from tests.adapters.hosts import Reply

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


def allowed(app: Any, method: str, path: str, origin: str = OTHER) -> list[str]:
    """Return whom an application allows."""
    return over_wsgi(app)(ask(method, path, origin)).lines(ALLOW)


def offered(app: Any, path: str, wanted: str, origin: str = OTHER) -> list[str]:
    """Return the methods that a preflight is told."""
    return over_wsgi(app)(ask("OPTIONS", path, origin, wanted)).lines(METHODS)


def test_the_application_stays_the_object_that_it_was() -> None:
    app = pages()
    assert install(app, POLICY) is app
    assert corsmith.install(pages().__class__(__name__), POLICY).__class__ is Flask
    layer = app.extensions["corsmith"]
    assert (type(layer), layer.policy, app.wsgi_app) == (CORSMiddleware, POLICY, layer)


def test_a_class_of_ones_own_is_a_flask_application_too() -> None:
    class Shop(Flask):
        """An application with something more."""

    assert "corsmith" in corsmith.install(Shop(__name__), POLICY).extensions


@pytest.mark.parametrize("app", [Blueprint("shop", __name__), "main:app", None])
def test_what_is_no_flask_application_is_refused(app: Any) -> None:
    with pytest.raises(PolicyError, match="is no Flask application"):
        install(app, POLICY)


def test_a_path_without_its_slash_has_the_policy_of_where_flask_sends_it() -> None:
    client = install(pages(), Routes({"/items": POLICY})).test_client()
    for path in ("/items", "items"):
        answer = client.get(path, headers={"Origin": APP})
        assert (answer.status_code, answer.headers.get(ALLOW)) == (200, APP)


def test_an_application_behind_the_layer_for_wsgi_keeps_working() -> None:
    app = pages()
    app.wsgi_app = corsmith.install(app.wsgi_app, POLICY)  # type: ignore[method-assign]
    assert type(app.wsgi_app) is wsgi.CORSMiddleware
    assert allowed(app, "GET", "/fails", APP) == [APP]


def test_an_extension_is_made_once_and_given_each_application_of_a_factory() -> None:
    extension = CORS(POLICY)
    for app in (pages(), pages()):
        extension.init_app(app)
        assert allowed(app, "GET", "/nowhere", APP) == [APP]


@pytest.mark.parametrize(
    "put",
    {
        "at once": lambda app: CORS(app, POLICY),
        "at once, by its fields": lambda app: CORS(app, origins=[APP]),
        "before, by its fields": lambda app: CORS(origins=[APP]).init_app(app),
        "with the application": lambda app: CORS().init_app(app, POLICY),
        "in place of the other": lambda app: CORS(PARTNER).init_app(app, POLICY),
        "in its place, by its fields": lambda app: CORS(PARTNER).init_app(app, origins=[APP]),
        "by path": lambda app: CORS(Routes({"/": POLICY})).init_app(app),
        "by a function": lambda app: CORS(lambda *_: POLICY).init_app(app),
    }.items(),
    ids=lambda put: put[0],
)
def test_the_policy_is_given_with_the_application_or_before(put: Any) -> None:
    app = pages()
    put[1](app)
    assert allowed(app, "GET", "/items", APP) == [APP]
    assert allowed(app, "GET", "/items", OTHER) == []


def test_enforce_is_given_with_the_application_or_before() -> None:
    for put in (
        lambda app: CORS(app, POLICY, enforce=True),
        lambda app: CORS(POLICY, enforce=True).init_app(app),
        lambda app: CORS(POLICY).init_app(app, enforce=True),
    ):
        app = pages()
        put(app)
        assert over_wsgi(app)(ask("GET", "/items", OTHER)).status == 403
    app = pages()
    CORS(POLICY, enforce=True).init_app(app, enforce=False)
    assert over_wsgi(app)(ask("GET", "/items", OTHER)).status == 200


def test_a_keyword_of_flask_cors_is_told_with_ours() -> None:
    with pytest.raises(PolicyError, match="Here it is credentials="):
        CORS(pages(), origins=[APP], supports_credentials=True)
    with pytest.raises(PolicyError, match="is what Routes says"):
        CORS(pages(), resources={r"/api/*": {"origins": "*"}})
    with pytest.raises(PolicyError, match="no Flask application"):
        CORS("https://app.example", POLICY)
    with pytest.raises(PolicyError, match="no policy"):
        CORS("https://app.example")


def test_a_configuration_of_flask_cors_is_told_with_ours() -> None:
    app = pages()
    app.config.update(CORS_ORIGINS=[APP], CORS_SUPPORTS_CREDENTIALS=True, CORS_RESOURCES="/*")
    with pytest.raises(PolicyError) as told:
        CORS(app)
    assert str(told.value) == (
        "unknown-field: no policy is given; the configuration has CORS_ORIGINS, "
        "CORS_SUPPORTS_CREDENTIALS, which is not read. "
        'Write CORS(app, origins=app.config["CORS_ORIGINS"], '
        'credentials=app.config["CORS_SUPPORTS_CREDENTIALS"]).'
    )
    CORS(app, origins=app.config["CORS_ORIGINS"])
    assert allowed(app, "GET", "/items", APP) == [APP]


def test_no_policy_at_all_is_told() -> None:
    with pytest.raises(PolicyError, match="origins-empty"):
        CORS(pages())


def test_what_is_wrong_is_told_where_the_extension_is_made() -> None:
    with pytest.raises(PolicyError, match="origin-has-path"):
        CORS(origins=["https://app.example/"])
    with pytest.raises(PolicyError, match="neither True nor False"):
        CORS(POLICY, enforce="yes")  # type: ignore[arg-type]


def test_an_extension_marks_as_the_decorator_does() -> None:
    extension = CORS(POLICY)
    app = Flask(__name__)
    app.add_url_rule("/report", view_func=extension(PARTNER)(lambda: "report"))
    extension.init_app(app)
    assert allowed(app, "GET", "/report") == [OTHER]


def test_the_test_client_sees_the_headers_and_in_testing_the_exception() -> None:
    app = install(pages(), POLICY)
    client = app.test_client()
    assert client.get("/fails", headers={"Origin": APP}).headers[ALLOW] == APP
    with client:
        assert client.get("/items", headers={"Origin": APP}).json == {"status": "OK"}
    app.testing = True
    with pytest.raises(LookupError):
        client.get("/fails", headers={"Origin": APP})


def debugged(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an application as the development server runs it in debug mode."""
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "off")
    app.debug = True
    return DebuggedApplication(app, evalex=True)


def evaluate(served: Any, page: Reply, expression: str) -> str:
    """Return what the debugger answers to an expression in the last frame of its page."""
    text = page.body.decode()
    found = re.search(r'SECRET = "(\w+)"', text)
    frames = re.findall(r'id="frame-(\d+)"', text)
    assert found
    query = f"__debugger__=yes&cmd={expression}&frm={frames[-1]}&s={found[1]}"

    def with_query(environ: Any, start_response: Any) -> Any:
        return served({**environ, "QUERY_STRING": query}, start_response)

    return over_wsgi(with_query)(ask("GET", "/fails", APP)).body.decode()


@pytest.mark.parametrize("prepare", [pages, lambda: Flask(__name__)], ids=["marks", "none"])
def test_the_page_of_the_debugger_carries_the_headers_and_works(
    prepare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = prepare()

    @app.get("/raises")
    def raises() -> Any:
        forty = 40
        raise LookupError(forty)

    served = debugged(install(app, POLICY), monkeypatch)
    ask_served = over_wsgi(served)
    assert ask_served(ask("OPTIONS", "/raises", APP)).lines(ALLOW) == [APP]
    for _ in range(2):
        page = ask_served(ask("GET", "/raises", APP))
        assert (page.status, page.lines(ALLOW)) == (500, [APP])
        assert b"Werkzeug Debugger" in page.body
    assert "42" in evaluate(served, page, "forty%2B2")
    assert ask_served(ask("GET", "/raises", OTHER)).cors == {"vary": ["Origin"]}


def test_both_debuggers_ask_for_the_same_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    served = debugged(install(pages(), POLICY), monkeypatch)
    monkeypatch.delenv("WERKZEUG_DEBUG_PIN")
    over_wsgi(served)(ask("GET", "/items", APP))
    inner = served.app.wsgi_app.app._debugger
    assert inner.pin == served.pin is not None
    assert inner.pin_cookie_name == served.pin_cookie_name


def test_no_debugger_is_there_where_the_server_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    app = install(pages(), POLICY)
    served = debugged(app, monkeypatch)
    assert b"Werkzeug Debugger" in over_wsgi(served)(ask("GET", "/fails", APP)).body
    plain = over_wsgi(app)(ask("GET", "/fails", APP))
    assert (plain.status, plain.lines(ALLOW)) == (500, [APP])
    assert b"Debugger" not in plain.body


def test_a_streamed_answer_is_marked_and_passed_on_as_it_comes() -> None:
    app = install(Flask(__name__), POLICY)
    made: list[str] = []

    def parts() -> Any:
        for part in ("a", "b"):
            made.append(part)
            yield part

    app.add_url_rule("/stream", view_func=lambda: Response(parts()))
    heads: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/stream",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "HTTP_ORIGIN": APP,
    }
    body = iter(app(environ, lambda *head: heads.append(head)))  # type: ignore[arg-type]
    assert next(body) == b"a"
    assert made == ["a"]
    assert ("Access-Control-Allow-Origin", APP) in heads[0][1]
    assert b"".join(body) == b"b"
