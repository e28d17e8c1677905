"""A browser in memory, for your own tests: may this page read that, and if not, why.

What lives here: ``Browser``, its ``Result``, and two assertions that tell every step. What
does not: the judgement (``browser``), and the fixture (``pytest_plugin``). Nothing is sent
anywhere unless the target is a URL.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from corsmith.address import read_address
from corsmith.application.memory import InMemory, Raised
from corsmith.browser import ENGINES, Body, Failure, FetchRequest, Profile, Sent, Verdict
from corsmith.browser.console import say
from corsmith.diagnostics import quote
from corsmith.errors import NetworkError, UsageError
from corsmith.exchange import Answer, Exchange, Leg, NoAnswer, Trial
from corsmith.inquiry.change import base_code
from corsmith.pattern import OriginPattern, parse_pattern
from corsmith.policy import Policy
from corsmith.prose import join_words
from corsmith.routes import Routes

__all__ = ["Browser", "Result", "assert_blocked", "assert_readable"]

App: TypeAlias = Callable[..., Any]
Engine: TypeAlias = Literal["standard", "chromium", "firefox", "webkit"]
_TIMEOUT: Final = 10.0
_SHOWN: Final = 60
# Hidden from every page, and missed by none.
_OF_THE_WIRE: Final = frozenset({"allow", "date", "location", "server", "vary"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result:
    """What one ``fetch`` came to; ``str()`` of it is the ladder of its steps.

    >>> policy = Policy(origins=["https://app.example"])
    >>> with Browser(policy) as browser:
    ...     result = browser.fetch("/items", method="PUT")
    >>> result.readable, result.code
    (False, 'method-not-allowed')
    """

    request: FetchRequest
    trial: Trial
    raised: Raised | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict of the browser half, with every step."""
        assert self.trial.verdict is not None  # noqa: S101  no redirect is left unfollowed here
        return self.trial.verdict

    @property
    def readable(self) -> bool:
        """Whether the page gets the answer, whatever its status."""
        return self.trial.readable

    @property
    def code(self) -> str | None:
        """The code of what stopped the page, ``None`` where nothing did."""
        return self.verdict.code

    @property
    def status(self) -> int | None:
        """The status that the page reads; ``None`` where it reads nothing."""
        return self.verdict.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the page can read, by lower-case names."""
        return {name.lower(): value for name, value in self.verdict.visible}

    @property
    def hidden(self) -> tuple[str, ...]:
        """The headers that were sent and that the page cannot read."""
        return self.verdict.hidden

    @property
    def preflight_sent(self) -> bool:
        """Whether the browser asked first."""
        return self.verdict.preflight_sent

    @property
    def text(self) -> str:
        """The beginning of the body that the page reads, empty where it reads nothing."""
        answer = None if self.trial.last is None else self.trial.last.answer
        return answer.text if self.readable and self.status and answer is not None else ""

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever the body holds
        """The body as JSON; raises ``ValueError`` where it is none, with the ladder."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            message = f"the page reads no JSON: {quote(self.text[:_SHOWN])}\n{self}"
            raise ValueError(message) from error

    @property
    def console(self) -> tuple[str, ...]:
        """What the engine writes to its console."""
        return say(self.verdict, self.request, self.trial.engine)

    def __repr__(self) -> str:
        """Return the answer in one line."""
        return f"<Result: {self._answer()}>"

    def __str__(self) -> str:
        """Return the ladder: what was sent, what came back, and the step that failed."""
        return "\n".join(self._lines())

    def _answer(self) -> str:
        request = self.request
        what = f"{request.method} {request.url}"
        if self.readable:
            return f"a page of {request.page} reads {what}: {self.status}"
        return f"a page of {request.page} may not read {what}: {self.code}"

    def _lines(self) -> Iterator[str]:
        yield self._answer()
        for leg in self.trial.legs:
            yield from _leg_lines(leg)
        for step in self.verdict.steps:
            mark = "✓" if step.passed else "✗"
            yield f"  {mark} {step.name}: {step.evidence}"
        hidden = [
            name
            for name in self.hidden
            if name not in _OF_THE_WIRE and not name.startswith("access-control-")
        ]
        if hidden:
            yield f"  hidden from the page: {join_words(hidden)}"
        for line in () if self.readable else self.console:
            yield f"  the console says: {line}"
        if self.raised is not None:
            yield f"  the application raised {self.raised}"


def _leg_lines(leg: Leg) -> Iterator[str]:
    sent = leg.sent
    yield f"  → {sent.method} {sent.url}"
    for name, value in sent.headers:
        if name.lower() != "accept":
            yield f"      {name}: {value}"
    if isinstance(leg.result, NoAnswer):
        yield f"  ← nothing: {leg.result.problem}"
        return
    yield f"  ← {leg.result.status} {leg.result.reason}".rstrip()
    for name, value in leg.result.headers:
        if name.lower().startswith("access-control-") or name.lower() in {"vary", "location"}:
            yield f"      {name}: {value}"


class Browser:
    """A browser with one page open, that asks an application, a policy or a URL.

    ``target`` is an ASGI or WSGI application, a ``Policy`` or ``Routes`` (around an
    application that answers 200 to everything), or the URL of a server. ``page`` is the
    origin of the page, ``engine`` whose departures from the standard count. A path is asked
    at ``base``. Every ``fetch`` is a first one: no cache is kept in between. Close it, or
    use it in ``with``.

    >>> with Browser(Policy(origins=["https://app.example"])) as browser:
    ...     print(browser.fetch("/items").status)
    200
    """

    def __init__(
        self,
        target: App | Policy | Routes | str,
        page: str = "https://app.example",
        engine: Engine = "standard",
        *,
        base: str | None = None,
        verify: bool = True,
        timeout: float = _TIMEOUT,
    ) -> None:
        """Open the page; raises ``UsageError`` or ``PolicyError`` for no target or origin."""
        if engine not in ENGINES:
            raise UsageError(
                f"there is no engine {engine!r}; there are {join_words(list(ENGINES))}"
            )
        self.page = _read_page(page)
        self.engine = ENGINES[engine]
        self.results: list[Result] = []
        self._server: InMemory | None = None
        self._verify = verify
        self._timeout = timeout
        if isinstance(target, str):
            self.base = base or read_address(target).origin
        elif isinstance(target, Policy | Routes):
            from corsmith.adapters.asgi import CORSMiddleware

            self._server = InMemory(CORSMiddleware(_answer_200, target), seconds=timeout)
            self.base = base or "https://api.example"
        else:
            from corsmith.application.anatomy import examine

            self._server = InMemory(target)
            self.base = base or f"https://{examine(target).host or 'localhost'}"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Run the shutdown of an application that was started."""
        if self._server is not None:
            self._server.close()

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        credentials: Literal["omit", "same-origin", "include"] = "same-origin",
        mode: Literal["cors", "no-cors", "same-origin"] = "cors",
        redirect: Literal["follow", "error", "manual"] = "follow",
        cookies: Mapping[str, str] | None = None,
    ) -> Result:
        """Do what ``fetch(url, {…})`` does in the page, and return what comes of it.

        The words are those of JavaScript's ``fetch``. ``cookies`` are those that the browser
        has for the target; they are sent where ``credentials`` lets them.
        """
        kind: Literal["text", "bytes"] = "text" if isinstance(body, str) else "bytes"
        request = FetchRequest(
            page=self.page,
            url=f"{self.base.rstrip('/')}{url}" if url.startswith("/") else url,
            method=method,
            headers=tuple((headers or {}).items()),
            credentials=credentials,
            mode=mode,
            redirect=redirect,
            body=None if body is None else Body(kind=kind),
        )
        cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        sender = _Sender(self._server, cookie, verify=self._verify, timeout=self._timeout)
        exchange = Exchange(send=sender.send, follow=lambda _url: True)
        data = body.encode() if isinstance(body, str) else body
        trial = exchange.put(request, Profile(engine=self.engine), data)
        result = Result(request=request, trial=trial, raised=sender.raised)
        self.results.append(result)
        return result


def _read_page(text: str) -> str:
    """Return the origin of a page, for which ``https://app.example/`` would be another."""
    pattern = None if text == "null" else parse_pattern(text)
    if pattern is None or (isinstance(pattern, OriginPattern) and pattern.is_exact):
        return text
    if isinstance(pattern, OriginPattern):
        raise UsageError(f"page: {quote(text)} is a pattern, and a page has one origin")
    raise UsageError(f"page: {pattern[0].message} {pattern[0].fix or ''}".rstrip())


class _Sender:
    """Sends one request after another for a ``fetch``, and keeps what the application raised."""

    def __init__(
        self,
        server: InMemory | None,
        cookie: str,
        *,
        verify: bool,
        timeout: float,
    ) -> None:
        self.server = server
        self.cookie = cookie
        self.verify = verify
        self.timeout = timeout
        self.raised: Raised | None = None

    def send(self, sent: Sent, body: bytes | None) -> Answer | NoAnswer:
        if self.cookie and sent.credentials:
            sent = replace(sent, headers=(*sent.headers, ("Cookie", self.cookie)))
        if self.server is None:
            return self._over_the_net(sent, body)
        called = self.server.call(sent.method, sent.url, sent.headers, body)
        self.raised = called.raised or self.raised
        return called.result

    def _over_the_net(self, sent: Sent, body: bytes | None) -> Answer | NoAnswer:
        # Sockets are loaded only where a URL is asked.
        from corsmith.net.client import Client, Limits, Request
        from corsmith.net.dial import Dialer

        dialer = Dialer(timeout=self.timeout, verify=self.verify)
        client = Client(dialer=dialer, limits=Limits(timeout=self.timeout))
        try:
            return client.send(
                Request(method=sent.method, url=sent.url, headers=sent.headers, body=body)
            )
        except NetworkError as error:
            failure = Failure(error.failure)
            return NoAnswer(failure=failure, step=error.step, problem=error.problem)


async def _answer_200(scope: Any, _receive: Any, send: Callable[..., Any]) -> None:  # noqa: ANN401  ASGI
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"status": "OK"}'})


def assert_readable(
    result: Result, *, status: int | None = None, headers: tuple[str, ...] | list[str] = ()
) -> None:
    """Pass if the page reads the answer, with this status and these headers where given.

    >>> with Browser(Policy(origins=["https://app.example"], expose=["ETag"])) as browser:
    ...     assert_readable(browser.fetch("/items"), status=200)
    """
    __tracebackhide__ = True
    if not result.readable:
        raise AssertionError(str(result))
    if status is not None and result.status != status:
        raise AssertionError(f"the status is {result.status}, not {status}\n{result}")
    lacking = [name for name in headers if name.lower() not in result.headers]
    if lacking:
        hidden = {name.lower() for name in result.hidden}
        why = "sent and not exposed" if lacking[0].lower() in hidden else "not sent"
        raise AssertionError(f"the page cannot read {lacking[0]}: {why}\n{result}")


def assert_blocked(result: Result, *, because: str | None = None) -> None:
    """Pass if the page does not get the answer, for this reason where one is given.

    ``because`` is a code, with or without the stage that it may begin with
    (``preflight-allow-origin-missing`` or ``allow-origin-missing``).

    >>> with Browser(Policy(origins=["https://app.example"])) as browser:
    ...     assert_blocked(browser.fetch("/", method="PUT"), because="method-not-allowed")
    """
    __tracebackhide__ = True
    if result.readable:
        raise AssertionError(f"nothing blocks it\n{result}")
    if because is not None and because not in {result.code, base_code(result.code)}:
        raise AssertionError(f"it is blocked because of {result.code}, not {because}\n{result}")
