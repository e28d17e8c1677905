"""``FileServer``: the files of a folder over HTTP: an ASGI application without CORS.

What lives here: methods, and which answer is given. What does not: which paths lead where
(``tree``), the answer of a file (``reply``) and its bytes (``parts``), CORS
(``adapters.asgi``), and what the command line says of a folder (``serving``).

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
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from corsmith.adapters.asgi import Message, Receive, Scope, Send
from corsmith.diagnostics import quote
from corsmith.server.answers import phrase_of
from corsmith.server.body import has_body
from corsmith.server.folder.latest import Latest
from corsmith.server.folder.listing import answer, quote_name
from corsmith.server.folder.parts import AT_ONCE, CutError, leave, read_parts, send_parts
from corsmith.server.folder.reply import Line, Replies
from corsmith.server.folder.tree import (
    Folder,
    Listed,
    Named,
    Opened,
    is_hidden,
    is_missing,
    read_path,
)
from corsmith.server.serving import CUT, NOTE

__all__ = ["FileServer", "OneFile"]

_LOGGER: Final = logging.getLogger("corsmith.server.folder.files")

_INDEX: Final = "index.html"
_ALLOW: Final = (b"allow", b"GET, HEAD, OPTIONS")
_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")

_BUSY: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""There is not enough of something now: later there may be."""

_LISTERS: Final = 2
"""How many folders are listed at once, in threads that files do not need: to list a large one
takes a second, and a page may ask for hundreds and wait for none."""

_REMEMBERED: Final = 1_024
"""The most paths whose names are remembered."""

_LONGEST_REMEMBERED: Final = 256
"""The longest path whose names are remembered, in bytes."""


class _LeftError(Exception):
    """The client of a listing has gone."""


class FileServer:
    """The application that serves what is below a folder."""

    def __init__(self, root: str, extra: Iterable[Line]) -> None:
        """Serve what is below ``root``; each answer has the ``extra`` headers."""
        self._root = root
        self._folder = Folder(root)
        self._latest = Latest()
        self._extra = list(extra)
        self._replies = Replies(self._extra)
        self._names: dict[bytes, Named] = {}
        self._listers = ThreadPoolExecutor(_LISTERS, "corsmith-listing")  # none runs yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if method not in {"GET", "HEAD"}:
            status = 200 if method == "OPTIONS" else 405
            await self._tell(status, send, method, [_ALLOW])
            return
        named = self._names.get(scope["raw_path"]) or self._read(scope["raw_path"])
        if named is None:
            scope[NOTE] = "hidden-name" if is_hidden(scope["raw_path"]) else None
            await self._tell(404, send, method)
            return
        try:
            opened = self._open(named)
        except OSError as error:
            scope[NOTE] = getattr(error, "word", None)  # of what is there, and is not served
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

    def at_once(self, raw: bytes, asked: Iterable[Line]) -> tuple[int, list[Line], bytes] | None:
        """Return the answer to a GET of a small file, or of a small part of one.

        Of what is no file, or is not to be had, there is none at once.
        """
        named = self._names.get(raw) or self._read(raw)
        if named is None or named.as_folder:
            return None
        opened = self._latest.find(raw) or self._open_latest(raw, named)
        if opened is None:
            return None
        reply = self._replies.of(named.names[-1], opened, "GET", asked, time.time())
        if reply.parts is None or reply.length > AT_ONCE:
            return None
        try:
            return reply.status, reply.lines, read_parts(opened, reply.parts)
        except CutError:
            return None

    def _open_latest(self, raw: bytes, named: Named) -> Opened | None:
        """Return the file that a path leads to, open until another is asked for."""
        try:
            opened = self._open(named)
        except OSError:
            return None
        if opened.is_folder:
            os.close(opened.descriptor)
            return None
        self._latest.take(raw, self._path_of(named), opened)
        return opened

    def _path_of(self, named: Named) -> str:
        return os.path.join(self._root, *named.names)  # noqa: PTH118  Path would lose bytes

    async def _cut(self, error: CutError, scope: Scope, send: Send) -> None:
        """Answer in place of a file that cannot be sent, or end what has begun of it."""
        if error.begun:
            # Without its last part the answer ends as a connection that broke.
            scope[CUT] = error.word
            _LOGGER.warning("corsmith: %s was cut off: %s", quote(scope["path"]), error)
        else:
            await self._tell(500, send, scope["method"])

    def _read(self, raw: bytes) -> Named | None:
        """Return the names in a path, and remember them: most paths are asked for again."""
        named = read_path(raw)
        if named is not None and len(raw) <= _LONGEST_REMEMBERED:
            if len(self._names) >= _REMEMBERED:
                self._names.clear()
            self._names[raw] = named
        return named

    def _open(self, named: Named) -> Opened:
        return self._folder.open(named.names)

    def _answer(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Answer with what a path named: a file, a folder, or the one with the other's address."""
        if not opened.is_folder:
            if named.as_folder:
                return self._tell(404, send, scope["method"])
            return self._file(named.names[-1], opened, scope, receive, send)
        if not named.as_folder:
            location = (b"location", _own_address(named, scope))
            return self._tell(308, send, scope["method"], [location])
        return self._inside(named, opened, scope, receive, send)

    async def _inside(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with a folder's index, or with its listing."""
        try:
            index = self._folder.open([*named.names, _INDEX])
        except OSError:
            await self._listing(named, opened, scope, receive, send)
            return
        try:
            if index.is_folder:
                await self._listing(named, opened, scope, receive, send)
            else:
                await self._file(_INDEX, index, scope, receive, send)
        finally:
            os.close(index.descriptor)

    async def _listing(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with what is in a folder, unless the client leaves before it is read."""
        has_left = threading.Event()

        def entries_of(wants: Callable[[str], bool]) -> Iterator[Listed]:
            def wants_still(name: str) -> bool:
                if has_left.is_set():
                    raise _LeftError
                return wants(name)

            return self._folder.entries(named.names, opened.descriptor, wants_still)

        query, accept = scope["query_string"], _accepted(scope)
        job = self._listers.submit(answer, named.names, entries_of, query, accept)
        made = asyncio.wrap_future(job)

        def end(_left: object = None) -> None:
            has_left.set()
            job.cancel()  # if it has not begun

        # Where a body may come, its parts are not taken for news of the client.
        left = None if has_body(scope) else asyncio.create_task(leave(receive))
        if left is not None:
            left.add_done_callback(end)
        try:
            await asyncio.wait([made])
        finally:
            if left is not None:
                left.cancel()
            end()
            await asyncio.wait([made])  # the folder is open until it is no longer read
        try:
            body, lines = made.result()
        except (asyncio.CancelledError, _LeftError):
            return
        await self._send(200, send, scope["method"], body, lines)

    async def _file(
        self, name: str, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with a file: all of it, parts of it, or that it has or has not changed."""
        reply = self._replies.of(name, opened, scope["method"], scope["headers"], time.time())
        if reply.parts is None:
            await self._tell(reply.status, send, scope["method"], reply.lines)
            return
        start = _start(reply.status, reply.lines)
        if scope["method"] == "HEAD" or not reply.length:
            await send(start)
            await send({"type": "http.response.body", "body": b""})
        elif reply.length <= AT_ONCE:
            body = read_parts(opened, reply.parts)
            await send(start)
            await send({"type": "http.response.body", "body": body})
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
        self._name = name

    def _open(self, named: Named) -> Opened:
        if named.names not in {(), (self._name,)}:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        root, name = os.path.split(os.path.realpath(self._root))
        return Folder(root).open([name])

    def _path_of(self, named: Named) -> str:  # noqa: ARG002  it has one name
        return self._root

    def _answer(
        self, named: Named, opened: Opened, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        if opened.is_folder or (named.names and named.as_folder):
            return self._tell(404, send, scope["method"])
        return self._file(self._name, opened, scope, receive, send)


def _own_address(named: Named, scope: Scope) -> bytes:
    """Return where a folder is: with one slash before it, so never on another host."""
    path = "".join(f"/{quote_name(name)}" for name in named.names)
    query: bytes = scope["query_string"]
    return f"{path}/".encode() + (b"?" + query if query else b"")


def _accepted(scope: Scope) -> str:
    """Return the Accept header; several lines are one list."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"]
    return ", ".join(lines)


def _start(status: int, lines: list[Line]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": lines}


def _status_of(error: OSError) -> int:
    """Return what a client is told of something that cannot be opened or read."""
    if is_missing(error):
        return 404
    return 503 if error.errno in _BUSY else 500
