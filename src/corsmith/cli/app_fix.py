"""``corsmith check main:app --fix``: the changes that are certain, as one unified diff.

What lives here: which changes belong to which findings, over all files. What does not: the
changes themselves (``mend`` and ``touches``).
"""

from collections.abc import Callable
from typing import Final

import click

from corsmith.application.mend import as_diff, cors_site, mend
from corsmith.application.sites import Site, SiteKind
from corsmith.application.touches import enforce, first_in_middleware, send_cookies, without_second
from corsmith.cli import app_report
from corsmith.cli.app_source import Loaded

__all__ = ["find_diff", "print_diff"]

# What is changed where it stands, by the code of the finding.
_TOUCHES: Final[dict[str, Callable[[str], str]]] = {
    "cookie-not-sent": send_cookies,
    "middleware-order": first_in_middleware,
    "redirect-without-headers": first_in_middleware,
    "two-layers": without_second,
    "websocket-unguarded": enforce,
}
_OF_THE_LAYER: Final = frozenset(
    {"origin-not-allowed", "cookie-not-sent", "websocket-unguarded", "two-layers"}
)
"""What no other layer in place of the present one changes."""


def find_diff(report: app_report.AppReport, loaded: Loaded) -> str | None:
    """Return the changes of all files as a diff, ``None`` where none is certain."""
    codes = {one.diagnostic.code for one in report.findings}
    texts = dict(loaded.sources)
    _put_ours(report, loaded, codes, texts)
    for code, touch in _TOUCHES.items():
        if code in codes:
            texts = {file: touch(text) for file, text in texts.items()}
    lines = [
        line
        for file, after in texts.items()
        if after != loaded.sources[file]
        for line in as_diff(file, loaded.sources[file], after)
    ]
    return "".join(lines) or None


def _put_ours(
    report: app_report.AppReport, loaded: Loaded, codes: set[str], texts: dict[str, str]
) -> None:
    """Put corsmith in place of the layer, or around an application without one."""
    settings = report.anatomy.settings
    if not codes - _OF_THE_LAYER or (settings is not None and settings.library == "corsmith"):
        return  # which origins are meant, only the user knows
    fields = None
    if settings is None:
        site = next((one for one in loaded.sites if one.kind is SiteKind.APP), None)
        if not report.named:
            return
        page = report.appraisal.page
        fields = {"origins": [page.origin], **({"credentials": True} if page.cookies else {})}
    else:
        site = cors_site(loaded.sites, settings.library)
    if site is None:
        return
    after = mend(site, texts[site.file], _target(site, loaded), fields)
    if after is not None:
        texts[site.file] = after


def _target(site: Site, loaded: Loaded) -> str | None:
    own = site.file == loaded.app.file and not loaded.app.made
    return loaded.app.attr if own else None


def print_diff(report: app_report.AppReport, diff: str | None) -> None:
    """Write the diff alone to standard output; the rest is talk."""
    click.echo(f"corsmith: {app_report.answer(report)}", err=True)
    if not report.findings:
        return
    if diff is not None:
        click.echo(diff, nl=False)
        return
    hint = "" if report.named or report.anatomy.settings else "; or name the page: --from ORIGIN"
    click.echo(
        "corsmith: no change is certain enough for a diff;\n"
        f"  the report without --fix has the lines to write{hint}",
        err=True,
    )
