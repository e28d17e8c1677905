"""Law: the short way past the front gives what the front would give, whatever came before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.server.folder.serving import Files
from corsmith.server.folder.shortcut import Shortcut
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from tests.laws.test_every_request_has_one_answer import POLICIES
from tests.server.in_memory import parts, run, scope
from tests.server.kept import Kept

# Few of each, so that many are alike in all but one thing.
ORIGINS = [b"http://localhost:5173", b"https://app.example", b"null"]
HOSTS = [b"127.0.0.1:8000", b"evil.example", None]
LINES = [
    (b"range", b"bytes=0-1"), (b"range", b"bytes=9-"), (b"if-none-match", b"*"),
    (b"content-length", b"5"), (b"x", b"y" * 20_000), (b"sec-fetch-site", b"same-origin"),
]  # fmt: skip

requests = st.tuples(
    st.integers(0, len(POLICIES) - 1),
    st.sampled_from(["/file", "/folder/below", "/folder/", "/gone"]),
    st.sampled_from([HOSTS[0], HOSTS[0], *HOSTS]),
    st.sampled_from(["1.1", "1.1", "1", "2"]),
    st.lists(st.sampled_from([(b"origin", origin) for origin in ORIGINS]), max_size=2),
    st.lists(st.sampled_from(LINES), max_size=2),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("files")
    (path / "folder").mkdir()
    (path / "file").write_bytes(b"0123456789")
    (path / "folder" / "below").write_bytes(b"below")
    return str(path)


@given(asked=st.lists(requests, min_size=2, max_size=12))
def test_one_after_another_they_are_answered_as_each_alone(root: str, asked: list[Any]) -> None:
    app: Any = Files.of(root).open()
    log = Kept()
    policies: list[Any] = [*POLICIES]
    front = Front(app, policies[0], hosts=Hosts(8000), log=log)
    short = Shortcut(front, app, log)
    for number, path, host, version, origins, lines in asked:
        if policies[number] is not front.policy:
            front.policy = policies[number]
        request = scope("GET", path, *origins, *lines, host=host, http_version=version)
        found = [run(way, {**request}, parts(b"")).messages for way in (front, short, short)]
        assert found[1] == found[2] == found[0]
        assert len(set(log.lines)) == 1
        log.lines.clear()
