"""CORS for Flask: around ``app.wsgi_app``, the place that Flask has for layers.

What lives here: ``install``, the extension ``CORS`` and the mark ``cors`` of a view. What does
not: any judgement, and how an endpoint is found (``werkzeug``).

Facts that shape the code:

* the application stays the object that it was, so ``flask run``, ``app.test_client()`` and
  every extension meet it as before;
* marks are read at the first request: until then Flask lets routes be added, and afterwards it
  refuses;
* the debugger of the development server stands outside of every layer and answers by itself, so
  where it runs, one inside writes the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from flask import Blueprint, Flask
from werkzeug.debug import DebuggedApplication
from werkzeug.exceptions import HTTPException

from corsmith.adapters import werkzeug, wsgi
from corsmith.adapters.werkzeug import KEY, NOWHERE, Endpoints, check_application
from corsmith.gate import admit, check_enforce
from corsmith.marks import UNMARKED, cors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from corsmith.gate import Choice, Source
    from corsmith.marks import Mark

__all__ = ["CORS", "CORSMiddleware", "cors", "install"]

_DEBUGGER: Final = "werkzeug.debug.preserve_context"
"""The key of ``environ`` by which Werkzeug's debugger tells that it is there."""


def install(
    app: Flask, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> Flask:
    """Return the same application, with ``policy`` around its ``wsgi_app``.

    The layer is ``app.extensions["corsmith"]``: assign its ``policy``, and the next request
    meets that one. Raises ``PolicyError``.

    >>> app = install(Flask("shop"), origins=["https://app.example"])
    >>> app.extensions["corsmith"].policy
    Policy(origins=['https://app.example'])
    """
    check_application(app, Flask)
    layer = app.extensions.get(KEY)
    if layer is not None and layer.policy is NOWHERE:
        layer.begin(policy, fields, enforce=enforce)
        return app
    layer = CORSMiddleware(app, policy, enforce=enforce, **fields)
    app.extensions[KEY] = layer
    app.wsgi_app = layer  # type: ignore[method-assign]  # the documented way to add a layer
    return app


class CORSMiddleware(wsgi.CORSMiddleware):
    """The layer of one application, which also reads the marks of its endpoints."""

    def __init__(
        self,
        app: Flask,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Stand around what ``app.wsgi_app`` is now."""
        super().__init__(app.wsgi_app, policy, enforce=enforce, **fields)
        self._flask = app
        self._endpoints = Endpoints(app)
        self._is_complete = False
        self.marks = self._find  # for the first request at least, which completes the application

    def begin(
        self, policy: Source | None, fields: Mapping[str, object], *, enforce: bool = False
    ) -> None:
        """Take the policy of the whole application, where only blueprints had one."""
        self._enforce = check_enforce(enforce)
        self.policy = admit(policy, fields)

    def _choose(self, source: object, environ: WSGIEnvironment) -> Choice:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/"):
            # No server sends that; Flask routes it as if the slash were there.
            environ = {**environ, "PATH_INFO": f"/{path}"}
        return super()._choose(source, environ)

    def find_mark(self, environ: WSGIEnvironment, path: str) -> Mark:
        """Return the mark of the endpoint that Flask would send a request to."""
        method = wsgi.wanted_method(environ)
        has_marks = self._endpoints.read()
        # A preflight does not come to Flask, which lets routes be added still.
        if not self._is_complete and method == environ["REQUEST_METHOD"]:
            self._complete(environ, has_marks=has_marks)
        if not self._endpoints.may_mark(path):
            return UNMARKED
        request = self._flask.request_class(environ, populate_request=False)
        try:
            urls = self._flask.create_url_adapter(request)
        except HTTPException:  # Flask answers it: the Host is not one of TRUSTED_HOSTS
            return UNMARKED
        return UNMARKED if urls is None else self._endpoints.find(urls, method, path)

    def _complete(self, environ: WSGIEnvironment, *, has_marks: bool) -> None:
        """Settle at the first request that comes to Flask what stays as it is."""
        self._is_complete = True
        if not has_marks:
            self.marks = None
        if _DEBUGGER in environ and self._flask.debug:
            self.app = _Debugged(self._flask, self.app, environ["SERVER_NAME"])

    def _find(self, method: str, path: str) -> Mark:
        """Return the mark of an endpoint by method and path alone, at the default host."""
        urls = self._flask.url_map.bind(self._flask.config["SERVER_NAME"] or "localhost")
        return self._endpoints.find(urls, method, path)


class _Debugged:
    """An application within a debugger of its own, behind which the layer marks the page.

    It runs only where the development server's debugger does, and asks for the same PIN.
    """

    def __init__(self, flask: Flask, app: WSGIApplication, host: str) -> None:
        self._app = app
        self._debugger = DebuggedApplication(flask, evalex=True, pin_logging=False)
        # The PIN is made of the application that is debugged, so it is asked for before the
        # layers come between, and told when a page asks.
        self._debugger.pin = self._debugger.pin
        self._debugger.app = app
        self._debugger.pin_logging = True
        self._debugger.trusted_hosts.append(host)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app = self._debugger if _DEBUGGER in environ else self._app
        return app(environ, start_response)


class CORS(werkzeug.Extension):
    """CORS as a Flask extension.

    ``CORS(app, policy)`` at once, or ``cors = CORS(policy)`` and ``cors.init_app(app)`` in a
    factory; a blueprint in place of the application gives its own views the policy. An object
    of it also marks, as ``@cors(…)`` does.

    >>> cors = CORS(origins=["https://app.example"])
    >>> app = Flask("shop")
    >>> cors.init_app(app)
    """

    _app_class: ClassVar[type[Any]] = Flask
    _blueprint_class: ClassVar[type[Any]] = Blueprint
    _installer: ClassVar[Callable[..., object]] = staticmethod(install)
