"""CORS for Quart: around ``app.asgi_app``, the place that Quart has for layers.

What lives here: ``install``, the extension ``CORS`` and the mark ``cors`` of a view. What does
not: any judgement, and how an endpoint is found (``werkzeug``).

Facts that shape the code:

* the application stays the object that it was, so ``quart run``, ``app.test_client()`` and every
  extension meet it as before;
* marks are read at the first request: until then Quart lets routes be added, and afterwards it
  refuses;
* Quart makes its answer to an exception inside of the layer, in debug mode too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from quart import Blueprint, Quart
from werkzeug.datastructures import Headers
from werkzeug.sansio.request import Request

from corsmith.adapters import asgi, werkzeug
from corsmith.adapters.werkzeug import KEY, NOWHERE, Endpoints, check_application
from corsmith.gate import admit, check_enforce
from corsmith.marks import UNMARKED, cors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from corsmith.adapters.asgi import App, Scope
    from corsmith.gate import Source
    from corsmith.marks import Mark

__all__ = ["CORS", "CORSMiddleware", "cors", "install"]


def install(
    app: Quart, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> Quart:
    """Return the same application, with ``policy`` around its ``asgi_app``.

    The layer is ``app.extensions["corsmith"]``: assign its ``policy``, and the next request
    meets that one. Raises ``PolicyError``.

    >>> app = install(Quart("shop"), origins=["https://app.example"])
    >>> app.extensions["corsmith"].policy
    Policy(origins=['https://app.example'])
    """
    check_application(app, Quart)
    layer = app.extensions.get(KEY)
    if layer is not None and layer.policy is NOWHERE:
        layer.begin(policy, fields, enforce=enforce)
        return app
    layer = CORSMiddleware(app, policy, enforce=enforce, **fields)
    app.extensions[KEY] = layer
    # The documented way to add a layer; Hypercorn types scopes and messages more closely.
    app.asgi_app = layer  # type: ignore[assignment,method-assign]
    return app


class CORSMiddleware(asgi.CORSMiddleware):
    """The layer of one application, which also reads the marks of its endpoints."""

    def __init__(
        self,
        app: Quart,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Stand around what ``app.asgi_app`` is now."""
        inner = cast("App", app.asgi_app)  # typed more closely than ASGI is
        super().__init__(inner, policy, enforce=enforce, **fields)
        self._quart = app
        self._endpoints = Endpoints(app)
        self.marks = self._find  # for the first request at least, which completes the application

    def begin(
        self, policy: Source | None, fields: Mapping[str, object], *, enforce: bool = False
    ) -> None:
        """Take the policy of the whole application, where only blueprints had one."""
        self._enforce = check_enforce(enforce)
        self.policy = admit(policy, fields, asynchronous=True)

    def find_mark(self, scope: Scope, path: str) -> Mark:
        """Return the mark of the endpoint that Quart would send a connection to."""
        method = asgi.wanted_method(scope)
        # A preflight does not come to Quart, which lets routes be added still.
        if not self._endpoints.read() and method == scope.get("method"):
            self.marks = None
        if not self._endpoints.may_mark(path):
            return UNMARKED
        request = Request(
            method,
            scope["scheme"],
            scope.get("server"),
            scope.get("root_path", ""),
            path,
            scope["query_string"],
            Headers([(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]),
            None,
        )
        urls = self._quart.create_url_adapter(request)  # type: ignore[arg-type]  # its base class
        return UNMARKED if urls is None else self._endpoints.find(urls, method, path)

    def _find(self, method: str, path: str) -> Mark:
        """Return the mark of an endpoint by method and path alone, at the default host."""
        urls = self._quart.url_map.bind(self._quart.config["SERVER_NAME"] or "localhost")
        return self._endpoints.find(urls, method, path)


class CORS(werkzeug.Extension):
    """CORS as a Quart extension.

    ``CORS(app, policy)`` at once, or ``cors = CORS(policy)`` and ``cors.init_app(app)`` in a
    factory; a blueprint in place of the application gives its own views the policy. An object
    of it also marks, as ``@cors(…)`` does.

    >>> cors = CORS(origins=["https://app.example"])
    >>> app = Quart("shop")
    >>> cors.init_app(app)
    """

    _app_class: ClassVar[type[Any]] = Quart
    _blueprint_class: ClassVar[type[Any]] = Blueprint
    _installer: ClassVar[Callable[..., object]] = staticmethod(install)
    _asynchronous: ClassVar[bool] = True
