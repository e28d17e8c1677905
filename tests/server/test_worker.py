from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import signal
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.adapters.asgi import CORSMiddleware
from corsmith.errors import AppError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server import worker as module
from corsmith.server.admitted import Admitted
from corsmith.server.asking import Refused
from corsmith.server.echo import Echo
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from corsmith.server.serving import Tell, Told
from corsmith.server.silence import Silence
from corsmith.server.source import PolicySource
from corsmith.server.stalls import Stalls
from corsmith.server.worker import Lifeline, Worker
from tests.server.in_memory import ask, scope
from tests.server.served import soon

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from corsmith.server.serving import Serving

FILES = Files(title="", path="", name=None)
ONE = Policy(origins=["https://first.example"])
STRICT = '[policy]\norigins = ["https://{}.example"]\n'


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave this process as it was, and alive: a worker changes its own, and ends with another."""
    monkeypatch.setattr(Lifeline, "hold", lambda _lifeline: None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    threshold = gc.get_threshold()
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.set_threshold(*threshold)
    gc.unfreeze()
    logging.getLogger("corsmith").disabled = False


class Started:
    """A worker that was called, as if in a process of its own."""

    def __init__(self, source: PolicySource | None = None, *, quiet: bool = True) -> None:
        source = source or PolicySource()
        self.said, tell = Pipe(duplex=False)
        self.lifeline = Lifeline()
        self.worker = Worker(
            serving=Echo(),
            policy=Policy(origins=["https://first.example"]),
            source=source,
            hosts=Hosts(8000),
            limit_body=3,
            quiet=quiet,
            page=None,
            lifeline=self.lifeline,
            ready=tell,
        )

    def front(self) -> Front:
        """Return its application, which without TLS is the front itself."""
        app = self.worker()
        assert isinstance(app, Front)
        return app


def test_a_worker_says_that_it_is_ready_once_it_has_its_application() -> None:
    started = Started()
    assert not started.said.poll()
    app = started.worker()
    assert started.said.recv() == Told()
    assert ask(app, "GET", "/", (b"origin", b"https://first.example")).status == 200


def test_a_signal_ends_a_worker_that_has_no_handlers_yet() -> None:
    Started().worker()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_refusals_are_not_logged_beside_their_request_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Started().worker()
    ask(app, "GET", "/", (b"origin", b"https://b.example"))
    assert caplog.records == []


def test_a_worker_follows_the_file_from_what_it_holds_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cors.toml"
    file.write_text(STRICT.format("second"))
    watchers: list[Any] = []
    monkeypatch.setattr("corsmith.gate.Watcher.start", lambda watcher: watchers.append(watcher))  # noqa: PLW0108  a builtin is no method
    app = Started(PolicySource(file=str(file))).front()
    assert app.policy == Policy(origins=["https://second.example"])
    file.write_text(STRICT.format("next"))
    watchers[0].look()
    watchers[0].look()
    assert app.policy == Policy(origins=["https://next.example"])


def test_a_file_that_is_bad_from_the_start_leaves_the_policy_that_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corsmith.gate.Watcher.start", lambda _watcher: None)
    app = Started(PolicySource(file=str(tmp_path / "gone.toml"))).front()
    assert app.policy == Policy(origins=["https://first.example"])


@pytest.mark.parametrize("quiet", [True, False])
def test_a_quiet_worker_has_no_log(*, quiet: bool) -> None:
    app = Started(quiet=quiet).front()
    assert (app._log is None) is quiet


def test_what_the_collector_looks_at_is_what_requests_leave() -> None:
    Started().worker()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] == module._YOUNG_OBJECTS


class Slow:
    """An application that becomes ready later, with a policy of its own."""

    def __init__(self, told: Told) -> None:
        self.told = told

    def on_start(self, tell: Tell) -> None:
        tell(self.told)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Wrapped(CORSMiddleware):
    """A CORS layer of another kind."""


@dataclass
class Opens:
    """Something to serve that opens, or raises, what it is given, with a layer of its own."""

    opened: Any
    title: str = ""
    seed: Any = field(default_factory=dict)
    streams: bool = True
    has_lifespan: bool = True
    enforces: bool = False

    def notes(self, url: str) -> list[tuple[str, str]]:
        return []

    def layer(self, given: Collection[str]) -> type[CORSMiddleware]:
        return CORSMiddleware if "origins" in given else Wrapped

    def open(self) -> Any:
        if isinstance(self.opened, Exception):
            raise self.opened
        return self.opened


class EndedError(Exception):
    """The supervisor ends a worker that waits for it."""


def pause() -> None:
    raise EndedError


def test_what_the_application_tells_when_it_starts_is_told_and_its_policy_is_in_force() -> None:
    started = Started()
    told = Told(notes=(("found", "an app"),), policy=Policy(origins=["https://own.example"]))
    app = replace(started.worker, serving=Opens(Slow(told)))()
    assert started.said.recv() == told
    got = ask(app, "GET", "/", (b"origin", b"https://own.example"))
    assert got.headers["access-control-allow-origin"] == "https://own.example"


def test_no_flag_adds_to_a_policy_that_the_application_brings() -> None:
    started = Started(quiet=False)
    told = Told(policy=Policy(origins=["https://own.example"]))
    front = replace(started.worker, serving=Opens(Slow(told)))()
    assert isinstance(front, Front)
    assert front._log is not None
    assert front._log._beside is None


@pytest.mark.parametrize("later", [True, False])
def test_a_worker_that_cannot_serve_says_why_and_waits_for_its_end(
    later: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "pause", pause)
    started = Started()
    error = AppError("main:app cannot be imported", trace="NameError")
    opens = Opens(Slow(Told(error=error)) if later else error)
    with pytest.raises(EndedError):
        replace(started.worker, serving=opens)()
    assert str(started.said.recv().error) == str(error)
    # Whoever ends it need not wait for an event loop.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_cannot_be_opened_is_raised_where_nobody_ends_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Worker, "_tell", lambda _worker, _told: None)
    with pytest.raises(AppError, match="cannot be imported"):
        replace(Started().worker, serving=Opens(AppError("main:app cannot be imported")))()


def test_what_is_served_chooses_its_layer_by_what_was_decided() -> None:
    for fields, kind in (({}, Wrapped), ({"origins": "*"}, CORSMiddleware)):
        front = replace(Started(PolicySource(fields=fields)).worker, serving=Opens(Slow(Told())))()
        assert isinstance(front, Front)
        assert type(front._app) is kind


def test_a_worker_of_nobody_has_nobody_to_tell() -> None:
    assert replace(Started().worker, ready=None)() is not None


def test_a_supervisor_that_no_longer_waits_is_no_reason_to_fail() -> None:
    started = Started()
    started.said.close()
    started.worker()


@pytest.mark.parametrize(
    ("serving", "file", "policy", "told"),
    [
        (FILES, None, ONE, ("https://first.example",)),
        (FILES, None, Routes({"/": ONE}), None),
        (Echo(), None, ONE, None),
    ],
)
def test_a_flag_is_told_only_where_it_allows_an_origin(
    serving: Serving, file: str | None, policy: Policy | Routes, told: object
) -> None:
    _, tell = Pipe(duplex=False)
    worker = Worker(
        serving=serving,
        policy=policy,
        source=PolicySource(file=file),
        hosts=Hosts(8000),
        limit_body=3,
        quiet=False,
        page=None,
        lifeline=Lifeline(),
        ready=tell,
    )
    assert worker._beside() == told


@pytest.mark.parametrize(
    ("source", "fields", "remedy"),
    [
        (PolicySource(file="cors.toml"), {}, "add it to origins in cors.toml"),
        (
            PolicySource(file="cors.toml", fields={"origins": ["https://a.example"]}),
            {},
            "allow it with --origin https://a.example,http://10.0.0.5",
        ),
        (PolicySource(), {}, "allow it with --origin https://a.example,http://10.0.0.5"),
        (
            PolicySource(),
            {"credentials": True},
            "allow it with --origin https://a.example,http://10.0.0.5 --no-credentials",
        ),
        (
            PolicySource(),
            {"credentials": True, "accept_risks": ["insecure-origin"]},
            "allow it with --origin https://a.example,http://10.0.0.5",
        ),
    ],
)
def test_what_is_told_of_a_refused_origin_is_what_would_be_accepted(
    source: PolicySource, fields: Any, remedy: str
) -> None:
    policy = Policy(origins=["https://a.example"], **fields)
    log = replace(Started(source).worker, policy=policy, serving=FILES, quiet=False)._log()
    assert log is not None
    assert log._remedy("http://10.0.0.5") == f" ({remedy})"


def test_over_tls_each_request_is_heard_by_what_closes_silent_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Silence] = []
    monkeypatch.setattr(Silence, "start", lambda silence: made.append(silence))  # noqa: PLW0108  a method
    Started().worker()
    assert made == []
    app = replace(Started().worker, tls_port=8000)()
    assert ask(app, "GET", "/", client=("127.0.0.1", 50_000)).status == 200
    (silence,) = made
    assert (silence._port, silence._heard) == (8000, {("127.0.0.1", 50_000)})


def test_over_tls_an_answer_that_nobody_takes_is_ended_and_its_connection_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(Silence, "start", lambda _silence: None)
    monkeypatch.setattr(Silence, "close", lambda _silence, peers: closed.append(peers))
    monkeypatch.setattr(module, "Stalls", partial(Stalls, seconds=0.05))
    app = replace(Started().worker, tls_port=8000)()

    async def send(_message: Any) -> None:
        await asyncio.Event().wait()

    async def serve() -> None:
        request = scope(http_version="2", client=("127.0.0.1", 50_000))
        async with asyncio.timeout(10):
            await app(request, asyncio.Event().wait, send)  # type: ignore[arg-type]  # never a message

    asyncio.run(serve())
    assert closed == [{("127.0.0.1", 50_000)}]


def test_a_worker_that_ends_writes_the_lines_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[Any] = []
    monkeypatch.setattr(module, "Finalize", lambda *what, **_when: ends.append(what))
    front = Started(quiet=False).front()
    assert front._log is not None
    assert ends == [(None, front._log.flush)]
    Started(quiet=True).front()
    assert len(ends) == 1


def test_where_a_person_is_there_a_worker_tells_and_follows(tmp_path: Path) -> None:
    refused, admitted = Refused(), Admitted()
    theirs = pickle.loads(pickle.dumps(admitted))  # noqa: S301  our own
    worker = replace(Started().worker, quiet=False, refused=refused, admitted=theirs)
    app = replace(worker, serving=Files.of(str(tmp_path)))()
    other = (b"origin", b"https://key.example")
    assert "access-control-allow-origin" not in ask(app, "GET", "/", other).headers
    assert refused.reading.recv_bytes() == b"https://key.example"
    admitted.add("https://key.example")
    soon(lambda: "access-control-allow-origin" in ask(app, "GET", "/", other).headers)
    admitted.close()
