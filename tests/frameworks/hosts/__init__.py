"""The frameworks that corsmith is tested in: each module here is one host, found by its name.

What lives here: finding the hosts. What does not: what is right (the tests).

A host is a module with

* ``NAME``, and ``DISTRIBUTIONS``: the packages that it needs, as they are called in an index;
* ``probed(source, **options)``: an application with the pages of ``pages.PAGES``, corsmith
  installed in it, as a function from a request to its reply;
* ``scripted(source, app, **options)``: an application that answers every method and path as
  ``app`` says, likewise;
* ``swappable(source)``: the pages again, as a pair: the function, and another that puts a
  policy in force in their place;
* ``PER_ROUTE``: its idiom for the policy of one route, for the table in the documentation;

and, where its framework cannot be asked everything, ``can_ask(request, app) -> bool``; where it
answers a probe with another status than most, ``STATUSES``: by the probe's name; where its page
in the documentation has another name than the module, ``PAGE``.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corsmith import Policy, PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.adapters.hosts import App, Reply, Request
    from tests.frameworks.pages import Probe

    Ask = Callable[[Request], Reply]

NAMES = tuple(
    sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if "\nNAME = " in path.read_text(encoding="utf-8")
    )
)
"""The hosts that there are; importing one imports its framework."""

ELSEWHERE = frozenset({"dash", "gradio"})
"""Those that are run where they are installed, as `make test-all` does; a host that is missing
otherwise is a failure."""

PROCESSES = frozenset({"robyn"})
"""Those that are servers of their own, and are asked over real sockets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One framework, and how it is asked."""

    key: str
    module: ModuleType

    @property
    def name(self) -> str:
        """What people call the framework."""
        name: str = self.module.NAME
        return name

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(distributions(self.key)[0])

    def probed(self, source: Any, **options: Any) -> Ask:
        """Return the pages behind corsmith."""
        ask: Ask = self.module.probed(source, **options)
        return ask

    def scripted(self, source: Any, app: App, **options: Any) -> Ask:
        """Return an application that does as it is told behind corsmith."""
        ask: Ask = self.module.scripted(source, app, **options)
        return ask

    def swappable(self, source: Any) -> tuple[Ask, Callable[[Any], None]]:
        """Return the pages, and what puts another policy in force."""
        pair: tuple[Ask, Callable[[Any], None]] = self.module.swappable(source)
        return pair

    @property
    def per_route(self) -> str:
        """How one route gets a policy of its own."""
        idiom: str = self.module.PER_ROUTE
        return idiom

    @property
    def page(self) -> str:
        """The name of its page among the how-tos, one for both protocols."""
        name: str = getattr(self.module, "PAGE", self.key.removesuffix("_asgi"))
        return name

    def statuses(self, probe: Probe) -> frozenset[int]:
        """Return the statuses that a probe may be answered with."""
        own: dict[str, set[int]] = getattr(self.module, "STATUSES", {})
        return frozenset(own.get(probe.name, probe.statuses))

    def can_ask(self, request: Request, app: App) -> bool:
        """Return whether the framework can be sent this, and can answer so."""
        return bool(self.module.can_ask(request, app)) if hasattr(self.module, "can_ask") else True


@cache
def host(key: str) -> Host:
    """Return one host; raises ``ImportError`` where its framework is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a framework warns of when it is loaded is its own
        module = import_module(f"{__name__}.{key}")
    return Host(key=key, module=module)


@cache
def calls_async(key: str) -> bool:
    """Return whether a host calls policy functions as ``async def``: it refuses the other."""
    try:
        host(key).probed(_exempt)
    except PolicyError:
        return True
    return False


def _exempt(*_shared: Any) -> Policy | None:
    return None


def here() -> list[str]:
    """Return the hosts that are to be run in this environment."""
    return [key for key in NAMES if key not in ELSEWHERE or is_installed(distributions(key))]


def distributions(key: str) -> tuple[str, ...]:
    """Return the packages that a host needs, read without importing it."""
    source = Path(__file__).with_name(f"{key}.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DISTRIBUTIONS":
            names: tuple[str, ...] = ast.literal_eval(node.value)
            return names
    message = f"hosts/{key}.py does not say which packages it needs: DISTRIBUTIONS = (…)"
    raise LookupError(message)


def is_installed(names: tuple[str, ...]) -> bool:
    """Return whether every package of these is installed."""
    try:
        return all(version(name) for name in names)
    except PackageNotFoundError:
        return False
