"""What is particular to Django: its responses, its settings that change, and its two protocols."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

import corsmith
from corsmith import Policy, PolicyError, Routes
from corsmith.adapters import asgi, wsgi
from corsmith.adapters.django import CORSMiddleware, active, install
from tests.adapters import table
from tests.adapters.hosts import App, Request, environ_of
from tests.frameworks.calling import over_asgi, over_wsgi
from tests.frameworks.hosts.django import PAGES, can_ask, scripted
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, PROBES, ask, faults
from tests.frameworks.project import COMMON, OURS, Project
from tests.frameworks.test_policy_cases import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """Leave the settings as they were."""
    yield
    Project.leave()


def serve(*urls: Any, asynchronous: bool = False, **changes: Any) -> Any:
    """Return what asks a project with these pages."""
    changes = {"CORS_POLICY": POLICY, "ROOT_URLCONF": urls or PAGES, **changes}
    return Project(**changes).serve(asynchronous=asynchronous)


def stream(request: Any) -> Any:
    return StreamingHttpResponse(iter([b"a", b"b"]))


def download(request: Any) -> Any:
    return FileResponse(io.BytesIO(b"bytes"), as_attachment=True, filename="a.bin")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_every_request_after_the_first_is_answered_like_it(*, asynchronous: bool) -> None:
    pages = serve(*PAGES[:4], asynchronous=asynchronous)
    for _ in range(3):
        assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
        assert pages(ask("GET", "/items", OTHER)).cors == {"vary": ["Origin"]}
        assert pages(ask("GET", "/items", None)).cors == {"vary": ["Origin"]}
        assert pages(ask("OPTIONS", "/items", APP)).lines(METHODS) == ["GET,PUT"]
    active.policy = Policy(origins="*")
    for _ in range(3):
        assert pages(ask("GET", "/items", OTHER)).cors == {ALLOW: ["*"]}


@pytest.mark.parametrize("view", [stream, download])
def test_a_response_that_streams_is_marked_and_not_read(view: Any) -> None:
    reply = serve(path("x", view))(ask("GET", "/x", APP))
    assert (reply.status, reply.lines(ALLOW)) == (200, [APP])
    assert reply.body in {b"ab", b"bytes"}


def test_the_page_of_debug_can_be_read() -> None:
    reply = serve(DEBUG=True)(ask("GET", "/fails", APP))
    assert (reply.status, reply.lines(ALLOW)) == (500, [APP])
    assert b"LookupError" in reply.body
    missing = serve(DEBUG=True)(ask("GET", "/nowhere", APP))
    assert (missing.status, missing.lines(ALLOW)) == (404, [APP])


def test_over_asgi_an_async_view_runs_where_the_middleware_does() -> None:
    threads = set[int]()

    async def view(request: Any) -> Any:
        threads.add(threading.get_ident())
        return HttpResponse(b"async")

    reply = serve(path("x", view), asynchronous=True)(ask("GET", "/x", APP))
    assert (reply.body, reply.lines(ALLOW)) == (b"async", [APP])
    assert threads == {threading.get_ident()}


def test_a_middleware_above_that_is_not_async_changes_nothing() -> None:
    # Django then calls ours in a thread of its own, without awaiting it.
    layers = [f"{__name__}.plain_layer", OURS]
    for request in (ask("GET", "/items", APP), ask("OPTIONS", "/items", APP)):
        assert serve(asynchronous=True, MIDDLEWARE=layers)(request).lines(ALLOW) == [APP]


def plain_layer(get_response: Any) -> Any:
    def layer(request: Any) -> Any:
        return get_response(request)

    return layer


@pytest.mark.parametrize("case", table.CHOSEN, ids=lambda case: case.name)
def test_the_lines_of_a_name_are_joined_as_django_has_them(case: Any) -> None:
    # A row whose application has several lines of a name is asked with one.
    joined: dict[str, str] = {}
    for name, value in case.app.headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    app = App(headers=tuple(joined.items()))
    assert can_ask(case.request, app)
    reply = scripted(case.source, app)(case.request)
    expect = {name: [", ".join(lines)] for name, lines in case.expect.items()}
    fitting = type(case)(
        name=case.name,
        source=case.source,
        request=case.request,
        expect=expect,
        status=case.status,
        app_ran=case.app_ran,
    )
    assert differences(fitting, reply) == []


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_policy_function_is_called_as_it_is_written(kind: str, *, asynchronous: bool) -> None:
    def choose(origin: str | None, scheme: str, host: str | None, path: str) -> Any:
        return POLICY if path == "/items" else None

    async def choose_async(origin: Any, scheme: str, host: Any, path: str) -> Any:
        return choose(origin, scheme, host, path)

    source = choose if kind == "def" else choose_async
    pages = serve(CORS_POLICY=source, asynchronous=asynchronous)
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert pages(ask("OPTIONS", "/items", APP)).lines(METHODS) == ["GET,PUT"]
    assert pages(ask("GET", "/slash/", APP)).lines(ALLOW) == []


def test_override_settings_is_in_force_at_once_and_no_longer_than_it_lasts() -> None:
    pages = serve()
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == []
    with override_settings(CORS_POLICY={"origins": [OTHER]}):
        assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
        with override_settings(CORS_POLICY={"origins": "*"}):
            assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == ["*"]
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == []


def test_the_test_client_sees_what_a_server_sends() -> None:
    Project(CORS_POLICY=POLICY, ROOT_URLCONF=PAGES).enter()
    client = Client(headers={"origin": APP})
    assert client.get("/items").headers["Access-Control-Allow-Origin"] == APP
    asked = {"access-control-request-method": "PUT"}
    assert client.options("/items", headers=asked).headers["Access-Control-Allow-Methods"]


def test_no_server_starts_with_a_policy_that_is_none() -> None:
    with pytest.raises(PolicyError, match="wildcard-with-credentials"):
        serve(CORS_POLICY={"origins": "*", "credentials": True})
    with pytest.raises(PolicyError, match="CORS_ALLOWED_ORIGINS: no origin is allowed"):
        Project(ROOT_URLCONF=PAGES).serve()


def test_a_swap_lasts_until_the_settings_are_read_again() -> None:
    pages = serve(CORS_ENFORCE=True)
    active.policy = PARTNER
    assert active.policy is PARTNER
    assert pages(ask("GET", "/items", APP)).status == 403
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    active.reload()
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]


def test_a_swap_puts_an_end_to_a_policy_that_is_none() -> None:
    Project(CORS_POLICY={"origins": [APP, "app.example"]}, ROOT_URLCONF=PAGES).enter()
    with pytest.raises(PolicyError, match="CORS_POLICY origins"):
        _ = active.policy
    active.policy = POLICY
    assert active.policy is POLICY


def test_a_swap_during_the_first_request_is_not_undone_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from corsmith.adapters.django import in_force
    from corsmith.adapters.django.views import Views

    class Slow(Views):
        def __init__(self) -> None:
            super().__init__()
            active.policy = PARTNER

    Project(CORS_POLICY=POLICY, ROOT_URLCONF=PAGES).enter()
    monkeypatch.setattr(in_force, "Views", Slow)
    assert active.prepare().reading.source is POLICY  # type: ignore[union-attr]  # it was read
    assert active.policy is PARTNER


def test_a_refusal_with_enforce_has_no_body_for_head() -> None:
    pages = serve(CORS_ENFORCE=True)
    reply = pages(ask("HEAD", "/items", OTHER))
    assert (reply.status, reply.body) == (403, b"")
    assert int(reply.lines("content-length")[0]) > 0


def test_the_path_as_it_was_received_keeps_routes_from_being_tricked() -> None:
    routes = Routes({"/api/": POLICY, "/": None})
    for asynchronous in (False, True):
        pages = serve(CORS_POLICY=routes, asynchronous=asynchronous)
        assert pages(ask("GET", "/api/x", APP)).lines(ALLOW) == [APP]
        assert pages(ask("GET", "/api/../x", APP)).lines(ALLOW) == []
    environ = environ_of(ask("GET", "/api/x/y", APP), RAW_URI="/api%2fx/y?q", SCRIPT_NAME="")
    heads: list[Any] = []

    def start_response(_status: str, headers: Any) -> None:
        heads.append(dict(headers))

    get_wsgi_application()(environ, start_response)
    assert "Access-Control-Allow-Origin" not in heads[0]
    environ = environ_of(ask("GET", "/api/x", APP), RAW_URI="/sub/api/x", SCRIPT_NAME="/sub")
    get_wsgi_application()(environ, start_response)
    assert heads[1]["Access-Control-Allow-Origin"] == APP


def test_an_asgi_server_need_not_tell_the_path_as_it_was_received() -> None:
    from tests.adapters.hosts import scope_of

    Project(CORS_POLICY=Routes({"/items": POLICY}), ROOT_URLCONF=PAGES).enter()
    app = get_asgi_application()
    sent: list[Any] = []

    async def exchange() -> None:
        scope = scope_of(ask("GET", "/items", APP), client=("127.0.0.1", 1))
        del scope["raw_path"]
        received = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if not received:
                await asyncio.Event().wait()
            return received.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(exchange())
    assert (b"Access-Control-Allow-Origin", APP.encode()) in sent[0]["headers"]


def test_a_response_is_marked_whatever_called_the_middleware() -> None:
    with override_settings(CORS_POLICY={"origins": [APP, "https://*.shop.example"]}):
        layer = CORSMiddleware(lambda _: HttpResponse(headers={"vary": "Cookie"}))
        shop = "https://a.shop.example"
        for origin, allowed in ((APP, APP), (shop, shop), (shop, shop), (OTHER, None)):
            response: Any = layer(RequestFactory().get("/x", headers={"origin": origin}))
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            assert response.headers["Vary"] == "Cookie, Origin"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_exception_that_django_has_no_page_for_can_be_read(
    caplog: pytest.LogCaptureFixture, *, asynchronous: bool
) -> None:
    # Neither the views nor the page for a 500 can be imported, so Django raises.
    caplog.set_level(logging.ERROR)
    pages = serve(ROOT_URLCONF="tests.frameworks.nowhere", asynchronous=asynchronous)
    reply = pages(ask("GET", "/items", APP))
    assert (reply.status, reply.body) == (500, b"Internal Server Error\n")
    assert reply.lines(ALLOW) == [APP]
    assert reply.lines("vary") == ["Origin"]
    (record,) = caplog.records
    assert (record.getMessage(), record.name) == ("Internal Server Error: /items", "django.request")
    assert record.exc_info is not None


def test_an_exception_is_raised_where_the_project_wants_that_or_no_policy_holds() -> None:
    pages = serve(DEBUG_PROPAGATE_EXCEPTIONS=True)
    with pytest.raises(LookupError):
        pages(ask("GET", "/fails", APP))
    pages = serve(ROOT_URLCONF="tests.frameworks.nowhere", CORS_POLICY={"/api": {"origins": "*"}})
    with pytest.raises(ModuleNotFoundError):
        pages(ask("GET", "/items", APP))


# ── install, around wsgi.py and asgi.py ──────────────────────────────────────────


def installed(*, asynchronous: bool, policy: Any = POLICY, **options: Any) -> Any:
    """Return the application of ``wsgi.py`` or ``asgi.py`` with corsmith around it."""
    app = get_asgi_application() if asynchronous else get_wsgi_application()
    return corsmith.install(app, policy, **options)


@pytest.fixture
def bare() -> None:
    """Put a project in force whose MIDDLEWARE has no corsmith."""
    Project(MIDDLEWARE=[COMMON], ROOT_URLCONF=PAGES).enter()


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_install_puts_the_layer_of_the_protocol_around_everything(
    probe: Any, *, asynchronous: bool
) -> None:
    app = installed(asynchronous=asynchronous)
    assert type(app) is (asgi.CORSMiddleware if asynchronous else wsgi.CORSMiddleware)
    reply = (over_asgi if asynchronous else over_wsgi)(app)(probe.request)
    assert faults(probe, reply, probe.statuses) == []


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_install_follows_the_marks_of_views(*, asynchronous: bool) -> None:
    app = installed(asynchronous=asynchronous)
    pages = (over_asgi if asynchronous else over_wsgi)(app)
    assert pages(ask("OPTIONS", "/marked", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert pages(ask("GET", "/exempt", APP)).cors == {}
    assert app.marks is not None
    app.policy = PARTNER
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]


def test_install_needs_no_look_up_where_no_view_is_marked() -> None:
    Project(MIDDLEWARE=[], ROOT_URLCONF=PAGES[:2]).enter()
    app = installed(asynchronous=False)
    assert app.marks is not None
    assert over_wsgi(app)(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert app.marks is None


def test_install_without_a_policy_takes_that_of_the_settings() -> None:
    settings = {"CORS_ALLOWED_ORIGINS": [APP], "CORS_URLS_REGEX": "^/i", "CORS_ENFORCE": True}
    Project(MIDDLEWARE=[], ROOT_URLCONF=PAGES, **settings).enter()
    for app, over in (
        (install(get_wsgi_application()), over_wsgi),
        (install(get_asgi_application()), over_asgi),
    ):
        assert over(app)(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
        assert over(app)(ask("GET", "/items", OTHER)).status == 403
        assert over(app)(ask("GET", "/teapot", OTHER)).cors == {}


def test_install_leaves_views_that_cannot_be_imported_to_django() -> None:
    Project(MIDDLEWARE=[], ROOT_URLCONF="tests.frameworks.nowhere").enter()
    app = installed(asynchronous=False)
    reply = over_wsgi(app)(Request(path="/items", headers=(("Origin", APP),)))
    assert (reply.status, reply.lines(ALLOW)) == (500, [APP])
    assert app.marks is not None


@pytest.mark.usefixtures("bare")
def test_install_refuses_what_is_no_policy() -> None:
    with pytest.raises(PolicyError, match="origin-has-path"):
        install(get_wsgi_application(), origins=["https://app.example/"])
    assert Policy(origins=[APP]) == install(get_wsgi_application(), origins=[APP]).policy
