"""The request sequences of clients that run in a page, as data, and playing them.

What lives here: what DuckDB-Wasm, zarrita, PMTiles, geotiff.js and an MCP client send, in
their order, and what each needs of the answer. What does not: sending (``exchange``).

Seen on the wire, in Chromium or under Node, with the packages that npm had in November 2026:
@duckdb/duckdb-wasm 1.32.0, zarrita 0.7.5, pmtiles 4.5.0 and geotiff 3.0.5; read in the source
of @modelcontextprotocol/sdk 1.32.2. Where a client asks for bytes whose place it read in the
file, a range that every file has stands in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from corsmith.address import join
from corsmith.browser import Body, FetchRequest, Profile
from corsmith.browser.engines import CHROMIUM
from corsmith.exchange import Answer, Exchange, Trial
from corsmith.prose import spell_header

__all__ = ["CLIENTS", "Client", "ClientResult", "ClientStep", "play"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStep:
    """One request of a client, why it is sent, and what it needs of the answer.

    ``path`` is joined to the URL; ``status`` are those that the client takes; ``reads`` are
    header names that its script must see where they are sent; ``instead`` is what the client
    can do where a range is not answered.
    """

    name: str
    method: str = "GET"
    path: str = ""
    headers: Pairs = ()
    body: bytes | None = None
    status: frozenset[int] = frozenset({200})
    reads: tuple[str, ...] = ()
    size: int | None = None
    range: Literal["first", "suffix"] | None = None
    instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client: its title and its requests; ``below`` says that the URL is a folder."""

    title: str
    steps: tuple[ClientStep, ...]
    below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientResult:
    """How one request of a client went: ``code`` and ``problem`` where it did not."""

    client: Client
    step: ClientStep
    request: FetchRequest
    trial: Trial
    code: str | None = None
    problem: str | None = None
    fix: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the client gets what it needs."""
        return self.code is None


_PARTIAL: Final = frozenset({206})
_FOUND_OR_NOT: Final = frozenset({200, 404})


def _range(value: str) -> Pairs:
    return (("Range", value),)


_MCP_TYPES: Final = (("Accept", "application/json, text/event-stream"),)
_MCP_BEGIN: Final = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
    b'"capabilities":{},"clientInfo":{"name":"corsmith","version":"1"}}}'
)
_MCP_SESSION: Final = (
    ("Mcp-Session-Id", "corsmith"),
    ("Mcp-Protocol-Version", "2025-11-25"),
)

CLIENTS: Final[Mapping[str, Client]] = MappingProxyType(
    {
        "duckdb": Client(
            # By default it reads whole files: it takes forceFullHTTPReads: false to send these.
            title="DuckDB-Wasm reading by ranges",
            steps=(
                ClientStep(
                    name="asks for the size of the file",
                    method="HEAD",
                    headers=_range("bytes=0-"),
                    status=_PARTIAL,
                ),
                ClientStep(
                    name="reads the first bytes",
                    headers=_range("bytes=0-7"),
                    status=_PARTIAL,
                    size=8,
                    range="first",
                ),
            ),
        ),
        "zarr": Client(
            # By default it asks for the size of a shard with HEAD, and for the range then.
            title="zarrita with useSuffixRequest",
            below=True,
            steps=(
                ClientStep(name="reads the metadata", path="zarr.json", status=_FOUND_OR_NOT),
                ClientStep(
                    name="looks for a chunk that is not there",
                    path="c/0/0/0-no",
                    status=_FOUND_OR_NOT,
                ),
                ClientStep(
                    name="reads the index of a shard, from its end",
                    path="zarr.json",
                    headers=_range("bytes=-8"),
                    status=frozenset({206, 404}),
                    size=8,
                    range="suffix",
                    instead="let zarrita ask for the size first (useSuffixRequest: false)",
                ),
            ),
        ),
        "pmtiles": Client(
            title="PMTiles",
            steps=(
                ClientStep(
                    name="reads the header and the root directory",
                    headers=_range("bytes=0-16383"),
                    status=_PARTIAL,
                    range="first",
                ),
                ClientStep(
                    name="reads a tile",
                    headers=_range("bytes=0-126"),
                    status=_PARTIAL,
                    size=127,
                    range="first",
                ),
            ),
        ),
        "cog": Client(
            title="geotiff.js",
            steps=(
                ClientStep(
                    name="reads the header",
                    headers=_range("bytes=0-1023"),
                    status=_PARTIAL,
                    range="first",
                ),
            ),
        ),
        "mcp": Client(
            title="an MCP client",
            steps=(
                ClientStep(
                    name="begins a session",
                    method="POST",
                    headers=(*_MCP_TYPES, ("Content-Type", "application/json")),
                    body=_MCP_BEGIN,
                    status=frozenset({200, 401}),
                    reads=("mcp-session-id",),
                ),
                ClientStep(
                    name="asks within the session",
                    method="POST",
                    headers=(*_MCP_TYPES, ("Content-Type", "application/json"), *_MCP_SESSION),
                    body=b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}',
                    status=frozenset({200, 202, 400, 401, 404}),
                ),
                ClientStep(
                    name="listens to the server",
                    headers=(("Accept", "text/event-stream"), *_MCP_SESSION),
                    status=frozenset({200, 400, 401, 404, 405, 406}),
                ),
            ),
        ),
    }
)
"""The words of ``--as``."""


def play(client: Client, request: FetchRequest, exchange: Exchange) -> tuple[ClientResult, ...]:
    """Send what the client sends, up to the first request that it cannot use."""
    base = request.url
    if client.below and not base.partition("?")[0].endswith("/"):
        base = f"{base.partition('?')[0]}/"
    results: list[ClientResult] = []
    for step in client.steps:
        asked = FetchRequest(
            page=request.page,
            url=join(base, step.path) if step.path else base,
            method=step.method,
            headers=(*_kept(request.headers, step.headers), *step.headers),
            credentials=request.credentials,
            body=None if step.body is None else Body(kind="bytes"),
        )
        trial = exchange.put(asked, Profile(engine=CHROMIUM), step.body)
        results.append(_judged(client, step, asked, trial))
        if not results[-1].passed:
            break
    return tuple(results)


def _kept(given: Pairs, own: Pairs) -> Pairs:
    """Return the headers that the person gave (a token, say) beside the client's own."""
    names = {name.lower() for name, _ in own}
    return tuple(pair for pair in given if pair[0].lower() not in names)


Rule: TypeAlias = Callable[[ClientStep, Trial, Answer], tuple[str, str, str] | None]


def _judged(client: Client, step: ClientStep, request: FetchRequest, trial: Trial) -> ClientResult:
    code, problem, fix = _judge(step, trial) or (None, None, None)
    return ClientResult(
        client=client,
        step=step,
        request=request,
        trial=trial,
        code=code,
        problem=problem,
        fix=fix,
    )


def _judge(step: ClientStep, trial: Trial) -> tuple[str, str, str | None] | None:
    """Return code, problem and fix of a step that fails; the fix of a blocked one is a remedy."""
    verdict, last = trial.verdict, trial.last
    if verdict is None:
        return "redirect-not-followed", "a redirect leads elsewhere", None
    if not trial.readable or last is None or last.answer is None:
        failing = verdict.failing_step
        evidence = "the answer is opaque" if failing is None else failing.evidence
        return verdict.code or "blocked", evidence, None
    rows = (rule(step, trial, last.answer) for rule in _RULES)
    return next((row for row in rows if row is not None), None)


def _status(step: ClientStep, _: Trial, answer: Answer) -> tuple[str, str, str] | None:
    if answer.status in step.status:
        return None
    if step.range is not None or ("Range", "bytes=0-") in step.headers:
        asked = dict(step.headers)["Range"]
        what = "a range from the end" if step.range == "suffix" else "a range"
        instead = "" if step.instead is None else f" Or {step.instead}."
        return (
            "range-not-answered",
            f"Range: {asked} was answered {answer.status}, not 206",
            (
                f"Answer {what} with 206, Content-Range and these bytes alone; "
                f"corsmith serve FOLDER does.{instead}"
            ),
        )
    wanted = " or ".join(str(status) for status in sorted(step.status))
    return "status-unexpected", f"answered {answer.status}, not {wanted}", "Check the URL."


def _length(step: ClientStep, _: Trial, answer: Answer) -> tuple[str, str, str] | None:
    if step.size is None or answer.status not in _PARTIAL or len(answer.body) == step.size:
        return None
    return (
        "range-not-answered",
        f"{step.size} bytes were asked for, and {len(answer.body)} came back",
        "Answer exactly the range; corsmith serve FOLDER does.",
    )


def _readable(step: ClientStep, trial: Trial, answer: Answer) -> tuple[str, str, str] | None:
    verdict = trial.verdict
    seen = set() if verdict is None else {name for name, _ in verdict.visible}
    for name in step.reads:
        if name in seen:
            continue
        title = spell_header(name)
        if answer.get(name) is not None:
            return (
                "header-not-exposed",
                f"its script cannot read {title}: it is sent and not exposed",
                f"Send Access-Control-Expose-Headers: {title} on this answer.",
            )
    return None


def _packed(step: ClientStep, _: Trial, answer: Answer) -> tuple[str, str, str] | None:
    packed = answer.get("content-encoding")
    if step.range is None or packed in {None, "identity"}:
        return None
    return (
        "range-compressed",
        f"the range comes with Content-Encoding: {packed}, so its bytes are not the file's",
        "Compress no answer to a request with Range.",
    )


_RULES: Final[tuple[Rule, ...]] = (_status, _packed, _length, _readable)
