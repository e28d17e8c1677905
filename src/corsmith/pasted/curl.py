"""A curl command, as "Copy as cURL" gives it or as somebody typed it, read as a request.

What lives here: curl's options, and what each means for a page that sends the same. What
does not: splitting text into words (``commandline``), and sending.

Every option is understood or told as ignored; none is dropped in silence.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from corsmith.errors import UsageError
from corsmith.pasted.request import BodyKind, PastedRequest, from_wire

__all__ = ["read_curl"]


@dataclass(slots=True)
class _Command:
    """What the options said so far."""

    urls: list[str] = field(default_factory=list)
    method: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    content_type: str | None = None
    kind: BodyKind | None = None
    head: bool = False
    in_query: bool = False
    upload: bool = False
    authority: str | None = None
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_curl(words: Sequence[str]) -> PastedRequest:
    """Return the request of a curl command; ``words`` may begin with ``curl``.

    Raises ``UsageError`` for one without an address, or with an option that lacks its value.

    >>> read_curl(["https://api.example/items", "-H", "X-Key: 1", "--data-raw", "{}"]).method
    'POST'
    """
    command = _Command()
    rest = list(words)
    if rest and re.fullmatch(r"(?:.*[/\\])?curl(?:\.exe)?", rest[0]):
        del rest[0]
    only_urls = False
    while rest:
        word = rest.pop(0)
        if word == "--" and not only_urls:
            only_urls = True
        elif word in {"-:", "--next"}:
            command.notes.append("Only the first request, before --next, is read.")
            break
        elif only_urls or not word.startswith("-") or word == "-":
            command.urls.append(word)
        elif word.startswith("--"):
            _long(command, word, rest)
        else:
            _short(command, word, rest)
    return _request(command)


def _long(command: _Command, word: str, rest: list[str]) -> None:
    name = word[2:]
    if name in _FLAGS:
        _FLAGS[name](command)
    elif name in _WITH_VALUE:
        _WITH_VALUE[name](command, _value(word, rest))
    else:
        if name in _IGNORED_WITH_VALUE:
            _value(word, rest)
        command.ignored.append(word)


def _short(command: _Command, word: str, rest: list[str]) -> None:
    """Read letters in one word: flags, and at most one option whose value follows."""
    for index, letter in enumerate(word[1:], start=1):
        name = _LETTERS.get(letter)
        attached = word[index + 1 :]
        if name in _WITH_VALUE or name in _IGNORED_WITH_VALUE:
            value = attached or _value(f"-{letter}", rest)
            if name in _WITH_VALUE:
                _WITH_VALUE[name](command, value)
            else:
                command.ignored.append(f"-{letter}")
            return
        if name in _FLAGS:
            _FLAGS[name](command)
        else:
            command.ignored.append(f"-{letter}")


def _value(option: str, rest: list[str]) -> str:
    if not rest:
        raise UsageError(f"curl {option} lacks its value; copy the command whole")
    return rest.pop(0)


def _request(command: _Command) -> PastedRequest:
    if not command.urls:
        raise UsageError("the curl command names no URL; copy it whole")
    url = command.urls[0]
    if len(command.urls) > 1:
        command.notes.append(f"Only the first of {len(command.urls)} addresses is read.")
    if "://" not in url:
        url = f"http://{url}"
        command.notes.append("The address has no scheme; curl takes http, and so is it read here.")
    body: str | None = "&".join(command.data) if command.data else None
    if command.in_query and body is not None:
        before, sharp, fragment = url.partition("#")
        url = f"{before}{'&' if '?' in before else '?'}{body}{sharp}{fragment}"
        body = command.kind = command.content_type = None
    names = {name.lower() for name, _ in command.headers}
    if command.content_type is not None and "content-type" not in names:
        command.headers.append(("Content-Type", command.content_type))
    request = from_wire(
        url,
        command.method or _method(command),
        command.headers,
        body=body,
        body_kind=_kind(command),
        ignored=tuple(dict.fromkeys(command.ignored)),
        notes=tuple(dict.fromkeys(command.notes)),
    )
    return replace(request, authority=command.authority)


def _method(command: _Command) -> str:
    if command.head:
        return "HEAD"
    if command.upload:
        return "PUT"
    return "POST" if command.kind is not None else "GET"


def _kind(command: _Command) -> BodyKind | None:
    """Return the kind of body by its type, as the header says it in the end."""
    if command.kind != "form":
        return command.kind
    types = (value for name, value in command.headers if name.lower() == "content-type")
    is_form = next(types, "").lower().startswith("application/x-www-form-urlencoded")
    return "form" if is_form else "text"


# ── what the options do ──────────────────────────────────────────────────────


def _header(command: _Command, value: str) -> None:
    name, colon, text = value.partition(":")
    if not colon and value.endswith(";"):
        name, text = value[:-1], ""  # curl's way to send an empty value
    elif value.startswith("@"):
        command.notes.append(f"The header lines in the file {value[1:]} are not read.")
        return
    elif not text.strip():
        return  # curl's way to leave a header out
    command.headers.append((name, text.strip()))


def _data(command: _Command, value: str) -> None:
    command.kind = command.kind or "form"
    command.content_type = command.content_type or "application/x-www-form-urlencoded"
    command.data.append(_of_file(command, value))


def _of_file(command: _Command, value: str) -> str:
    """Return data as given; what stands in a file is not read."""
    if not value.startswith("@"):
        return value
    where = "on standard input" if value == "@-" else f"in the file {value[1:]}"
    command.notes.append(f"The body {where} is not read; the request is checked with none in it.")
    return ""


def _data_raw(command: _Command, value: str) -> None:
    _data(command, "")
    command.data[-1] = value


def _data_urlencode(command: _Command, value: str) -> None:
    name, equals, text = value.partition("=")
    if not equals and "@" in value:
        name, _, file = value.partition("@")
        text = _of_file(command, f"@{file}")
    elif not equals:
        name, text = "", value
    encoded = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "-._~") else _percent(sign)
        for sign in text
    )
    _data_raw(command, f"{name}={encoded}" if name else encoded)


def _percent(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode())


def _json(command: _Command, value: str) -> None:
    command.kind = "text"
    command.content_type = "application/json"
    # curl joins several --json as they are, where it joins several -d with "&".
    text = _of_file(command, value)
    command.data = [("".join(command.data)) + text]
    if not any(name.lower() == "accept" for name, _ in command.headers):
        command.headers.append(("Accept", "application/json"))


def _form(command: _Command, value: str) -> None:
    command.kind = "multipart"
    command.content_type = "multipart/form-data; boundary=----boundary"
    name, _, text = value.partition("=")
    if text.startswith(("@", "<")):
        command.notes.append(f"The file {text[1:].partition(';')[0]} is not read.")
        text = ""
    head = f'------boundary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
    end = "------boundary--\r\n"
    so_far = "".join(command.data).removesuffix(end)
    command.data = [so_far + head + end]


def _upload(command: _Command, value: str) -> None:
    command.upload = True
    command.kind = "bytes"
    command.notes.append(f"The file {value} is not read; the request is checked with no body.")


def _user(command: _Command, value: str) -> None:
    token = base64.b64encode(value.encode()).decode()
    command.headers.append(("Authorization", f"Basic {token}"))


def _bearer(command: _Command, value: str) -> None:
    command.headers.append(("Authorization", f"Bearer {value}"))


def _cookie(command: _Command, value: str) -> None:
    if "=" in value:
        command.headers.append(("Cookie", value))
    else:
        command.notes.append(f"The cookies in the file {value} are not read.")


def _referer(command: _Command, value: str) -> None:
    command.headers.append(("Referer", value.removesuffix(";auto")))


def _url(command: _Command, value: str) -> None:
    command.urls.append(value)


def _set_method(command: _Command, value: str) -> None:
    command.method = value


def _authority(command: _Command, value: str) -> None:
    command.authority = value


def _range(command: _Command, value: str) -> None:
    command.headers.append(("Range", f"bytes={value}"))


def _set_head(command: _Command) -> None:
    command.head = True


def _set_query(command: _Command) -> None:
    command.in_query = True


def _as_browser(_command: _Command) -> None:
    """Do what a browser does anyway, so that nothing need be told."""


_WITH_VALUE: Final[dict[str, Callable[[_Command, str], None]]] = {
    "cacert": _authority,
    "cookie": _cookie,
    "data": _data,
    "data-ascii": _data,
    "data-binary": _data,
    "data-raw": _data_raw,
    "data-urlencode": _data_urlencode,
    "form": _form,
    "form-string": _form,
    "header": _header,
    "json": _json,
    "oauth2-bearer": _bearer,
    "range": _range,
    "referer": _referer,
    "request": _set_method,
    "upload-file": _upload,
    "url": _url,
    "user": _user,
}

_FLAGS: Final[dict[str, Callable[[_Command], None]]] = {
    "basic": _as_browser,
    "compressed": _as_browser,
    "get": _set_query,
    "globoff": _as_browser,
    "head": _set_head,
}

# curl 8: options that take a value, and that change nothing that a page could send.
_IGNORED_WITH_VALUE: Final = frozenset({
    "abstract-unix-socket", "alt-svc", "aws-sigv4", "capath", "cert", "cert-type",
    "ciphers", "config", "connect-timeout", "connect-to", "continue-at", "cookie-jar",
    "create-file-mode", "crlfile", "curves", "delegation", "dns-interface", "dns-ipv4-addr",
    "dns-ipv6-addr", "dns-servers", "doh-url", "dump-header", "ech", "egd-file", "engine",
    "etag-compare", "etag-save", "expect100-timeout", "ftp-account", "ftp-port",
    "happy-eyeballs-timeout-ms", "haproxy-clientip", "hostpubmd5", "hsts", "interface", "ip-tos",
    "ipfs-gateway", "keepalive-cnt", "keepalive-time", "key", "key-type", "krb", "libcurl",
    "limit-rate", "local-port", "login-options", "mail-auth", "mail-from", "mail-rcpt",
    "max-filesize", "max-redirs", "max-time", "netrc-file", "noproxy", "output", "output-dir",
    "parallel-max", "pass", "pinnedpubkey", "preproxy", "proto", "proto-default", "proto-redir",
    "proxy", "proxy-cacert", "proxy-cert", "proxy-header", "proxy-key", "proxy-pass",
    "proxy-user", "pubkey", "quote", "random-file", "rate", "request-target", "resolve", "retry",
    "retry-delay", "retry-max-time", "service-name", "socks4", "socks4a", "socks5",
    "socks5-hostname", "speed-limit", "speed-time", "stderr", "telnet-option", "tftp-blksize",
    "time-cond", "tls-max", "tls13-ciphers", "tlspassword", "tlsuser", "trace", "trace-ascii",
    "trace-config", "unix-socket", "user-agent", "variable", "vlan-priority", "write-out",
})  # fmt: skip

_LETTERS: Final = {
    "A": "user-agent",
    "C": "continue-at",
    "D": "dump-header",
    "E": "cert",
    "F": "form",
    "G": "get",
    "H": "header",
    "I": "head",
    "K": "config",
    "P": "ftp-port",
    "Q": "quote",
    "T": "upload-file",
    "U": "proxy-user",
    "X": "request",
    "Y": "speed-limit",
    "b": "cookie",
    "c": "cookie-jar",
    "d": "data",
    "e": "referer",
    "g": "globoff",
    "h": "help",
    "m": "max-time",
    "o": "output",
    "r": "range",
    "t": "telnet-option",
    "u": "user",
    "w": "write-out",
    "x": "proxy",
    "y": "speed-time",
    "z": "time-cond",
}
