"""A folder that is the code of a Python application, and is named to be served as files.

What lives here: telling it, and the application that was perhaps meant. What does not: serving
either. Nothing is imported.
"""

import os
import re
import shlex
from pathlib import Path
from typing import Final

__all__ = ["told_of_code"]

_APP: Final = re.compile(r"^(application|app)\b[^=\n]*=", re.MULTILINE)
_FILES: Final = ("wsgi.py", "asgi.py")
_MANAGE: Final = "manage.py"
_SETTINGS: Final = "settings.py"


def told_of_code(folder: str) -> list[str]:
    """Return what is told of a folder whose code would be served as files; nothing of another.

    It is a package, a Django project (``manage.py`` is in it), or Python code beside one.
    """
    path = Path(folder).resolve()
    try:
        is_project = (path / _MANAGE).is_file()
        is_beside = (path.parent / _MANAGE).is_file() and any(path.glob("*.py"))
        is_package = (path / "__init__.py").is_file()
        if not (is_project or is_beside or is_package):
            return []
        root = path if is_project else path.parent
        app = _app_of(root, path)
        has_settings = any(root.glob(f"*/{_SETTINGS}") if is_project else path.glob(_SETTINGS))
    except OSError:
        return []  # what cannot be read is told by whoever serves it
    what = "is a Django project" if is_project else "is Python code"
    more = f", {_SETTINGS} too" if has_settings else ""
    away = "" if root == Path.cwd() else f"cd {shlex.quote(_written(root))} && "
    return [
        f"warning: {folder} {what}, which is served as files here{more}",
        f"  to serve the app, write {away}corsmith serve {app}",
    ]


def _app_of(root: Path, path: Path) -> str:
    """Return the name of the application in the code below a folder, that of ``path`` first."""
    packages = [path, *sorted(one for one in root.iterdir() if one.is_dir())]
    for file in (package / name for package in packages for name in _FILES):
        if file.is_file() and (found := _APP.search(file.read_text(errors="replace"))):
            return ".".join([*file.relative_to(root).parts[:-1], f"{file.stem}:{found[1]}"])
    return "main:app" if root == path else f"{path.name}:app"


def _written(root: Path) -> str:
    return os.path.relpath(root)
