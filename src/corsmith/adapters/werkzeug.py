"""What Flask and Quart share: views and blueprints behind Werkzeug's URL map, and extensions.

What lives here: finding the mark of the endpoint that a request goes to, and the class that
users know as an extension. What does not: the layer around an application, which is WSGI's in
Flask and ASGI's in Quart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol
from urllib.parse import unquote, urlsplit

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import admit, check_enforce
from corsmith.marks import UNMARKED, cors, mark_of, read_mark
from corsmith.misnomers import right_field
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from werkzeug.routing import Map, MapAdapter

    from corsmith.gate import Source
    from corsmith.marks import Endpoint, Mark
    from corsmith.policy import Policy

__all__ = ["KEY", "NOWHERE", "Endpoints", "Extension", "check_application"]

KEY: Final = "corsmith"
"""The place of the layer in ``app.extensions``."""

_ELSEWHERE: Final = ("CORS_", "QUART_CORS_")
"""How the settings of flask-cors and quart-cors begin."""

NOWHERE: Final = Routes({})
"""The policy of an application in which only blueprints have one."""


class Application(Protocol):
    """What an application of either framework tells about its endpoints."""

    url_map: Map
    view_functions: dict[str, Callable[..., Any]]
    blueprints: dict[str, Any]


class Endpoints:
    """The marks of an application's endpoints, read when it is complete.

    Both frameworks let routes be added until the first request has come to a view, and refuse
    it from then on.
    """

    def __init__(self, app: Application) -> None:
        """Read nothing yet."""
        self._app = app
        self._marks: dict[str, Mark] = {}
        self._methods: dict[tuple[str, str], Mark] = {}
        self._begins: tuple[str, ...] = ()
        self._count = -1

    def read(self) -> bool:
        """Return whether there is any mark, and read them again if there are other views."""
        views = self._app.view_functions
        if len(views) != self._count:
            self._marks, self._methods = {}, {}
            for endpoint, view in views.items():
                self._read(endpoint, view)
            self._begins = tuple(
                rule.rule.partition("<")[0].rstrip("/")
                for rule in self._app.url_map.iter_rules()
                if rule.endpoint in self._marks or self._has_methods(rule.endpoint)
            )
            self._count = len(views)
        return bool(self._begins)

    def may_mark(self, path: str) -> bool:
        """Return whether a path begins as that of a marked endpoint does.

        It spares most requests the look-up, which costs as much as Flask's own.
        """
        return path.startswith(self._begins)

    def _has_methods(self, endpoint: str) -> bool:
        return any(marked == endpoint for marked, _ in self._methods)

    def _read(self, endpoint: str, view: object) -> None:
        """Read the marks of one: of each method, the function, its class and its blueprints."""
        view_class = getattr(view, "view_class", None)
        mark = mark_of(view, view_class, *self._blueprints(endpoint))
        if mark is not UNMARKED:
            self._marks[endpoint] = mark
        for method in getattr(view_class, "methods", None) or ():
            mark = mark_of(getattr(view_class, method.lower(), None))
            if mark is not UNMARKED:
                self._methods[endpoint, method] = mark
        # As MethodView answers HEAD where it has no method for it.
        if not hasattr(view_class, "head") and (get := (endpoint, "GET")) in self._methods:
            self._methods[endpoint, "HEAD"] = self._methods[get]

    def _blueprints(self, endpoint: str) -> Iterator[object]:
        """Return the blueprints of an endpoint, the innermost first."""
        name = endpoint.rpartition(".")[0]
        while name:
            yield self._app.blueprints.get(name)
            name = name.rpartition(".")[0]

    def find(self, urls: MapAdapter, method: str, path: str | None = None) -> Mark:
        """Return the mark of the endpoint that the URL map sends a method to.

        ``path`` is that of the request, which the map is bound to, unless given.
        """
        try:
            endpoint, _ = urls.match(path, method)
        except RequestRedirect as redirect:
            # A page reads a redirect only if it may, so it has the policy of its target.
            root = len(urls.script_name)
            target = "/" + unquote(urlsplit(redirect.new_url).path)[root:]
            return UNMARKED if target == path else self.find(urls, method, target)
        except MethodNotAllowed as refused:
            # The route's policy tells the page which methods there are, if it has one.
            methods = {*(refused.valid_methods or ())} - {"OPTIONS", method}
            marks = {self.find(urls, other, path) for other in methods}
            return marks.pop() if len(marks) == 1 else UNMARKED
        except HTTPException:
            return UNMARKED
        return self._methods.get((endpoint, method), self._marks.get(endpoint, UNMARKED))


class Extension:
    """What a framework calls an extension: made once, and given applications and blueprints."""

    _app_class: ClassVar[type[Any]]
    _blueprint_class: ClassVar[type[Any]]
    _installer: ClassVar[Callable[..., object]]
    _asynchronous: ClassVar[bool] = False

    def __init__(
        self,
        app: Any = None,  # noqa: ANN401  an application, a blueprint or a policy
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Keep the policy for ``init_app``, or put it on ``app`` at once."""
        if app is not None and not isinstance(app, (self._app_class, self._blueprint_class)):
            if policy is not None:
                check_application(app, self._app_class)
            app, policy = None, app
        self._enforce = check_enforce(enforce)
        is_given = policy is not None or bool(fields)
        self._source = self._admit(policy, fields) if is_given else None
        if app is not None:
            self.init_app(app)

    def __call__(
        self, policy: Policy | None = None, /, **fields: object
    ) -> Callable[[Endpoint], Endpoint]:
        """Return the decorator that gives an endpoint a policy of its own, as ``cors`` does."""
        return cors(policy, **fields)

    def init_app(
        self,
        app: Any,  # noqa: ANN401  an application or a blueprint
        policy: Source | None = None,
        *,
        enforce: bool | None = None,
        **fields: object,
    ) -> None:
        """Put the policy given here, or the extension's own, on an application or a blueprint.

        Raises ``PolicyError``.
        """
        if policy is None and not fields:
            policy = self._source
            if policy is None:
                _tell_of_configuration(getattr(app, "config", {}))
        if isinstance(app, self._blueprint_class):
            if enforce:
                message = "enforce holds for a whole application, not for a blueprint."
                fix = "Give it with the application."
                raise PolicyError([diagnose("wrong-type", "enforce", "True", message, fix)])
            self._mark(app, policy, fields)
            return
        enforced = self._enforce if enforce is None else enforce
        self._installer(app, policy, enforce=enforced, **fields)

    def _mark(
        self,
        blueprint: Any,  # noqa: ANN401  of either framework
        policy: Source | None,
        fields: Mapping[str, object],
    ) -> None:
        """Mark a blueprint, and see that the application has a layer that reads the mark."""
        blueprint.cors_policy = read_mark(self._admit(policy, fields))

        def see(state: Any) -> None:  # noqa: ANN401  Flask's BlueprintSetupState
            if KEY not in state.app.extensions:
                self._installer(state.app, NOWHERE)

        blueprint.record(see)

    def _admit(self, policy: Source | None, fields: Mapping[str, object]) -> Source:
        return admit(policy, fields, asynchronous=self._asynchronous)


def check_application(app: object, wanted: type[Any]) -> None:
    """Raise ``PolicyError`` for what is no application of the framework."""
    if not isinstance(app, wanted):
        name = wanted.__name__
        message = f"{quote(app)} is no {name} application."
        fix = f"Give the {name} object itself."
        raise PolicyError([diagnose("wrong-type", "app", quote(app), message, fix)])


def _tell_of_configuration(config: Mapping[str, object]) -> None:
    """Raise where the policy stands in settings that another extension reads."""
    fields = {
        field: name
        for name in map(str, config)
        if name.startswith(_ELSEWHERE) and (field := right_field(name.removeprefix("QUART_")))
    }
    if fields:
        names = ", ".join(fields.values())
        given = ", ".join(f'{field}=app.config["{name}"]' for field, name in fields.items())
        message = f"no policy is given; the configuration has {names}, which is not read."
        fix = f"Write CORS(app, {given})."
        raise PolicyError([diagnose("unknown-field", None, quote(names), message, fix)])
