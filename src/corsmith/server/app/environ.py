"""What a WSGI application is told of a request: ``environ`` (PEP 3333).

What lives here: the translation of an ASGI scope. What does not: the body (``upload``) and
the answer (``bridge``).
"""

import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, Final
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

__all__ = ["environ_of"]

_PLAIN: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
"""The two headers whose names in an environment have no ``HTTP_``."""


def environ_of(scope: Mapping[str, Any], body: BinaryIO) -> dict[str, Any]:
    """Return the environment of a request.

    Bytes are text of Latin-1, as PEP 3333 wants it. A header whose name holds an underscore
    is left out: it would be taken for one with a hyphen, which a proxy may have checked.
    """
    received: bytes = scope["raw_path"].partition(b"?")[0]
    query = scope["query_string"].decode("latin-1")
    raw = received.decode("latin-1")
    name, port = scope.get("server") or ("127.0.0.1", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(received).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{raw}?{query}" if query else raw,
        "REQUEST_URI": f"{raw}?{query}" if query else raw,
        "SERVER_NAME": name,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,  # a chunked body may be read to its end
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,  # there may be several workers
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for header, line in scope["headers"]:
        if b"_" in header:
            continue
        key = header.decode("latin-1").upper().replace("-", "_")
        key = key if key in _PLAIN else f"HTTP_{key}"
        value = line.decode("latin-1")
        if key in environ:
            # RFC 6265, section 5.4, has one Cookie line; HTTP/2 may have parted it.
            joint = "; " if key == "HTTP_COOKIE" else ","
            value = f"{environ[key]}{joint}{value}"
        environ[key] = value
    return environ
