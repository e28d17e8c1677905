"""The tables of the documentation that are made from the tables of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corsmith.diagnostics import CODES, Severity
from corsmith.groups import EXPOSE_GROUPS, HEADER_GROUPS, ORIGIN_GROUPS
from tests.docs.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CODES_INDEX", "codes_index", "groups_table"]

CODES_INDEX: Final = DOCS / "codes" / "index.md"

_PARTS: Final = (
    (
        Severity.ERROR,
        "Problems",
        "A policy with one of these is never made: it cannot work, or it is dangerous.",
    ),
    (
        Severity.WARNING,
        "Warnings",
        "A policy with one of these is made, and `policy.warnings` holds them.",
    ),
    (
        Severity.INFO,
        "Reasons",
        "Why a request was refused: in a log line, in `check`, and in `decide(…).reasons`.",
    ),
)

# What `check URL` finds: none of it is about a policy.
_FOUND: Final = (
    "vary-missing",
    "errors-without-headers",
    "two-layers",
    "body-after-204",
    "header-not-exposed",
    "cookie-not-sent",
    "range-not-answered",
    "range-compressed",
    "status-unexpected",
    "redirect-not-followed",
)
# Why a browser refuses: none of it is about a policy either.
_VERDICTS: Final = (
    "allow-origin-missing",
    "allow-origin-mismatch",
    "allow-origin-list",
    "allow-origin-twice",
    "allow-origin-invalid",
    "allow-credentials-missing",
    "allow-credentials-not-true",
    "preflight-status",
    "preflight-redirect",
    "allow-methods-unreadable",
    "allow-headers-unreadable",
    "authorization-not-covered",
    "request-refused",
    "request-closed",
    "request-dns",
    "request-tls",
    "request-timeout",
    "request-malformed",
    "mixed-content",
    "local-network-access",
    "redirect-malformed",
    "redirect-not-http",
    "redirect-to-userinfo",
    "too-many-redirects",
    "redirect-mode-error",
    "mode-same-origin",
    "no-cors-redirect-mode",
    "resource-policy",
    "scheme-not-http",
    "element-refuses",
    "url-has-userinfo",
    "url-invalid",
    "header-value-invalid",
    "method-not-safelisted",
    "body-not-allowed",
    "stream-not-half-duplex",
    "stream-not-supported",
    "stream-needs-http2",
)
# What a pasted text tells beyond a browser's verdict.
_PASTED: Final = (
    "opaque-response-blocked",
    "opaque-response",
    "tainted-canvas",
    "private-network-access",
    "blocked-by-client",
    "browser-offline",
    "request-aborted",
    "content-security-policy",
    "cors-disabled",
    "csrf-check",
    "host-refused",
    "payload-too-large",
    "frame-blocked",
    "websocket-refused",
    "network-error",
    "reason-not-told",
)
# What `corsmith import` tells of the settings that it read.
_IMPORTED: Final = ("regex-open-end", "never-matched", "not-expressible", "answers-differently")
_SETTINGS: Final = (
    "What `corsmith import` tells of another library's settings, beside the problems."
)
_SIGHTINGS: Final = "What `corsmith check` reads in a pasted text, beside the verdicts."
_REFUSALS: Final = "Why a browser does not let a page read an answer."
_FINDINGS: Final = "What `corsmith check URL` finds at an address, also where the page may."

_HEAD: Final = """# Codes

Everything corsmith has to say has a code.
Each code has a page: what it means, why, before and after.
A code is permanent: it is never renamed, and never means something else.
Two problems are only warnings where they do less harm; their pages say when.
"""


def codes_index() -> str:
    """Return the page: a table for each severity, codes in the order of ``CODES``."""
    parts = [_HEAD]
    for severity, title, sentence in _PARTS:
        codes = [code for code, known in CODES.items() if known.severity is severity]
        parts += _table(
            title,
            sentence,
            [code for code in codes if code not in {*_VERDICTS, *_FOUND, *_PASTED, *_IMPORTED}],
        )
    parts += _table("Verdicts", _REFUSALS, _VERDICTS)
    parts += _table("Findings", _FINDINGS, _FOUND)
    parts += _table("Pasted", _SIGHTINGS, _PASTED)
    parts += _table("Imported", _SETTINGS, _IMPORTED)
    parts += ["```{toctree}", ":hidden:", ":glob:", "", "*", "```"]
    return "\n".join(parts) + "\n"


def _table(title: str, sentence: str, codes: Iterable[str]) -> list[str]:
    """Return the lines of one part."""
    rows = [f"| [{code}]({code}.md) | {CODES[code].title} |" for code in codes]
    return [f"## {title}", "", sentence, "", "| code | meaning |", "|---|---|", *rows, ""]


def groups_table() -> str:
    """Return the table of groups in ``docs/reference/policy.md``."""
    tables = (ORIGIN_GROUPS, HEADER_GROUPS, EXPOSE_GROUPS)
    names = dict.fromkeys(name for table in tables for name in table)
    rows = ["| group | in `origins` | in `headers` | in `expose` |", "|---|---|---|---|"]
    for name in names:
        cells = [_cell(table.get(name)) for table in tables]
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _cell(values: tuple[str, ...] | None) -> str:
    """Return what a group stands for in one field; nothing where it may not stand."""
    if values is None:
        return ""
    return ", ".join(f"`{value}`" for value in values) or "(empty)"
