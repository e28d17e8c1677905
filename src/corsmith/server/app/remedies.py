"""What to do about an application that cannot be imported, or does not start.

What lives here: the line below its traceback. What does not: what went wrong, which the
traceback says.
"""

import os
import sys
from collections.abc import Mapping
from typing import Final

from corsmith.application.frames import shorten, their_frame

__all__ = ["remedy"]

_DISTRIBUTIONS: Final[Mapping[str, str]] = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "django_filters": "django-filter",
    "dotenv": "python-dotenv",
    "flask_sqlalchemy": "Flask-SQLAlchemy",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "multipart": "python-multipart",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
"""What is installed under another name than it is imported by."""


def remedy(error: BaseException | None, *, root: str, reloads: bool) -> str:
    """Return what to do about an error of an application; ``root`` is where its code is.

    ``reloads`` says that the next edit will be tried by itself.
    """
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        return _install(error.name.partition(".")[0])
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return 'put what ends it below: if __name__ == "__main__":'
    frame = None if error is None else their_frame(error, root)
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frame = (shorten(error.filename), error.lineno)
    where = "it" if frame is None else f"{frame[0]}, line {frame[1]}"
    return f"fix {where}; {_then(reloads=reloads)}"


def _install(module: str) -> str:
    active = os.environ.get("VIRTUAL_ENV")
    if active and os.path.realpath(active) != os.path.realpath(sys.prefix):
        return f"the active environment is {active}: install corsmith there, and start that"
    return f"{sys.executable} -m pip install {_DISTRIBUTIONS.get(module, module)}"


def _then(*, reloads: bool) -> str:
    return "the next edit is tried" if reloads else "then start again, or use --reload"
