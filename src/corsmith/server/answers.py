"""The answers of the echo API: messages that are made once and sent many times.

What lives here: JSON bytes, status phrases and header lists. What does not: which answer
is given when (``echo``, ``front``), and any CORS header (the middleware adds those, to a
copy).
"""

import json
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Final

from corsmith.adapters.asgi import Message

__all__ = [
    "ALLOW",
    "NOT_ALLOWED",
    "NO_BODY",
    "OK",
    "STATUS",
    "Answer",
    "make_answer",
    "phrase_of",
    "statuses",
]

_JSON: Final = (b"content-type", b"application/json")
_CLOSE: Final = (b"connection", b"close")

# Where Python's phrase depends on its version, RFC 9110's.
_PHRASES: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}

# RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5: these have no content.
_WITHOUT_CONTENT: Final = frozenset({204, 205, 304})

_FIRST_STATUS: Final = 200
_LAST_STATUS: Final = 599

NO_BODY: Final[Message] = {"type": "http.response.body", "body": b""}
"""What HEAD gets in place of a body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The two messages of a response; never changed once made."""

    start: Message
    body: Message


def make_answer(
    status: int,
    fields: dict[str, str] | None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    close: bool = False,
) -> Answer:
    """Return the answer of a status and a JSON object, or of a status and no body.

    ``close`` says that no other request is read from the connection.
    """
    body = b"" if fields is None else json.dumps(fields).encode()
    lines = [*headers, _CLOSE] if close else [*headers]
    if fields is not None:
        lines.append(_JSON)
    if status not in _WITHOUT_CONTENT:
        lines.append((b"content-length", str(len(body)).encode()))
    return Answer(
        {"type": "http.response.start", "status": status, "headers": lines},
        {"type": "http.response.body", "body": body},
    )


def phrase_of(status: int) -> str:
    """Return the name of a status, or its digits if it has none.

    >>> phrase_of(404), phrase_of(299)
    ('Not Found', '299')
    """
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return str(status)


_METHODS: Final = (b"allow", b"GET, HEAD, POST, OPTIONS")

OK: Final = make_answer(200, {"status": "OK"})
"""What nearly everything is answered."""

ALLOW: Final = make_answer(200, None, (_METHODS,))
"""An OPTIONS that is no preflight."""

NOT_ALLOWED: Final = make_answer(405, {"status": phrase_of(405)}, (_METHODS,))
"""A method that the API does not have."""

STATUS: Final = "/status/"
"""What the paths begin with that have an answer of their own."""


@cache
def statuses() -> dict[str, Answer]:
    """Return the answer at each path that has one of its own.

    They are of any final status, so that a page can see what becomes of a 404 or a 500; made
    together when the first is asked for.
    """
    return {
        f"{STATUS}{status}": make_answer(
            status, None if status in _WITHOUT_CONTENT else {"status": phrase_of(status)}
        )
        for status in range(_FIRST_STATUS, _LAST_STATUS + 1)
    }
