"""What refuses an answer besides CORS: elements, MIME types, and resource policy.

What lives here: one question each, answered from the answer alone. What does not: CORS
(``checks``).
"""

import re
from typing import Final

from corsmith.browser.engines import Engine
from corsmith.browser.urls import site_of
from corsmith.browser.verdict import Received

__all__ = ["element_problem", "resource_policy_problem"]

# MIME Sniffing, #javascript-mime-type
_JAVASCRIPT: Final = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "text/x-javascript",
    }
)
_NO_SCRIPT: Final = re.compile(r"(?:audio|image|video)/|text/csv\Z")
_WITHOUT_BODY: Final = frozenset({204, 205})
_PARTIAL: Final = 206
_OK: Final = range(200, 300)


def essence(answer: Received) -> str:
    """Return the MIME type of an answer without its parameters, in lower case."""
    return (answer.get("content-type") or "").split(";")[0].strip().lower()


def element_problem(api: str, tainting: str, answer: Received, engine: Engine) -> str | None:
    """Return why an element or an EventSource makes nothing of an answer, ``None``: it does."""
    kind = essence(answer)
    nosniff = (answer.get("x-content-type-options") or "").split(",")[
        0
    ].strip().lower() == "nosniff"
    match api:
        case "eventsource" if (answer.status, kind) != (200, "text/event-stream"):
            return f"status {answer.status}, type {kind!r}: no event stream"
        case "script" | "module" | "stylesheet" if answer.status not in _OK:
            return f"status {answer.status} is not ok"
        case "module" if kind not in _JAVASCRIPT:
            return f"type {kind!r} is no JavaScript"
        case "script" if nosniff and kind not in _JAVASCRIPT:
            return f"type {kind!r} is no JavaScript, and X-Content-Type-Options is nosniff"
        case "script" if _NO_SCRIPT.match(kind):
            return f"type {kind!r} is never a script"
        case "stylesheet" if _is_no_style(kind, engine, nosniff=nosniff):
            return f"type {kind!r} is no style sheet"
        case "img" if answer.status in _WITHOUT_BODY:
            return f"status {answer.status} has no image"
        case "img" if _is_partial(answer, tainting) and engine.opaque_partial_images_blocked:
            return "status 206 without a Range"
        case "img" if nosniff and tainting == "opaque" and kind in engine.opaque_types_blocked:
            return f"type {kind!r} is no image, and X-Content-Type-Options is nosniff"
    return None


def _is_no_style(kind: str, engine: Engine, *, nosniff: bool) -> bool:
    if nosniff:
        return kind != "text/css"
    return engine.stylesheets_need_their_type and kind not in {"", "text/css"}


def _is_partial(answer: Received, tainting: str) -> bool:
    return answer.status == _PARTIAL and tainting == "opaque"


def resource_policy_problem(page: str, target: str, answer: Received, engine: Engine) -> str | None:
    """Return why Cross-Origin-Resource-Policy forbids an answer.

    Fetch, #cross-origin-resource-policy-internal-check; what is no value of it counts as none.
    """
    policy = answer.get("cross-origin-resource-policy")
    site = site_of(page, target, ports_of_an_address_are_sites=engine.ports_of_an_address_are_sites)
    refused = {"same-origin": {"same-site", "cross-site"}, "same-site": {"cross-site"}}
    if site in refused.get(policy or "", set()):
        return f"Cross-Origin-Resource-Policy is {policy}, and the page is {site}"
    return None
