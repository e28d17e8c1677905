"""What a WSGI application is told of a request."""

from __future__ import annotations

import io
import sys
from typing import Any
from wsgiref.util import FileWrapper

from corsmith.server.app.environ import environ_of
from tests.server.in_memory import scope


def environ(method: str = "GET", path: str = "/", *lines: Any, **changes: Any) -> dict[str, Any]:
    return environ_of(scope(method, path, *lines, **changes), io.BytesIO(b"body"))


def test_a_request_is_told_in_the_words_of_pep_3333() -> None:
    told = environ(
        "POST",
        "/items?a=%20b",
        (b"content-type", b"text/plain"),
        (b"content-length", b"4"),
        (b"x-api-key", b"k\xe9y"),
        server=("127.0.0.1", 8001),
        client=("127.0.0.9", 50_000),
    )
    assert told.pop("wsgi.input").read() == b"body"
    assert told == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/items",
        "QUERY_STRING": "a=%20b",
        "RAW_URI": "/items?a=%20b",
        "REQUEST_URI": "/items?a=%20b",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8001",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.9",
        "REMOTE_PORT": "50000",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_X_API_KEY": "k\xe9y",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }


def test_a_path_is_the_bytes_that_were_sent_decoded_once() -> None:
    told = environ("GET", "/replaced", raw_path=b"/a%20b%2Fc/%C3%A9%FF%2525")
    assert told["PATH_INFO"].encode("latin-1") == b"/a b/c/\xc3\xa9\xff%25"
    assert told["RAW_URI"] == "/a%20b%2Fc/%C3%A9%FF%2525"


def test_without_an_address_there_is_still_a_server_name() -> None:
    told = environ(server=None, client=None)
    assert (told["SERVER_NAME"], told["SERVER_PORT"]) == ("127.0.0.1", "80")
    assert "REMOTE_ADDR" not in told


def test_a_name_with_an_underscore_cannot_pass_for_one_with_a_hyphen() -> None:
    told = environ("GET", "/", (b"x_forwarded_for", b"evil"), (b"x-forwarded-for", b"proxy"))
    assert told["HTTP_X_FORWARDED_FOR"] == "proxy"


def test_lines_of_one_name_are_one_value() -> None:
    told = environ(
        "GET", "/", (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"x"), (b"accept", b"y")
    )
    assert (told["HTTP_COOKIE"], told["HTTP_ACCEPT"]) == ("a=1; b=2", "x,y")
