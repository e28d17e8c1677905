"""``install``: corsmith around the application of ``wsgi.py`` or ``asgi.py``.

What lives here: the layer of the protocol, with the marks of the project's views. What does
not: the middleware for ``MIDDLEWARE``, which needs no wrapper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.handlers.asgi import ASGIHandler

from corsmith.adapters import asgi, wsgi
from corsmith.adapters.django.in_force import Force, active, fit
from corsmith.adapters.django.reading import Reading
from corsmith.adapters.django.views import Views
from corsmith.marks import UNMARKED

if TYPE_CHECKING:
    from corsmith.gate import Source
    from corsmith.marks import Mark

__all__ = ["install"]


def install(
    app: Any,  # noqa: ANN401  Django has no types
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **fields: object,
) -> asgi.CORSMiddleware | wsgi.CORSMiddleware:
    """Return the application of ``wsgi.py`` or ``asgi.py`` with a policy around it.

    Serve what is returned; its ``policy`` may be assigned at run time. Without a policy, that
    of the settings counts. Raises ``PolicyError``.

    >>> application = install(get_wsgi_application(), origins=["https://app.example"])
    """
    is_asgi = isinstance(app, ASGIHandler)
    reading = Reading(setting="")
    if policy is None and not fields:
        reading = active.reading
        policy = fit(reading.in_force, asynchronous=is_asgi)
        enforce = enforce or reading.enforce
    make = asgi.CORSMiddleware if is_asgi else wsgi.CORSMiddleware
    middleware = make(app, policy, enforce=enforce, **fields)

    def look(method: str, path: str) -> Mark:
        """Look at the views when the first request comes: until then there need not be any."""
        try:
            views = Views()
        except Exception:  # noqa: BLE001  Django tells it, where it is turned into an answer
            return UNMARKED
        middleware.marks = Force(reading, views).marks
        return UNMARKED if middleware.marks is None else middleware.marks(method, path)

    middleware.marks = look
    return middleware
