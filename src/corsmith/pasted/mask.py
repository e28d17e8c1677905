"""What is secret in a pasted text, and the same text without it.

What lives here: which header, which part of a URL and which word holds a secret, and what is
shown in its place. What does not: reading the text (``pasted``).

A text that a person pastes holds live tokens more often than not, and what a program prints
ends in logs, screenshots and issues.
"""

import re
from typing import Final

__all__ = ["MASK", "is_secret_header", "mask_text", "mask_url"]

MASK: Final = "***"
"""Stands for a secret: plain ASCII, and nothing that a shell expands inside quotes."""

_SECRET_HEADERS: Final = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
    }
)
# Words that a name of a secret holds, between its other words.
_SECRET_NAME: Final = re.compile(
    r"(?:^|[-_.\[])(?:access|api|app|auth|client|csrf|id|private|refresh|session|x|xsrf)?[-_.]?"
    r"(?:apikey|auth|authorization|bearer|code|credential|jwt|key|pass|passwd|password|pwd|secret|"
    r"session|sessionid|sid|sig|sign|signature|ticket|token)(?:$|[-_.\]])",
    re.IGNORECASE,
)
# JSON Web Tokens, and the tokens of services that begin with the service's letters.
_TOKEN: Final = re.compile(
    r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_.-]+"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|\b(?:gh[opsu]|github_pat|glpat|hf|pk|rk|sk|xox[abprs])[-_][A-Za-z0-9_-]{10,}"
    r"|\b(?:bot)?[0-9]{6,}:[A-Za-z0-9_-]{30,}"
)
_SCHEME_AND_TOKEN: Final = re.compile(
    r"\b(?P<scheme>Bearer|Basic|Digest)\s+[^\s'\",;]{4,}", re.IGNORECASE
)
_LONG: Final = re.compile(
    r"(?=[A-Za-z0-9_~+=-]*[a-z])(?=[A-Za-z0-9_~+=-]*[A-Z])(?=[A-Za-z0-9_~+=-]*[0-9])[A-Za-z0-9_~+=-]{24,}\Z"
)
_USERINFO: Final = re.compile(r"(?<=://)[^/?#@\s]+@")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"\u2018\u2019\u201c\u201d`<>]+")


def is_secret_header(name: str) -> bool:
    """Return whether the value of a request header is never shown.

    >>> is_secret_header("X-API-Key"), is_secret_header("Content-Type")
    (True, False)
    """
    return name.lower() in _SECRET_HEADERS or _SECRET_NAME.search(name) is not None


def mask_url(url: str) -> str:
    """Return a URL without user name, password, and what looks like a secret in it.

    >>> mask_url("https://ada:pw@api.example/items?page=2&access_token=s3cr3t")
    'https://***@api.example/items?page=2&access_token=***'
    """
    url, sharp, fragment = _USERINFO.sub(f"{MASK}@", url).partition("#")
    path, mark, query = url.partition("?")
    path = "/".join(MASK if _LONG.match(part) else part for part in path.split("/"))
    query = "&".join(_mask_pair(pair) for pair in query.split("&"))
    # A fragment is never sent; after an implicit grant it is the token.
    rest = f"{sharp}{MASK}" if fragment and "=" in fragment else f"{sharp}{fragment}"
    return _TOKEN.sub(MASK, f"{path}{mark}{query}{rest}")


def _mask_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    secret = _SECRET_NAME.search(name) or _LONG.match(value)
    return f"{name}={MASK}" if equals and value and secret else pair


def mask_text(text: str) -> str:
    """Return any text with the secrets of its URLs, and its tokens, left out.

    >>> mask_text("at 'https://api.example/?sig=abc' with Bearer s3cr3t")
    "at 'https://api.example/?sig=***' with Bearer ***"
    """
    text = _URL.sub(lambda match: mask_url(match[0]), text)
    text = _SCHEME_AND_TOKEN.sub(lambda match: f"{match['scheme']} {MASK}", text)
    return _TOKEN.sub(MASK, text)
