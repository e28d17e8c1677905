"""A connection of nothing but HTTP/2, for servers that speak no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.broken.serving import Pairs, Reply

__all__ = ["answer_h2"]


def answer_h2(connection: socket.socket, reply: Callable[[str, str, Pairs], Reply]) -> None:
    """Answer each request of a connection until the client ends it."""
    config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
    http = h2.connection.H2Connection(config)
    http.initiate_connection()
    connection.sendall(http.data_to_send())
    requests: dict[int, Pairs] = {}
    while data := connection.recv(65536):
        for event in http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                requests[event.stream_id] = tuple((str(n), str(v)) for n, v in event.headers)
            elif isinstance(event, h2.events.StreamEnded):
                _answer(http, event.stream_id, requests[event.stream_id], reply)
        connection.sendall(http.data_to_send())


def _answer(
    http: h2.connection.H2Connection,
    stream: int,
    lines: Pairs,
    reply: Callable[[str, str, Pairs], Reply],
) -> None:
    pseudo = dict(lines)
    headers = tuple(pair for pair in lines if not pair[0].startswith(":"))
    answer = reply(pseudo[":method"], pseudo[":path"], headers)
    head = [(":status", str(answer.status))]
    head += [(name.lower(), value) for name, value in answer.headers]
    http.send_headers(stream, head, end_stream=not answer.body)
    if answer.body:
        http.send_data(stream, answer.body, end_stream=True)
