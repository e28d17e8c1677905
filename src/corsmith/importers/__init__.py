"""A policy out of another library's settings.

What lives here: which reader an application or a module of settings is for. What does not:
importing either (``corsmith.application.loading``), and any one library.
"""

from typing import Final

from corsmith.importers import aiohttp_cors, django_cors_headers, flask_cors, starlette
from corsmith.importers.draft import Imported

__all__ = ["LIBRARIES", "import_app", "import_settings"]

_READERS: Final = (
    starlette.read_app,
    flask_cors.read_app,
    django_cors_headers.read_app,
    aiohttp_cors.read_app,
)

LIBRARIES: Final = (
    "Starlette's CORSMiddleware",
    "flask-cors",
    "django-cors-headers",
    "aiohttp-cors",
)
"""What can be imported from."""


def import_app(app: object) -> Imported | None:
    """Return the CORS settings of an application; ``None`` where none of a known library are."""
    return next((found for read in _READERS if (found := read(app)) is not None), None)


def import_settings(module: object) -> Imported | None:
    """Return the CORS settings of a module of Django settings; ``None`` where there are none."""
    if not django_cors_headers.are_settings(module):
        return None
    return django_cors_headers.read_settings(module)
