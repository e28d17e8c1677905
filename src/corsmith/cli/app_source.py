"""An application as ``check`` wants it: imported, examined, and with its own source files.

What lives here: ``load`` and what it returns. What does not: asking it anything.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from corsmith.application.anatomy import Anatomy, examine
from corsmith.application.frames import is_theirs, shorten, trimmed
from corsmith.application.loading import LoadedApp, load_app, load_app_file, quiet
from corsmith.application.sites import Site, SiteKind, find_sites
from corsmith.errors import AppError

__all__ = ["Loaded", "load"]

_LARGEST_SOURCE: Final = 1_048_576
_MOST_FILES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An application and all that can be known before it is called."""

    target: str
    app: LoadedApp
    anatomy: Anatomy
    sites: tuple[Site, ...]
    sources: dict[str, str]


def load(target: str, *, is_file: bool) -> Loaded:
    """Return the application of a target, imported and read; raises as ``load_app`` does."""
    with quiet():
        app = load_app_file(target) if is_file else load_app(target)
        try:
            anatomy = examine(app.app)
        except Exception as error:  # whatever its URL patterns, properties or marks raise
            said = f"{target} cannot be read"
            raise AppError(said, trace=trimmed(error, app.root)) from error
    sources = _sources(app)
    sites = (site for file, text in sources.items() for site in find_sites(file, text))
    return Loaded(
        target=target,
        app=app,
        anatomy=anatomy,
        sites=tuple(site for site in sites if not _is_unused(site, sources, app.attr)),
        sources=sources,
    )


_OF_USE: Final = frozenset({SiteKind.BY_HAND, SiteKind.COOKIE})


def _is_unused(site: Site, sources: Mapping[str, str], served: str) -> bool:
    """Return whether a site stands in a function or class that nothing names, and no server."""
    if site.owner in {None, served} or site.kind not in _OF_USE:
        return False
    name = re.compile(rf"\b{site.owner}\b")
    return sum(len(name.findall(text)) for text in sources.values()) == 1


def _sources(app: LoadedApp) -> dict[str, str]:
    """Return the user's own source files that are loaded, the application's first."""
    files = [app.file] if app.file else []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and is_theirs(file, app.root):
            inside = Path(file).resolve().is_relative_to(Path(app.root).resolve())
            files += [shorten(file)] if inside else []
    texts: dict[str, str] = {}
    for file in dict.fromkeys(files[:_MOST_FILES]):
        path = Path(file)
        try:
            if path.stat().st_size <= _LARGEST_SOURCE:
                texts[file] = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # then its lines are not shown
    return texts
