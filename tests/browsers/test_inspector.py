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
        self.gone = ""

    def send(self, **message: object) -> None:
        body = b"SendMessageToFrontend\0" + PAGE + json.dumps(message).encode() + b"\0"
        self.connection.sendall(struct.pack(">IB", len(body), 1) + body)

    def tell(self, method: str, **params: object) -> None:
        self.send(method=method, params=params)

    def say(self, target: str, **message: object) -> None:
        self.tell("Target.dispatchMessageFromTarget", targetId=target, message=json.dumps(message))

    def meet(self, target: str, **more: object) -> None:
        info = {"targetId": target, "type": "page", **more}
        self.tell("Target.targetCreated", targetInfo=info)

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
        if target == self.gone:
            self.send(id=command["id"], error={"message": "no such target"})
        elif command["method"] == "Test.fail":
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


def test_a_command_that_the_page_moved_away_from_is_given_again_where_it_is_now(
    both: tuple[Inspector, Server],
) -> None:
    inspector, server = both
    server.meet("second", isProvisional=True)
    server.tell("Target.didCommitProvisionalTarget", oldTargetId="first", newTargetId="second")
    server.gone = "first"
    inspector.call("Test.work")
    assert [command for command in server.commands if command[1] == "Test.work"] == [
        ("first", "Test.work"),
        ("second", "Test.work"),
    ]


def test_a_command_to_a_page_that_is_gone_for_good_is_an_error(
    both: tuple[Inspector, Server],
) -> None:
    inspector, server = both
    server.gone = "first"
    with pytest.raises(RuntimeError, match=r"Test\.work: no such target"):
        inspector.call("Test.work")


def test_a_frame_that_is_a_target_of_its_own_is_not_taken_for_the_page(
    both: tuple[Inspector, Server],
) -> None:
    inspector, server = both
    server.meet("frame", type="frame")
    inspector.settle()
    inspector.call("Test.work")
    assert server.commands[-1] == ("first", "Test.work")
    assert "frame" not in dict(server.commands)


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
