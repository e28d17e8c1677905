"""A request in a piece of program: ``fetch(…)`` as browsers copy it, axios, requests, XHR.

What lives here: which call is a request, and what its arguments mean. What does not: reading
the arguments themselves (``literal``). Nothing is run, so what a program computes stays
unknown, and is told.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from corsmith.errors import UsageError
from corsmith.pasted.literal import Computed, Value, read_arguments
from corsmith.pasted.request import BodyKind, Credentials, PastedRequest, from_wire

__all__ = ["read_snippet"]

_CALL: Final = re.compile(
    r"(?<![\w$.])(?:await\s+)?(?:window\.|globalThis\.|self\.)?(?P<fetch>fetch)\s*\("
    r"|(?<![\w$])(?P<axios>axios|\$http|api|http|client)(?:\.(?P<axios_method>get|delete|head|options|post|put|patch|request))?\s*\("
    r"|(?<![\w$])(?:requests|httpx|session|s|client)\.(?P<python>get|delete|head|options|post|put|patch|request)\s*\("
    r"|(?<![\w$])(?:\$|jQuery)\.(?P<jquery>ajax|get|post|getJSON)\s*\("
    r"|\.(?P<xhr>open)\s*\((?=\s*['\"`][A-Za-z]+['\"`]\s*,)"
    r"|new\s+(?P<eventsource>EventSource)\s*\("
)
_SET_HEADER: Final = re.compile(r"\.setRequestHeader\s*\(")
_SEND: Final = re.compile(r"\.send\s*\(\s*(?P<body>[^)\s][^)]*)?\)")
_NAME_AND_VALUE: Final = 2
_MOST_CALLS: Final = 50
"""How many calls are looked at: a text of nothing but calls costs no more than its length."""
_WITH_CREDENTIALS: Final = re.compile(r"\.withCredentials\s*=\s*true")


@dataclass(slots=True)
class _Call:
    """A call as it is read."""

    url: Value = None
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    kind: BodyKind | None = None
    credentials: Credentials = "same-origin"
    page: str | None = None
    mode: str | None = None
    notes: list[str] = field(default_factory=list)

    def take_headers(self, value: Value) -> None:
        """Take headers from an object, or a list of pairs."""
        pairs = value.items() if isinstance(value, dict) else _pairs(value)
        for name, text in pairs:
            if isinstance(text, Computed):
                self.notes.append(f"The value of {name} is computed; *** stands for it.")
                self.headers[name] = "***"
            elif isinstance(text, str | int | float):
                self.headers[name] = _plain(text)
        if isinstance(value, Computed):
            given = read_inner(value, "Headers")
            if given is None:
                self.notes.append("The headers are computed, and none of them is read.")
            else:
                self.take_headers(given)

    def has(self, name: str) -> bool:
        """Return whether a header was set."""
        return any(given.lower() == name for given in self.headers)

    def take_body(self, value: Value, content_type: str | None = None) -> None:
        """Take a body; an object becomes JSON where ``content_type`` says so."""
        if value is None:
            return
        kind: BodyKind = "text"
        if isinstance(value, Computed):
            text, kind = _computed(value)
            if text is None:
                self.notes.append("The body is computed; the request is checked with none in it.")
                text = ""
        elif isinstance(value, str | int | float):
            text = _plain(value)
        else:
            text = json.dumps(value)
        if content_type is not None and kind == "text" and not self.has("content-type"):
            self.headers["Content-Type"] = content_type
        self.body, self.kind = text, kind


def _plain(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(value: Value) -> list[tuple[str, Value]]:
    found = value if isinstance(value, list) else []
    return [
        (str(pair[0]), pair[1])
        for pair in found
        if isinstance(pair, list) and len(pair) == _NAME_AND_VALUE
    ]


def read_inner(text: str, function: str) -> Value:
    """Return the first argument of ``function(…)`` that ``text`` begins with, or ``None``."""
    match = re.match(rf"(?:new\s+)?{re.escape(function)}\s*\(", text)
    if match is None:
        return None
    values, _, _ = read_arguments(text, match.end())
    return values[0] if values else None


def _computed(text: str) -> tuple[str | None, BodyKind]:
    """Return what is known of a body that is an expression."""
    given = read_inner(text, "JSON.stringify")
    given = read_inner(text, "json.dumps") if given is None else given
    if given is not None:
        return (None if isinstance(given, Computed) else json.dumps(given)), "text"
    if re.match(r"new\s+FormData\b", text) or text.lower() in {"formdata", "form_data", "fd"}:
        return None, "multipart"
    if re.match(r"new\s+URLSearchParams\b", text):
        given = read_inner(text, "URLSearchParams")
        return (
            given if isinstance(given, str) and not isinstance(given, Computed) else None
        ), "form"
    return None, "text"


def read_snippet(text: str) -> PastedRequest | None:
    """Return the first request in a piece of program; ``None`` where there is none.

    Raises ``UsageError`` where there is one whose address only running it would tell.

    >>> read_snippet('fetch("https://api.example/items", {method: "PUT"})').method
    'PUT'
    """
    for match in islice(_CALL.finditer(text), _MOST_CALLS):
        name = match.lastgroup if match.lastgroup != "axios_method" else "axios"
        values, named, end = read_arguments(text, match.end())
        call = _Call()
        _READERS[name or ""](call, match, values, named, text[end:])
        if call.url is None or isinstance(call.url, bool | int | float | list | dict):
            continue
        return _request(call)
    return None


def _request(call: _Call) -> PastedRequest:
    url = str(call.url)
    if isinstance(call.url, Computed) or "://" not in url:
        raise UsageError(
            f"the address {url} is not whole; write it out, as in\n"
            "  corsmith check https://api.example/items"
        )
    lines = list(call.headers.items())
    if call.page is not None:
        lines.append(("Referer", call.page))
    if call.mode is not None:
        lines.append(("Sec-Fetch-Mode", call.mode))
    notes = tuple(dict.fromkeys(call.notes))
    return from_wire(
        url,
        call.method,
        lines,
        body=call.body,
        body_kind=call.kind,
        credentials=call.credentials,
        notes=notes,
    )


# ── the calls ────────────────────────────────────────────────────────────────

_Named = Mapping[str, Value]


def _options(values: list[Value], index: int) -> dict[str, Value]:
    value = values[index] if index < len(values) else None
    return value if isinstance(value, dict) else {}


def _first(values: list[Value]) -> Value:
    return values[0] if values else None


def _fetch(
    call: _Call, _match: re.Match[str], values: list[Value], _named: _Named, _rest: str
) -> None:
    call.url = _first(values)
    if isinstance(call.url, Computed):
        inner = read_inner(call.url, "URL")
        call.url = call.url if inner is None else inner
    options = _options(values, 1)
    _take_method(call, options.get("method"))
    call.take_headers(options.get("headers"))
    call.take_body(options.get("body"))
    if call.kind == "text":
        call.take_body(options.get("body"), "text/plain;charset=UTF-8")
    elif call.kind == "form":
        call.headers.setdefault("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
    credentials = options.get("credentials")
    if credentials == "include":
        call.credentials = "include"
    elif credentials == "omit":
        call.credentials = "omit"
    for name, word in (("referrer", "page"), ("mode", "mode")):
        given = options.get(name)
        if isinstance(given, str) and not isinstance(given, Computed):
            setattr(call, word, given)


def _take_method(call: _Call, value: Value) -> None:
    if isinstance(value, Computed):
        call.notes.append("The method is computed; GET is taken.")
    elif isinstance(value, str) and value:
        call.method = value


def _axios(
    call: _Call, match: re.Match[str], values: list[Value], _named: _Named, _rest: str
) -> None:
    method = match["axios_method"]
    if method in {None, "request"}:
        options = _options(values, 0) or _options(values, 1)
        call.url = options.get("url") if _options(values, 0) else _first(values)
        _take_method(call, options.get("method"))
        data = options.get("data")
    else:
        has_body = method in {"post", "put", "patch"}
        call.url = _first(values)
        call.method = method.upper()
        options = _options(values, 2 if has_body else 1)
        data = values[1] if has_body and len(values) > 1 else options.get("data")
    base = options.get("baseURL")
    if isinstance(base, str) and isinstance(call.url, str) and "://" not in call.url:
        call.url = base.rstrip("/") + "/" + call.url.lstrip("/")
    call.method = call.method.upper()
    call.take_headers(options.get("headers"))
    # axios makes JSON of an object; its own Accept differs from a browser's.
    is_text = isinstance(data, str) and not isinstance(data, Computed)
    call.take_body(data, "application/x-www-form-urlencoded" if is_text else "application/json")
    call.headers.setdefault("Accept", "application/json, text/plain, */*")
    _take_query(call, options.get("params"))
    if options.get("withCredentials") is True:
        call.credentials = "include"


def _take_query(call: _Call, value: Value) -> None:
    if isinstance(value, dict) and value and isinstance(call.url, str):
        query = "&".join(
            f"{name}={_plain(text)}"
            for name, text in value.items()
            if isinstance(text, str | int | float) and not isinstance(text, Computed)
        )
        if query:
            call.url = type(call.url)(f"{call.url}{'&' if '?' in call.url else '?'}{query}")


def _python(
    call: _Call, match: re.Match[str], values: list[Value], named: _Named, _rest: str
) -> None:
    method = match["python"]
    given = list(values)
    if method == "request":
        _take_method(call, given.pop(0) if given else named.get("method"))
    call.method = call.method if method == "request" else method.upper()
    call.url = _first(given) if given else named.get("url")
    call.take_headers(named.get("headers"))
    call.take_body(named.get("json"), "application/json")
    data = named.get("data")
    if isinstance(data, dict):
        data = "&".join(f"{name}={text}" for name, text in data.items() if isinstance(text, str))
        call.take_body(data, "application/x-www-form-urlencoded")
        call.kind = "form"
    else:
        call.take_body(data)
    _take_query(call, named.get("params"))
    cookies = named.get("cookies")
    if isinstance(cookies, dict):
        call.headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in cookies.items())
        call.credentials = "include"
    if isinstance(named.get("auth"), Computed):
        _take_auth(call, str(named["auth"]))


def _take_auth(call: _Call, text: str) -> None:
    pair, _, _ = read_arguments(text, 1) if text.startswith("(") else ([], {}, 0)
    user = [str(word) for word in pair if isinstance(word, str) and not isinstance(word, Computed)]
    is_known = len(user) == _NAME_AND_VALUE
    token = base64.b64encode(":".join(user).encode()).decode() if is_known else "***"
    call.headers["Authorization"] = f"Basic {token}"


def _jquery(
    call: _Call, match: re.Match[str], values: list[Value], _named: _Named, _rest: str
) -> None:
    method = match["jquery"]
    options = _options(values, 0) or _options(values, 1)
    call.url = options.get("url") or (None if _options(values, 0) else _first(values))
    if method == "ajax":
        _take_method(call, options.get("method") or options.get("type"))
        call.method = call.method.upper()
        call.take_headers(options.get("headers"))
        content_type = options.get("contentType")
        known = isinstance(content_type, str) and not isinstance(content_type, Computed)
        form = "application/x-www-form-urlencoded; charset=UTF-8"
        if call.method not in {"GET", "HEAD"}:
            call.take_body(options.get("data"), str(content_type) if known else form)
        extra = options.get("xhrFields")
        if isinstance(extra, dict) and extra.get("withCredentials") is True:
            call.credentials = "include"
    elif method == "post":
        call.method = "POST"


def _xhr(
    call: _Call, _match: re.Match[str], values: list[Value], _named: _Named, rest: str
) -> None:
    _take_method(call, _first(values))
    call.method = call.method.upper()
    call.url = values[1] if len(values) > 1 else None
    for header in _SET_HEADER.finditer(rest):
        pair, _, _ = read_arguments(rest, header.end())
        call.take_headers([list(pair)])
    if _WITH_CREDENTIALS.search(rest):
        call.credentials = "include"
    send = _SEND.search(rest)
    if (
        send is not None
        and send["body"] not in {None, "null"}
        and call.method not in {"GET", "HEAD"}
    ):
        pair, _, _ = read_arguments(rest, rest.index("(", send.start()) + 1)
        call.take_body(_first(pair), "text/plain;charset=UTF-8")


def _eventsource(
    call: _Call, _match: re.Match[str], values: list[Value], _named: _Named, _rest: str
) -> None:
    call.url = _first(values)
    call.headers["Accept"] = "text/event-stream"
    if _options(values, 1).get("withCredentials") is True:
        call.credentials = "include"


_READERS: Final[dict[str, Callable[[_Call, re.Match[str], list[Value], _Named, str], None]]] = {
    "axios": _axios,
    "eventsource": _eventsource,
    "fetch": _fetch,
    "jquery": _jquery,
    "python": _python,
    "xhr": _xhr,
}
