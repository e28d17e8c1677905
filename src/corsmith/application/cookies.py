"""Cookies that pages of another site may send, and that browsers keep back.

What lives here: cookies of the framework's settings and of calls in the source, held against
``SameSite``. What does not: CORS, which says nothing of it.
"""

import ast
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from corsmith.application.case import Case, Finding
from corsmith.application.sites import Site, SiteKind
from corsmith.diagnostics import diagnose, quote
from corsmith.origin import is_loopback
from corsmith.suffixes import find_registrable

__all__ = ["find_cookies", "is_held_back"]

_NAMES: Final = ("samesite", "same_site")
# What a keyword is that is not given: Sanic alone sets Secure by itself.
_SECURE: Final = frozenset({"add_cookie"})
_ALSO: Final = "some browsers refuse third-party cookies even so."


def find_cookies(case: Case) -> Iterator[Finding]:
    """Yield each cookie that is not sent from the page, though credentials are allowed."""
    if not case.allows_credentials or _is_same_site(case):
        return
    origin = case.appraisal.page.origin
    for cookie in case.anatomy.cookies:
        if cookie.crosses:
            continue
        message = (
            f"pages may include cookies, and the cookie {cookie.name} is not sent from "
            f"{origin}, if that is another site: {cookie.setting} keeps it back."
        )
        yield case.finding(
            "cookie-not-sent", cookie.setting, cookie.name, message, f"Write {cookie.fix}; {_ALSO}"
        )
    for site in case.sites:
        call = site.node
        if site.kind is SiteKind.COOKIE and isinstance(call, ast.Call) and is_held_back(call):
            yield _of_call(site, call, origin)


def _of_call(site: Site, call: ast.Call, origin: str) -> Finding:
    message = (
        f"pages may include cookies, and the one that {site.says} sets is not sent from "
        f"{origin}, if that is another site: it is not SameSite=None and Secure."
    )
    fix = f'Give it samesite="None" and secure=True; {_ALSO}'
    return Finding(
        diagnostic=diagnose("cookie-not-sent", "Set-Cookie", _name(call), message, fix),
        place=str(site),
    )


def _name(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    value = first.value if isinstance(first, ast.Constant) else None
    return quote(value) if isinstance(value, str) else None


def is_held_back(call: ast.Call) -> bool:
    """Return whether a call sets a cookie for its own site alone, as far as it is written out."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given:  # **options, which nobody can read here
        return False
    same_site = next((given[name] for name in _NAMES if name in given), None)
    secure = given.get("secure")
    is_none = _is(same_site, value="none", absent=False)
    is_secure = _is(secure, value=True, absent=call_name(call) in _SECURE)
    return not (is_none and is_secure)


def call_name(call: ast.Call) -> str:
    """Return the last part of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _is(node: ast.expr | None, *, value: object, absent: bool) -> bool:
    """Return whether an argument has a value; what is no literal is taken to be right."""
    if node is None:
        return absent
    if not isinstance(node, ast.Constant):
        return True
    given = node.value.lower() if isinstance(node.value, str) else node.value
    return given == value


def _is_same_site(case: Case) -> bool:
    """Return whether the page is known to be of the application's own site."""
    page = urlsplit(case.appraisal.page.origin).hostname or ""
    host = case.anatomy.host
    if host is None:
        # A page on this machine asks, most likely, an application on this machine.
        return is_loopback(page)
    return (find_registrable(page) or page) == (find_registrable(host) or host)
