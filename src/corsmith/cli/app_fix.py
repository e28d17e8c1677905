"""``corsmith check main:app --fix``: the changes that are certain, as one unified diff.

What lives here: which changes belong to which findings, over all files. What does not: the
changes themselves (``mend`` and ``touches``).
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import click

from corsmith.application.mend import as_diff, cors_site, mend
from corsmith.application.sites import Site, SiteKind
from corsmith.application.touches import (
    as_lists,
    enforce,
    first_in_middleware,
    send_cookies,
    without_second,
)
from corsmith.cli import app_report
from corsmith.cli.app_source import Loaded

__all__ = ["find_diff", "print_diff", "touched"]

# What is changed where it stands, by the code of the finding.
_TOUCHES: Final[dict[str, Callable[[str], str]]] = {
    "cookie-not-sent": send_cookies,
    "middleware-order": first_in_middleware,
    "not-a-list": as_lists,
    "redirect-without-headers": first_in_middleware,
    "two-layers": without_second,
    "websocket-unguarded": enforce,
}
_OF_THE_LAYER: Final = frozenset(
    {"origin-not-allowed", "cookie-not-sent", "websocket-unguarded", "two-layers"}
)
"""What no other layer in place of the present one changes."""

_OPEN: Final = frozenset({"stranger-admitted", "wide-regex", "wildcard-with-credentials"})
"""What another layer with the same fields would let in too: only the person knows who is meant."""


def find_diff(report: app_report.AppReport, loaded: Loaded) -> str | None:
    """Return the changes of all files as a diff, ``None`` where none is certain."""
    codes = {one.diagnostic.code for one in report.findings}
    texts = dict(loaded.sources)
    settings = report.anatomy.settings
    if settings is not None and not settings.known and settings.library != "corsmith":
        codes.discard("two-layers")  # the one that is left may not be everywhere
    _put_ours(report, loaded, codes, texts)
    return touched(codes, loaded.sources, texts)


def touched(
    codes: AbstractSet[str], sources: Mapping[str, str], texts: Mapping[str, str] | None = None
) -> str | None:
    """Return what is changed where it stands as a diff, beside what is changed in ``texts``."""
    texts = sources if texts is None else texts
    for code, touch in _TOUCHES.items():
        if code in codes:
            texts = {file: touch(text) for file, text in texts.items()}
    lines = [
        line
        for file, after in texts.items()
        if after != sources[file]
        for line in as_diff(file, sources[file], after)
    ]
    return "".join(lines) or None


def _put_ours(
    report: app_report.AppReport, loaded: Loaded, codes: AbstractSet[str], texts: dict[str, str]
) -> None:
    """Put corsmith in place of the layer, or around an application without one."""
    settings = report.anatomy.settings
    if (
        codes & _OPEN
        or not codes - _OF_THE_LAYER
        or (settings is not None and settings.library == "corsmith")
    ):
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
