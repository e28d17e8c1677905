"""The inspector client against a written conversation: what this machine's WebKit does not do."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.browsers.inspector import PAGE, Inspector

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server:
    """Tells what a browser would, and notes the commands it is given."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.commands: list[tuple[str, str]] = []

    def tell(self, method: str, **params: object) -> None:
        text = json.dumps({"method": method, "params": params}).encode()
        body = b"SendMessageToFrontend\0" + PAGE + text + b"\0"
        self.connection.sendall(struct.pack(">IB", len(body), 1) + body)

    def say(self, target: str, **message: object) -> None:
        self.tell("Target.dispatchMessageFromTarget", targetId=target, message=json.dumps(message))

    def meet(self, target: str, **more: object) -> None:
        self.tell("Target.targetCreated", targetInfo={"targetId": target, "type": "page", **more})

    def log(self, target: str, text: str) -> None:
        message = {"text": text, "parameters": []}
        self.say(target, method="Console.messageAdded", params={"message": message})

    def serve(self) -> None:
        """Answer each command with success, and `Test.fail` with an error."""
        # OSError: a test that lets the browser go away cuts the conversation anywhere.
        with (
            contextlib.suppress(OSError),
            self.connection,
            self.connection.makefile("rb") as stream,
        ):
            while head := stream.read(5):
                name, _, body = stream.read(struct.unpack(">IB", head)[0]).partition(b"\0")
                if name == b"Setup":
                    self.meet("first")
                if name == b"SendMessageToBackend":
                    self._answer(json.loads(body[16:-1])["params"])

    def _answer(self, params: dict[str, Any]) -> None:  # Any: JSON as sent
        target, command = params["targetId"], json.loads(params["message"])
        self.commands.append((target, command["method"]))
        if command["method"] == "Test.fail":
            self.say(target, id=command["id"], error={"message": "no such command"})
        else:
            self.say(target, id=command["id"], result={})


@pytest.fixture
def both() -> Iterator[tuple[Inspector, Server]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        server: Server

        def accept() -> None:
            nonlocal server
            server = Server(listener.accept()[0])
            server.serve()

        thread = threading.Thread(target=accept)
        thread.start()
        with contextlib.closing(Inspector(host, port)) as inspector:
            inspector.settle()
            yield inspector, server
        thread.join()


def test_the_page_is_asked_for_its_console_first(both: tuple[Inspector, Server]) -> None:
    _, server = both
    assert server.commands == [("first", "Console.enable"), ("first", "Runtime.evaluate")]


def test_a_command_that_fails_says_why(both: tuple[Inspector, Server]) -> None:
    inspector, _ = both
    with pytest.raises(RuntimeError, match=r"Test\.fail: no such command"):
        inspector.call("Test.fail")


def test_a_page_that_moves_to_another_process_is_followed_with_all_it_was_told(
    both: tuple[Inspector, Server],
) -> None:
    inspector, server = both
    inspector.keep("Page.overrideUserPreference", name="PrefersColorScheme", value="Dark")
    del server.commands[:]

    server.meet("second", isProvisional=True)
    inspector.settle()
    server.log("second", "early")
    server.tell("Target.didCommitProvisionalTarget", oldTargetId="first", newTargetId="second")
    inspector.settle()
    inspector.settle()

    assert server.commands == [
        ("first", "Runtime.evaluate"),
        ("second", "Console.enable"),
        ("second", "Page.overrideUserPreference"),
        ("first", "Runtime.evaluate"),
        ("second", "Runtime.evaluate"),
    ]
    assert inspector.lines == ["early"]


def test_a_repeated_line_is_there_as_often_as_it_was_written(
    both: tuple[Inspector, Server],
) -> None:
    inspector, server = both
    server.log("first", "again")
    server.say("first", method="Console.messageRepeatCountUpdated", params={"count": 2})
    inspector.settle()
    assert inspector.lines == ["again", "again"]


def test_a_browser_that_goes_away_is_an_error_not_a_wait(both: tuple[Inspector, Server]) -> None:
    inspector, server = both
    server.connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(ConnectionError, match="WebKit closed the inspector connection"):
        inspector.settle()
