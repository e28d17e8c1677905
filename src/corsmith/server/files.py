"""``Files``: a folder, or one file, as something to serve: an ASGI application without CORS.

What lives here: methods, statuses and headers, and sending a file part by part. What does
not: which paths lead where (``folder``), what a request asks of a file (``ranges``,
``conditions``), CORS (``adapters.asgi``).

=====================  ============================================================
GET, HEAD              200, 206, 304, 404, 412, 416; 308 to a folder's own address
OPTIONS, no preflight  200, no body, ``Allow``
anything else          405, ``Allow``
=====================  ============================================================

A file is sent as it was when it was opened: its length is told first. One that becomes
shorter, or is written to, ends the connection, for a body that ends well would be believed.
"""

import asyncio
import errno
import logging
import os
import secrets
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from corsmith.adapters.asgi import App, Message, Receive, Scope, Send
from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.server.answers import phrase_of
from corsmith.server.body import has_body
from corsmith.server.conditions import NOT_MODIFIED, allows_range, judge, write_date
from corsmith.server.folder import Folder, Named, Opened, is_missing, read_path
from corsmith.server.listing import Order, as_json, as_page, prefers_json, quote_name, take
from corsmith.server.media import type_of
from corsmith.server.parts import CutError, send_parts
from corsmith.server.ranges import Part, Span, multipart, select
from corsmith.server.serving import CUT
from corsmith.server.source import LOOPBACK
from corsmith.server.viewers import Viewer

__all__ = ["FOLDER_SEED", "FileServer", "Files", "OneFile"]

FOLDER_SEED: Final[Mapping[str, object]] = {
    "origins": [LOOPBACK],
    "methods": ["GET", "HEAD"],
    "headers": ["@range", "Content-Type"],
    "expose": ["@range"],
    "max_age": 7200,
}
"""The policy of files: pages of this machine's own servers, and all that their readers use."""

_LOGGER: Final = logging.getLogger("corsmith.server.files")

_INDEX: Final = "index.html"
_ALLOW: Final = (b"allow", b"GET, HEAD, OPTIONS")
_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")

_ANYWHERE: Final = (
    (b"cache-control", b"no-cache"),  # kept, but asked about each time: an edit is seen at once
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_ISOLATED: Final = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
)

_BUSY: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""There is not enough of something now: later there may be."""

_READ: Final = frozenset(
    {
        b"accept",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"range",
    }
)

Line: TypeAlias = tuple[bytes, bytes]


class FileServer:
    """The application that serves what is below a folder."""

    def __init__(self, root: str, extra: Iterable[Line]) -> None:
        """Serve what is below ``root``; each answer has the ``extra`` headers."""
        self._folder = Folder(root)
        self._extra = list(extra)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if method not in {"GET", "HEAD"}:
            status = 200 if method == "OPTIONS" else 405
            await self._tell(status, send, method, [_ALLOW])
            return
        named = read_path(scope["raw_path"])
        if named is None:
            await self._tell(404, send, method)
            return
        try:
            opened = self._open(named)
        except OSError as error:
            await self._tell(_status_of(error), send, method)
            return
        try:
            await self._answer(named, opened, scope, receive, send)
        except CutError as error:
            await self._cut(error, scope, send)
        except OSError as error:  # the names in a folder
            await self._tell(_status_of(error), send, method)
        finally:
            os.close(opened.descriptor)

    async def _cut(self, error: CutError, scope: Scope, send: Send) -> None:
        """Answer in place of a file that cannot be sent, or end what has begun of it."""
        if error.begun:
            # Without its last part the answer ends as a connection that broke.
            scope[CUT] = error.word
            _LOGGER.warning("corsmith: %s was cut off: %s", quote(scope["path"]), error)
        else:
            await self._tell(500, send, scope["method"])

    def _open(self, named: Named) -> Opened:
        return self._folder.open(named.names)

    async def _answer(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with what a path named: a file, a folder, or the one with the other's address."""
        method = scope["method"]
        if not opened.is_folder:
            if named.as_folder:
                await self._tell(404, send, method)
            else:
                await self._file(named.names[-1], opened, scope, receive, send)
        elif not named.as_folder:
            await self._tell(308, send, method, [(b"location", _own_address(named, scope))])
        else:
            await self._inside(named, opened, scope, receive, send)

    async def _inside(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with a folder's index, or with its listing."""
        try:
            index = self._folder.open([*named.names, _INDEX])
        except OSError:
            await self._listing(named, opened, scope, send)
            return
        try:
            if index.is_folder:
                await self._listing(named, opened, scope, send)
            else:
                await self._file(_INDEX, index, scope, receive, send)
        finally:
            os.close(index.descriptor)

    async def _listing(self, named: Named, opened: Opened, scope: Scope, send: Send) -> None:
        entries, is_complete = await asyncio.to_thread(
            lambda: take(self._folder.entries(named.names, opened.descriptor))
        )
        order = Order.of(scope["query_string"])
        entries = order.sort(entries)
        lines = [(b"vary", b"Accept"), (b"x-content-type-options", b"nosniff")]
        if prefers_json(_asked(scope).get("accept", "")):
            path = "/" + "".join(f"{name}/" for name in named.names)
            body = as_json(path, entries, is_complete=is_complete)
            lines.append((b"content-type", b"application/json"))
        else:
            body, policy = as_page(named.names, entries, order, is_complete=is_complete)
            lines.append((b"content-security-policy", policy.encode()))
            lines.append((b"content-type", b"text/html; charset=utf-8"))
        await self._send(200, send, scope["method"], body, lines)

    async def _file(
        self, name: str, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with a file: all of it, parts of it, or that it has or has not changed."""
        reply = _reply(name, opened, scope["method"], _asked(scope), time.time())
        if reply.parts is None:
            await self._tell(reply.status, send, scope["method"], reply.lines)
            return
        start = _start(reply.status, [*reply.lines, *self._extra])
        if scope["method"] == "HEAD" or not reply.length:
            await send(start)
            await send({"type": "http.response.body", "body": b""})
        else:
            # Where a body may come, its parts are not taken for news of the client.
            news = None if has_body(scope) else receive
            await send_parts(opened, reply.parts, reply.length, start, send, news)

    async def _tell(self, status: int, send: Send, method: str, lines: Iterable[Line] = ()) -> None:
        """Answer with a status and its name."""
        body = b"" if method == "OPTIONS" else f"{phrase_of(status)}\n".encode()
        await self._send(status, send, method, body, [*lines, _PLAIN] if body else lines)

    async def _send(
        self, status: int, send: Send, method: str, body: bytes, lines: Iterable[Line]
    ) -> None:
        length = (b"content-length", str(len(body)).encode())
        await send(_start(status, [*lines, length, *self._extra]))
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


class OneFile(FileServer):
    """The application that serves one file: at its name, and at the root."""

    def __init__(self, path: str, name: str, extra: Iterable[Line]) -> None:
        """Serve the file at ``path``, wherever a link there leads, as ``name``."""
        super().__init__(path, extra)
        self._path = path
        self._name = name

    def _open(self, named: Named) -> Opened:
        if named.names not in {(), (self._name,)}:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        root, name = os.path.split(os.path.realpath(self._path))
        return Folder(root).open([name])

    async def _answer(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if opened.is_folder or (named.names and named.as_folder):
            await self._tell(404, send, scope["method"])
        else:
            await self._file(self._name, opened, scope, receive, send)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What a file is answered with; ``parts`` is ``None`` where a status says it all."""

    status: int
    lines: list[Line]
    parts: Sequence[Part] | None
    length: int = 0


def _reply(name: str, opened: Opened, method: str, asked: Mapping[str, str], now: float) -> _Reply:
    """Return the answer to a GET or HEAD of a file."""
    size, tag = opened.size, opened.tag
    # A time to come would be taken for a change that never ends (RFC 9110, section 8.8.2.1).
    modified = int(max(0.0, min(opened.modified, now)))
    lines = [
        (b"etag", tag.encode()),
        (b"last-modified", write_date(modified).encode()),
        (b"accept-ranges", b"bytes"),
    ]
    ended = judge(asked, tag, modified) if asked else None
    if ended is not None:
        return _Reply(status=ended, lines=lines, parts=() if ended == NOT_MODIFIED else None)
    spans = None
    if "range" in asked and allows_range(asked.get("if-range"), tag, modified, now):
        spans = select(asked["range"], size)
    # A range is GET's alone (RFC 9110, section 14.2), and HEAD tells the whole length. Of
    # one that asks for everything a 206 tells both, which DuckDB takes for its proof.
    if method == "HEAD" and spans != (Span(0, size),):
        spans = None
    if spans == ():
        lines.append((b"content-range", f"bytes */{size}".encode()))
        return _Reply(status=416, lines=lines, parts=None)
    kind = type_of(name)
    parts: Sequence[Part] = spans or (Span(0, size),)
    length = size
    if spans is not None and len(spans) == 1:
        ((start, stop),) = spans
        length = stop - start
        lines.append((b"content-range", f"bytes {start}-{stop - 1}/{size}".encode()))
    elif spans is not None:
        boundary = secrets.token_hex(16)
        parts, length = multipart(spans, size, kind, boundary)
        kind = f"multipart/byteranges; boundary={boundary}"
    lines += [(b"content-type", kind.encode()), (b"content-length", str(length).encode())]
    return _Reply(status=200 if spans is None else 206, lines=lines, parts=parts, length=length)


def _asked(scope: Scope) -> dict[str, str]:
    """Return the header lines that matter here; several of one name are one list."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in _READ:
            key, text = name.decode(), value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _own_address(named: Named, scope: Scope) -> bytes:
    """Return where a folder is: with one slash before it, so never on another host."""
    path = "".join(f"/{quote_name(name)}" for name in named.names)
    query: bytes = scope["query_string"]
    return f"{path}/".encode() + (b"?" + query if query else b"")


def _start(status: int, lines: list[Line]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": lines}


def _status_of(error: OSError) -> int:
    """Return what a client is told of something that cannot be opened or read."""
    if is_missing(error):
        return 404
    return 503 if error.errno in _BUSY else 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A folder, or one file, as something to serve; ``name`` is the file's in its URL."""

    title: str
    path: str
    name: str | None
    isolated: bool = False
    viewer: Viewer | None = None
    streams: bool = False
    has_lifespan: bool = False
    enforces: bool = False

    @classmethod
    def of(cls, path: str, *, isolated: bool = False, viewer: Viewer | None = None) -> "Files":
        """Return what to serve at ``path``; ``UsageError`` where it cannot be read."""
        whole = os.path.abspath(path)  # noqa: PTH100  a link stays one, and may be replaced
        try:
            mode = Path(path).stat().st_mode
            if stat.S_ISDIR(mode):
                os.scandir(path).close()
            elif stat.S_ISREG(mode):
                os.close(os.open(path, os.O_RDONLY))
            else:
                raise UsageError(f"{quote(path)} is neither a folder nor a regular file")
        except OSError as error:
            raise UsageError(f"{quote(path)} cannot be read: {error.strerror}") from None
        is_folder = stat.S_ISDIR(mode)
        return cls(
            title=f"the {'folder' if is_folder else 'file'} {path}",
            path=whole,
            name=None if is_folder else os.path.basename(whole),  # noqa: PTH119  as bytes above
            isolated=isolated,
            viewer=viewer,
        )

    @property
    def seed(self) -> Mapping[str, object]:
        """The policy where none is given; the viewer may read too."""
        if self.viewer is None:
            return FOLDER_SEED
        return {**FOLDER_SEED, "origins": [LOOPBACK, self.viewer.origin]}

    def address(self, url: str) -> str:
        """Return what is to be looked at: the viewer's link, the file, or the listing."""
        if self.viewer is not None:
            return self.viewer.link(f"{url}/{self._example()}")
        return f"{url}/{'' if self.name is None else quote_name(self.name)}"

    def notes(self, url: str) -> list[tuple[str, str]]:
        """Return where the one file is, and the link to the viewer."""
        rows = [] if self.name is None else [("file", f"{url}/{quote_name(self.name)}")]
        if self.viewer is not None:
            link = self.address(url)
            rows.append(("viewer", f"{link}   (the browser may ask for the local network)"))
        if self.isolated:
            rows.append(("isolated", "pages may use SharedArrayBuffer"))
        return rows

    def _example(self) -> str:
        """Return the path of something that the viewer reads; FILE where there is nothing."""
        if self.name is not None or self.viewer is None:
            return quote_name(self.name or "")
        if self.viewer.reads(self.path):
            return ""
        try:
            names = sorted(filter(self.viewer.reads, os.listdir(self.path)))  # noqa: PTH208  names
        except OSError:
            names = []
        return quote_name(names[0]) if names else "FILE"

    def open(self) -> App:
        """Return the application."""
        lines = [*_ANYWHERE, *(_ISOLATED if self.isolated else ())]
        if self.name is None:
            return FileServer(self.path, lines)
        return OneFile(self.path, self.name, lines)
