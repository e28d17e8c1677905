"""One application under examination: all that is known of it, and a finding with its place.

What lives here: ``Case``, which every judgement is given, and ``Finding``, which it returns.
What does not: any judgement (``shortcomings``, ``layering``, ``cookies``, ``strangers_in``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from corsmith.application.anatomy import Anatomy
from corsmith.application.appraisal import Appraisal
from corsmith.application.mend import cors_site, install_lines
from corsmith.application.sites import Site, SiteKind
from corsmith.diagnostics import Diagnostic, diagnose

__all__ = ["Case", "Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: what is wrong, where, and the lines to write."""

    diagnostic: Diagnostic
    place: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known of one application."""

    appraisal: Appraisal
    anatomy: Anatomy
    sites: Sequence[Site]

    @property
    def site(self) -> Site | None:
        """Where its CORS layer is made."""
        settings = self.anatomy.settings
        return cors_site(self.sites, None if settings is None else settings.library)

    @property
    def place(self) -> str | None:
        """File and line of its CORS layer, else of the header it sets, else of the application."""
        by_hand = self.first(SiteKind.BY_HAND) if self.anatomy.settings is None else None
        site = self.site or by_hand or self.first(SiteKind.APP)
        return None if site is None else str(site)

    @property
    def layer(self) -> str:
        """What its CORS layer is called in a sentence."""
        settings = self.anatomy.settings
        if self.site is not None and self.site.kind is not SiteKind.DJANGO:
            return self.site.says
        return "the CORS layer" if settings is None else settings.title

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that put corsmith around the application, with the same fields."""
        app = self.first(SiteKind.APP)
        return install_lines(
            self.anatomy.framework,
            None if app is None else app.target,
            {} if self.anatomy.settings is None else self.anatomy.settings.fields,
            self.appraisal.page.origin,
        )

    @property
    def allows_credentials(self) -> bool:
        """Whether pages may include cookies, as its settings or its answers say."""
        told = any(bool(one.fields.get("credentials")) for one in self.anatomy.cors)
        rows = (row for one in self.anatomy.cors for _, row in one.rows if row is not None)
        return (
            told or any(bool(row.get("credentials")) for row in rows) or self.appraisal.credentials
        )

    def first(self, kind: SiteKind) -> Site | None:
        """Return the first site of a kind."""
        return next((site for site in self.sites if site.kind is kind), None)

    def finding(
        self, code: str, field: str | None, value: str | None, message: str, fix: str | None = None
    ) -> Finding:
        """Return a finding at the place of the CORS layer."""
        return Finding(diagnostic=diagnose(code, field, value, message, fix), place=self.place)
