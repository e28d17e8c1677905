from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from corsmith.server import follower
from corsmith.server.serving import FOLLOWED
from tests.server.served import soon

if TYPE_CHECKING:
    import pytest


def test_it_is_the_command_until_standard_input_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    read, killed, ran = os.read, list[object](), list[object]()
    monkeypatch.setattr(os, "read", lambda _standard, size: read(reading, size))
    monkeypatch.setattr(os, "kill", lambda process, number: killed.append((process, number)))
    monkeypatch.setattr(
        "corsmith.__main__.main",
        lambda prog_name, obj: ran.append((prog_name, obj, sys.argv)),
    )
    monkeypatch.setattr(sys, "argv", ["follower.py", "serve"])
    follower.follow()
    assert ran == [("corsmith", FOLLOWED, ["corsmith", "serve"])]
    os.write(writing, b"what nobody sends")
    assert killed == []
    os.close(writing)
    soon(lambda: killed == [(os.getpid(), signal.SIGTERM)])
    monkeypatch.undo()
    os.close(reading)
