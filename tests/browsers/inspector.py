"""WebKit's remote inspector: what its WebDriver cannot say, the console above all.

WebKitWebDriver starts the browser with an inspector server on a port of 127.0.0.1 and is itself one
client of it. This is a second client, bound to the first page. A frame on the wire is the length
of the body (four bytes, big-endian), a flag byte, and the body: the message's name up to a zero
byte, then its parameters as a GVariant in the byte order that the flag tells. A page may move to
another process, and is another target from then on.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

# Flag: the parameters are little-endian.
LITTLE_ENDIAN = 1
# The browser counts its connections and its pages from one: its own, and the first.
PAGE = struct.pack("<QQ", 1, 1)
PATIENCE = 10.0

# Any: JSON as sent by the browser.
Message = dict[str, Any]


class Inspector:
    """A connection to one page: commands, and the console lines that came between them."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        self._buffer = b""
        self._last = 0
        self._target = ""
        # What every process of the page is told, also those that come later.
        self._standing: dict[str, dict[str, object]] = {"Console.enable": {}}
        self.lines: list[str] = []
        # An empty hash of the commands that we know: the answer lists them all, and is not read.
        self._send("SetupInspectorClient", b"\0")
        self._send("Setup", PAGE)
        while not self._target:
            self._receive()

    def call(self, method: str, **params: object) -> None:
        """Send a command to the page and wait for its success.

        Takes 40 ms: WebKit passes messages on over a socket that waits for acknowledgements.
        """
        target = self._target
        number = self._command(target, method, params)
        while True:
            answer = self._receive()
            if answer.get("missed") == number and target != self._target:
                # The page had moved to another process, and the news of it came only now.
                target = self._target
                number = self._command(target, method, params)
            if number not in (answer.get("id"), answer.get("missed")):
                continue
            if failure := answer.get("error"):
                raise RuntimeError(f"{method}: {failure['message']}")
            return

    def keep(self, method: str, **params: object) -> None:
        """Send a command as `call` does, and again to each process that the page moves to."""
        self._standing[method] = params
        self.call(method, **params)

    def settle(self) -> None:
        """Wait until everything that the page has said is in `lines`: answers come in order."""
        self.call("Runtime.evaluate", expression="0")

    def close(self) -> None:
        """End the connection; the page goes on."""
        self._socket.close()

    def _command(self, target: str, method: str, params: dict[str, object]) -> int:
        self._last += 1
        inner = json.dumps({"id": self._last, "method": method, "params": params})
        outer = {
            "id": self._last,
            "method": "Target.sendMessageToTarget",
            "params": {"targetId": target, "message": inner},
        }
        self._send("SendMessageToBackend", PAGE + json.dumps(outer).encode() + b"\0")
        return self._last

    def _send(self, name: str, parameters: bytes) -> None:
        body = name.encode() + b"\0" + parameters
        self._socket.sendall(struct.pack(">IB", len(body), LITTLE_ENDIAN) + body)

    def _receive(self) -> Message:
        """Wait for one message and return what a page said in it, or which command missed one.

        What it says of targets and of the console is noted on the way.
        """
        (length, _flag) = struct.unpack(">IB", self._read(5))
        name, _, parameters = self._read(length).partition(b"\0")
        if name != b"SendMessageToFrontend":
            return {}
        message: Message = json.loads(parameters[len(PAGE) : -1])
        if "error" in message:
            return {"missed": message["id"], "error": message["error"]}
        params = message.get("params", {})
        match message.get("method"):
            case "Target.targetCreated":
                self._meet(params["targetInfo"])
            case "Target.didCommitProvisionalTarget":
                self._target = params["newTargetId"]
            case "Target.dispatchMessageFromTarget":
                said: Message = json.loads(params["message"])
                self._note(said)
                return said
        return {}

    def _meet(self, target: Message) -> None:
        if target["type"] != "page":
            return  # a frame or a worker: its page is told what it says
        if not target.get("isProvisional"):
            self._target = target["targetId"]
        for method, params in self._standing.items():
            self._command(target["targetId"], method, params)

    def _note(self, said: Message) -> None:
        match said.get("method"):
            case "Console.messageAdded":
                self.lines.append(_text(said["params"]["message"]))
            case "Console.messageRepeatCountUpdated":
                # Instead of the same message again.
                self.lines += self.lines[-1:]

    def _read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("WebKit closed the inspector connection")
            self._buffer += data
        result, self._buffer = self._buffer[:length], self._buffer[length:]
        return result


def _text(message: Message) -> str:
    """Return a console message as shown: the first argument is its text, the others follow."""
    others = (_shown(value) for value in message.get("parameters", [])[1:])
    return " ".join([message["text"], *others])


def _shown(value: Message) -> str:
    if "value" not in value:
        return str(value.get("description", value["type"]))
    return value["value"] if value["type"] == "string" else json.dumps(value["value"])
