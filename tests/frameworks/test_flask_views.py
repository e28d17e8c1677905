"""Views of Flask with policies of their own: functions, classes, blueprints, hosts, redirects."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View

from corsmith import PolicyError, Routes
from corsmith.adapters.flask import CORS, cors, install
from tests.frameworks.calling import over_wsgi
from tests.frameworks.hosts.flask import pages
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


def allowed(app: Any, method: str, path: str, origin: str = OTHER) -> list[str]:
    """Return whom an application allows."""
    return over_wsgi(app)(ask(method, path, origin)).lines(ALLOW)


def offered(app: Any, path: str, wanted: str, origin: str = OTHER) -> list[str]:
    """Return the methods that a preflight is told."""
    return over_wsgi(app)(ask("OPTIONS", path, origin, wanted)).lines(METHODS)


def test_a_mark_stands_above_or_below_the_route_and_below_other_decorators() -> None:
    app = install(Flask(__name__), POLICY)

    def logged(view: Any) -> Any:
        def wrapper(*arguments: Any, **values: Any) -> Any:
            return view(*arguments, **values)

        wrapper.__wrapped__ = view  # type: ignore[attr-defined]  # as functools.wraps does
        return wrapper

    @cors(PARTNER)
    @app.get("/above")
    def above() -> Any:
        return {}

    @app.get("/below")
    @cors(PARTNER)
    def below() -> Any:
        return {}

    @app.get("/wrapped", endpoint="wrapped")
    @logged
    @cors(PARTNER)
    def wrapped() -> Any:
        return {}

    for path in ("/above", "/below", "/wrapped"):
        assert allowed(app, "GET", path) == [OTHER]
        assert offered(app, path, "GET") == ["DELETE"]


class Items(MethodView):
    """A view class with a policy of its own."""

    cors_policy = PARTNER

    def get(self, number: int) -> Any:
        return {"number": number}

    @cors(None)
    def put(self, number: int) -> Any:
        return {}


class Methods(MethodView):
    """A view class of which one method has a policy of its own."""

    @cors(PARTNER)
    def get(self) -> Any:
        return {}

    def post(self) -> Any:
        return {}


class Head(Methods):
    """A view class that answers HEAD by itself."""

    def head(self) -> Any:
        return {}


class Plain(View):
    """A view class that answers every method in one."""

    decorators: ClassVar = [cors(PARTNER)]
    methods = ("GET", "POST")

    def dispatch_request(self) -> Any:
        return {}


def classes() -> Flask:
    """Return an application of view classes."""
    app = Flask(__name__)
    app.add_url_rule("/items/<int:number>", view_func=Items.as_view("items"))
    app.add_url_rule("/methods", view_func=Methods.as_view("methods"))
    app.add_url_rule("/head", view_func=Head.as_view("head"))
    app.add_url_rule("/plain", view_func=Plain.as_view("plain"))
    return install(app, POLICY)


def test_a_view_class_has_its_policy_and_each_of_its_methods_may_have_one() -> None:
    app = classes()
    assert allowed(app, "GET", "/items/1") == [OTHER]
    assert offered(app, "/items/1", "GET") == ["DELETE"]
    assert allowed(app, "GET", "/items/one") == []  # the converter takes no words
    assert over_wsgi(app)(ask("PUT", "/items/1", APP)).cors == {}
    assert allowed(app, "GET", "/methods") == allowed(app, "HEAD", "/methods") == [OTHER]
    assert allowed(app, "POST", "/methods", APP) == [APP]
    assert allowed(app, "HEAD", "/head", APP) == [APP]
    assert allowed(app, "POST", "/plain") == [OTHER]


def test_a_mark_that_is_no_policy_is_told_at_the_first_request() -> None:
    class Wrong(MethodView):
        """A view class whose author wrote a string."""

        cors_policy = APP

        def get(self) -> Any:
            return {}

    app = install(Flask(__name__), POLICY)
    app.add_url_rule("/wrong", view_func=Wrong.as_view("wrong"))
    with pytest.raises(PolicyError, match="is no policy of a route"):
        over_wsgi(app)(ask("GET", "/wrong", APP))


def test_a_method_that_a_marked_route_has_not_is_answered_by_its_mark() -> None:
    app = classes()
    assert offered(app, "/plain", "DELETE") == ["DELETE"]
    refused = over_wsgi(app)(ask("DELETE", "/plain", OTHER))
    assert (refused.status, refused.lines(ALLOW)) == (405, [OTHER])
    # Its methods do not agree, so the policy of the whole says it.
    assert offered(app, "/items/1", "PATCH", APP) == ["GET,PUT"]


def test_the_redirect_to_a_marked_route_is_the_routes() -> None:
    app = Flask(__name__)
    app.add_url_rule("/marked/", view_func=cors(PARTNER)(lambda: "marked"))
    install(app, POLICY)
    redirect = over_wsgi(app)(ask("GET", "/marked", OTHER))
    assert (redirect.status, redirect.lines(ALLOW)) == (308, [OTHER])
    below = over_wsgi(app)(ask("GET", "/marked", OTHER).__class__(path="/marked", headers=()))
    assert below.cors == {"vary": ["Origin"]}


def test_a_redirect_that_goes_nowhere_else_has_the_policy_of_the_whole() -> None:
    app = Flask(__name__, host_matching=True, static_host="api.example")
    view = cors(PARTNER)(lambda: "marked")
    app.add_url_rule("/<path:old>", view_func=view, host="api.example", redirect_to="<old>")
    app.add_url_rule("/marked", endpoint="x", view_func=view, host="api.example")
    install(app, POLICY)
    reply = over_wsgi(app)(ask("GET", "/loop", APP))
    assert reply.lines(ALLOW) == [APP]


def test_static_files_may_be_marked() -> None:
    app = Flask(__name__, static_folder=".", static_url_path="/static")
    cors(PARTNER)(app.view_functions["static"])
    install(app, POLICY)
    assert allowed(app, "GET", "/static/test_flask.py") == [OTHER]
    assert offered(app, "/static/no/such.txt", "GET") == ["DELETE"]
    assert allowed(app, "GET", "/items", APP) == [APP]


def at(host: str, method: str = "GET", origin: str = OTHER) -> Any:
    """Return a request of the path / at a host."""
    request = ask(method, "/", origin, "GET")
    lines = tuple((n, host if n == "Host" else v) for n, v in request.headers)
    return request.__class__(method=method, path="/", headers=lines)


def test_hosts_and_subdomains_have_marks_of_their_own() -> None:
    app = Flask(__name__, host_matching=True, static_host="api.example")
    app.add_url_rule("/", "api", lambda: "api", host="api.example")
    app.add_url_rule("/", "partner", cors(PARTNER)(lambda: "partner"), host="partner.example")
    shop = Flask(__name__, subdomain_matching=True)
    shop.config["SERVER_NAME"] = "shop.example"
    shop.add_url_rule("/", "shop", lambda: "shop")
    shop.add_url_rule("/", "feed", cors(PARTNER)(lambda: "feed"), subdomain="feed")
    for site, marked, plain in (
        (app, "partner.example", "api.example"),
        (shop, "feed.shop.example", "shop.example"),
    ):
        reply = over_wsgi(install(site, POLICY))
        assert reply(at(marked)).lines(ALLOW) == [OTHER]
        assert reply(at(marked, "OPTIONS")).lines(METHODS) == ["DELETE"]
        assert reply(at(plain)).lines(ALLOW) == []
        assert reply(at(plain, origin=APP)).lines(ALLOW) == [APP]


@pytest.mark.skipif("TRUSTED_HOSTS" not in Flask.default_config, reason="new in Flask 3.1")
def test_a_host_that_flask_does_not_trust_has_the_policy_of_the_whole() -> None:
    app = install(pages(), POLICY)
    app.config["TRUSTED_HOSTS"] = ["api.example"]
    request = ask("DELETE", "/marked", APP)
    lines = (*((n, v) for n, v in request.headers if n != "Host"), ("Host", "evil.example"))
    reply = over_wsgi(app)(request.__class__(method="DELETE", path="/marked", headers=lines))
    assert (reply.status, reply.lines(ALLOW)) == (400, [APP])


def test_marks_are_found_by_method_and_path_alone_too() -> None:
    app = install(pages(), POLICY)
    marks = app.extensions["corsmith"].marks
    assert over_wsgi(app)(ask("GET", "/items", APP)).status == 200
    assert marks("DELETE", "/marked") == PARTNER
    assert marks("GET", "/exempt") is None


def test_an_application_without_marks_is_not_looked_at_again() -> None:
    app = install(Flask(__name__), POLICY)
    app.add_url_rule("/items", view_func=lambda: "items")
    layer = app.extensions["corsmith"]
    assert offered(app, "/items", "GET", APP) == ["GET,PUT"]
    assert layer.marks is not None  # Flask still lets routes be added
    app.add_url_rule("/late", "late", cors(PARTNER)(lambda: "late"))
    assert offered(app, "/late", "GET") == ["DELETE"]
    plain = install(Flask(__name__), POLICY)
    plain.add_url_rule("/items", view_func=lambda: "items")
    assert allowed(plain, "GET", "/items", APP) == [APP]
    assert plain.extensions["corsmith"].marks is None


def blueprint(name: str = "partner") -> Blueprint:
    """Return a blueprint with one page."""
    made = Blueprint(name, __name__)
    made.add_url_rule("/report", view_func=lambda: "report", endpoint="report")
    return made


@pytest.mark.parametrize(
    "put",
    {
        "its own": lambda made: CORS(POLICY).init_app(made, PARTNER),
        "that of the extension": lambda made: CORS(PARTNER).init_app(made),
        "at once": lambda made: CORS(made, PARTNER),
        "by its fields": lambda made: CORS(made, origins=[OTHER]),
        "by a mark": cors(PARTNER),
        "by an attribute": lambda made: setattr(made, "cors_policy", PARTNER),
    }.items(),
    ids=lambda put: put[0],
)
def test_a_blueprint_has_a_policy_of_its_own(put: Any) -> None:
    app, made = pages(), blueprint()
    put[1](made)
    app.register_blueprint(made, url_prefix="/partner")
    install(app, POLICY)
    assert allowed(app, "GET", "/partner/report") == [OTHER]
    assert allowed(app, "GET", "/items", APP) == [APP]
    assert allowed(app, "GET", "/items") == []


def test_a_blueprint_in_a_blueprint_has_its_own_or_that_of_the_outer() -> None:
    outer, inner, other = blueprint("outer"), blueprint("inner"), blueprint("other")
    cors(PARTNER)(outer)
    cors(None)(inner)
    outer.register_blueprint(inner, url_prefix="/inner")
    outer.register_blueprint(other, url_prefix="/other")
    app = Flask(__name__)
    app.register_blueprint(outer, url_prefix="/outer")
    install(app, POLICY)
    assert over_wsgi(app)(ask("GET", "/outer/inner/report", OTHER)).cors == {}
    assert allowed(app, "GET", "/outer/other/report") == [OTHER]


def test_a_blueprint_alone_has_its_policy_and_nothing_else_is_touched() -> None:
    app, made = pages(), blueprint()
    CORS(made, PARTNER)
    app.register_blueprint(made, url_prefix="/partner")
    assert allowed(app, "GET", "/partner/report") == [OTHER]
    assert over_wsgi(app)(ask("GET", "/items", OTHER)).cors == {}


def test_the_policy_of_the_whole_may_come_after_that_of_a_blueprint() -> None:
    app, made = pages(), blueprint()
    CORS(made, PARTNER)
    app.register_blueprint(made, url_prefix="/partner")
    layer = app.extensions["corsmith"]
    CORS(app, POLICY, enforce=True)
    assert app.extensions["corsmith"] is app.wsgi_app is layer
    assert allowed(app, "GET", "/items", APP) == [APP]
    assert over_wsgi(app)(ask("GET", "/items", OTHER)).status == 403
    assert allowed(app, "GET", "/partner/report") == [OTHER]


def test_a_blueprint_may_come_after_the_policy_of_the_whole() -> None:
    app, made = install(pages(), POLICY), blueprint()
    layer = app.extensions["corsmith"]
    CORS(made, PARTNER)
    app.register_blueprint(made, url_prefix="/partner")
    assert app.extensions["corsmith"] is app.wsgi_app is layer
    assert allowed(app, "GET", "/partner/report") == [OTHER]
    assert allowed(app, "GET", "/items", APP) == [APP]


def test_what_a_blueprint_cannot_have_is_told() -> None:
    with pytest.raises(PolicyError, match="enforce holds for a whole application"):
        CORS(POLICY).init_app(blueprint(), enforce=True)
    with pytest.raises(PolicyError, match="is no policy of a route"):
        CORS(Routes({"/": POLICY})).init_app(blueprint())


def test_an_extension_that_enforces_gives_a_blueprint_its_policy_only() -> None:
    app, made = pages(), blueprint()
    extension = CORS(POLICY, enforce=True)
    extension.init_app(made, PARTNER)
    app.register_blueprint(made)
    extension.init_app(app)
    assert over_wsgi(app)(ask("GET", "/report", APP)).status == 403
