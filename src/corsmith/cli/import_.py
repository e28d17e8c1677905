"""``corsmith import``: another library's settings as a policy file.

What lives here: what the word after it is taken for, and what is told where nothing is found.
What does not: importing code (``application.loading``), and what is made of it (``importers``).
"""

import re
from typing import Final

import click

from corsmith.application.anatomy import examine
from corsmith.application.loading import (
    LoadedApp,
    app_of,
    has_app,
    load_app,
    load_module,
    load_module_file,
    quiet,
)
from corsmith.cli.columns import encodable
from corsmith.cli.paths import what_is
from corsmith.cli.status import Status
from corsmith.errors import AppError, UsageError
from corsmith.importers import LIBRARIES, import_app, import_settings
from corsmith.importers.django_cors_headers import are_settings
from corsmith.importers.draft import Imported
from corsmith.importers.page import write_page
from corsmith.target import TargetKind, read_target

__all__ = ["import_"]

_EXAMPLES: Final = """\b
Examples:
  corsmith import main:app > cors.toml
  corsmith import mysite/settings.py
"""

_VERB: Final = "import"
_MODULE: Final = re.compile(r"[^\W\d]\w*(?:\.(?!(?:py|toml)\Z)[^\W\d]\w*)*\Z")
"""A dotted name; what ends as a file does is meant as one, though it be missing."""

_INSTEAD: Final = {
    TargetKind.POLICY: "is a policy file already: corsmith check {0}",
    TargetKind.FOLDER: "is a folder; name the file in it: corsmith import {0}/main.py",
    TargetKind.URL: "is an address, whose settings nobody can read: corsmith check {0}",
}


@click.command("import", epilog=_EXAMPLES)
@click.argument("source")
@click.pass_context
def import_(context: click.Context, /, source: str) -> None:
    """Print the CORS settings of an application as a policy file, and each difference.

    SOURCE is a Python application, as main:app or main.py, with Starlette's or FastAPI's
    CORSMiddleware, flask-cors, django-cors-headers or aiohttp-cors; or Django's settings, as
    mysite.settings or settings.py. Its code is imported; nothing is asked and nothing changed.
    The policy is valid and lets in no page that the settings keep out: what differs stands
    above it as comments, each with its reason.

    Exit status: 0 if a policy is printed; 1 if there are no CORS settings; 2 if the command
    line is wrong; 3 if the code cannot be imported.
    """
    context.exit(_import(source))


def _import(source: str) -> Status:
    try:
        _refuse(source)
        with quiet():
            found = _read(source)
    except AppError as error:
        click.echo(f"corsmith: {error}", err=True)
        return Status.UNKNOWN
    if isinstance(found, str):
        click.echo(f"corsmith: {found}", err=True)
        return Status.NO
    if len(found.found) > 1:
        count = len(found.found)
        click.echo(f"corsmith: CORS is set up in {count} places, named in the comments", err=True)
    click.echo(encodable(write_page(found, source)), nl=False)
    return Status.OK


def _refuse(source: str) -> None:
    """Say what is imported, or raise ``UsageError`` for what nothing can be read from."""
    if not _is_module(source):
        kind = read_target(source, what_is).kind
        if kind not in {TargetKind.APP, TargetKind.APP_FILE}:
            instead = _INSTEAD.get(kind, "is no Python application: corsmith import main:app")
            raise UsageError(f"{source} {instead.format(source.rstrip('/'))}")
    click.echo(f"corsmith: imports {source}", err=True)


def _is_module(source: str) -> bool:
    return _MODULE.match(source) is not None and what_is(source) is None


def _read(source: str) -> Imported | str:
    """Return what was found, or a sentence that says what there is instead."""
    if not (_is_module(source) or what_is(source) == "file"):
        return _of_app(load_app(source, _VERB), source)
    by_name = _is_module(source)
    module, root = (load_module if by_name else load_module_file)(source, _VERB)
    if has_app(module) or not are_settings(module):
        return _of_app(app_of(module, root, source, _VERB), source)
    return import_settings(module) or _nothing(source)


def _of_app(loaded: LoadedApp, source: str) -> Imported | str:
    found = import_app(loaded.app)
    if found is not None:
        return found
    settings = examine(loaded.app).settings
    if settings is not None and settings.library == "corsmith":
        return f"{source} has a policy of corsmith already\n  corsmith check {source}"
    return _nothing(source)


def _nothing(source: str) -> str:
    names = ", ".join(LIBRARIES[:-1])
    return (
        f"{source} has no CORS settings of {names} or {LIBRARIES[-1]}\n"
        '  begin with: [policy], then origins = ["https://app.example"]'
    )
