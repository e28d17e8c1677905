"""``corsmith check URL``: ask as a browser asks, and tell what it would make of the answer.

What lives here: options to inquiries, the function that sends, and which exit status comes of
it. What does not: what is found out (``inquiry``), and how it is written (``ladder`` and
``check_json``).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias

import click

from corsmith import __version__
from corsmith.address import Address, read_address
from corsmith.browser import Body, Failure, FetchRequest, Sent
from corsmith.cli import ladder
from corsmith.cli.asked import Asking
from corsmith.cli.columns import wrapped
from corsmith.cli.status import Status
from corsmith.errors import NetworkError, UsageError
from corsmith.exchange import NoAnswer, Result
from corsmith.inquiry.report import Conclusion, Inquiry, Report, inquire
from corsmith.net.authorities import load_authorities
from corsmith.net.client import Client, Limits, Request
from corsmith.net.dial import Dialer
from corsmith.origin import is_loopback
from corsmith.pasted.request import PastedRequest
from corsmith.profiles import Profile, find_profile

__all__ = [
    "ASSUMED_PAGE",
    "CURLS_OWN",
    "SECONDS",
    "Asked",
    "Connection",
    "check_pasted",
    "check_urls",
    "read_authority",
    "read_client",
    "read_programs",
    "read_resolve",
    "read_stack",
    "read_timeout",
]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

ASSUMED_PAGE: Final = "https://app.example"
"""The origin of the page where none is named."""

_USER_AGENT: Final = f"Mozilla/5.0 (compatible; corsmith/{__version__})"

# curl's HOST:PORT:ADDR, of which HOST and ADDR may be in brackets
_RESOLVE: Final = re.compile(
    r"(?P<host>\[[^\]]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5}):(?P<peer>\[?[0-9A-Fa-f:.]+\]?)\Z"
)

# What is sent for a header of which only the name is given: a value that needs a preflight.
_STAND_INS: Final = {"content-type": "application/json", "range": "bytes=-1"}


SECONDS: Final = 10.0
"""How long each step may take."""

_SHORTEST: Final = 0.01
_LONGEST: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the server is reached, in curl's words; ``authority`` is a file in PEM."""

    authority: str | None = None
    insecure: bool = False
    timeout: float = SECONDS
    resolve: tuple[tuple[str, int, str], ...] = ()
    location: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every URL of one command line is asked, and how the answer is written.

    ``body_kind`` is what the page would hand to ``fetch``; ``user_agent`` is sent as it is.
    ``programs`` are those that were named in place of an address.
    """

    asking: Asking
    body: bytes | None = None
    body_kind: Literal["text", "form", "blob"] = "text"
    cookie: str | None = None
    client: str | None = None
    stack: str | None = None
    programs: tuple[Profile, ...] = ()
    user_agent: str = _USER_AGENT
    connection: Connection = Connection()


def read_authority(file: str | None) -> str | None:
    """Return the file of ``--cacert``, or raise ``UsageError`` if no authority is in it."""
    if file is None:
        return None
    import ssl  # only for whoever names a file

    load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "--cacert", file)
    return file


def read_client(word: str | None) -> str | None:
    """Return the client that ``--as`` names, or raise ``UsageError``."""
    if word is None:
        return None
    from corsmith.inquiry.clients import CLIENTS

    if word.lower() in CLIENTS:
        return word.lower()
    raise UsageError(f"--as {word}: {_nearest(word, CLIENTS)}the clients are {', '.join(CLIENTS)}")


def read_programs(words: Iterable[str]) -> tuple[Profile, ...]:
    """Return the programs that are among the targets."""
    return tuple(find_profile(word) for word in words if word.startswith("@"))


def read_stack(word: str | None) -> str | None:
    """Return the stack that ``--for`` names, or raise ``UsageError``."""
    if word is None:
        return None
    from corsmith.inquiry.stacks import STACKS, find_stack

    stack = find_stack(word)
    if stack is None:
        raise UsageError(f"--for {word}: {_nearest(word, STACKS)}the stacks are\n  {_rows(STACKS)}")
    return stack


def _nearest(word: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches  # only for a slip

    near = get_close_matches(word.lower(), names, n=1)
    return f"did you mean {near[0]}? " if near else ""


def _rows(names: Iterable[str]) -> str:
    return "\n  ".join(wrapped(", ".join(names), "", ""))


def read_resolve(word: str) -> tuple[str, int, str]:
    """Return host, port and address of ``--resolve``, or raise ``UsageError``."""
    match = _RESOLVE.match(word)
    if match is None:
        raise UsageError(f"--resolve {word}: write HOST:PORT:ADDR, as in api.example:443:127.0.0.1")
    address = read_address(f"http://{match['host']}:{match['port']}/")
    try:
        ip_address(match["peer"].strip("[]"))
    except ValueError as error:
        raise UsageError(f"--resolve {word}: {match['peer']} is no IP address") from error
    return address.host, address.port, match["peer"]


def read_timeout(word: str | None) -> float:
    """Return the seconds that ``--timeout`` gives each step, or raise ``UsageError``."""
    try:
        seconds = SECONDS if word is None else float(word)
    except ValueError:
        seconds = 0.0
    if _SHORTEST <= seconds <= _LONGEST:
        return seconds
    raise UsageError(f"--timeout {word}: write seconds, from {_SHORTEST} to {_LONGEST:g}")


def check_pasted(
    pasted: PastedRequest, asked: Asked, form: Literal["text", "json"], *, probes: bool = True
) -> Status:
    """Ask what somebody copied, write what came of it, and return the exit status."""
    words = set(pasted.ignored)
    connection = replace(
        asked.connection,
        authority=asked.connection.authority or read_authority(pasted.authority),
        insecure=asked.connection.insecure or bool(words & {"-k", "--insecure"}),
        location=asked.connection.location or bool(words & {"-L", "--location"}),
    )
    asked = replace(asked, cookie=pasted.cookie, connection=connection)
    pages = asked.asking.origins or (pasted.page,)
    body = None if pasted.body is None else pasted.body.encode()
    inquiries = [
        Inquiry(
            request=FetchRequest(
                page=page or ASSUMED_PAGE,
                url=pasted.url,
                method=pasted.method,
                headers=pasted.headers,
                credentials="include" if asked.asking.cookies else pasted.credentials,
                mode="no-cors" if pasted.mode == "no-cors" else "cors",
                body=None if body is None else Body(kind=pasted.body_kind or "bytes"),
            ),
            body=body,
            assumed=page is None,
            stack=asked.stack,
            client=asked.client,
            probes=probes and len(pages) == 1,
        )
        for page in pages
    ]
    return _told(inquiries, asked, form)


CURLS_OWN: Final = frozenset({"-k", "--insecure", "-L", "--location"})
"""What a curl command says about the connection: it is heeded, not ignored."""


def check_urls(urls: Iterable[str], asked: Asked, form: Literal["text", "json"]) -> Status:
    """Ask each URL, write what came of it, and return the exit status."""
    pairs = [(url, origin) for url in urls for origin in asked.asking.origins or (None,)]
    several = len(pairs) > 1
    inquiries = [
        _inquiry(read_address(url), origin, asked, probes=not several) for url, origin in pairs
    ]
    if not inquiries:
        raise UsageError(
            "there is no URL to check; write one a line, or type\n  corsmith check URL"
        )
    return _told(inquiries, asked, form)


def _told(inquiries: list[Inquiry], asked: Asked, form: Literal["text", "json"]) -> Status:
    """Put the inquiries, write the reports, and return the exit status."""
    several = len(inquiries) > 1
    reports = [_put(inquiry, asked) for inquiry in ladder.progress(inquiries)]
    if form == "json":
        from corsmith.cli import check_json

        click.echo(check_json.as_json(reports))
    else:
        click.echo(ladder.as_table(reports) if several else ladder.as_text(reports[0]))
    return _status(reports)


def _put(inquiry: Inquiry, asked: Asked) -> Report:
    address = read_address(inquiry.request.url)
    report = inquire(inquiry, _sender(address, asked), _follower(address, asked))
    if report.conclusion is Conclusion.YES and address.scheme == "https":
        return replace(report, notes=(*report.notes, *_by_a_browser(asked.connection)))
    return report


def _by_a_browser(connection: Connection) -> Iterator[str]:
    """Yield what was taken here on the person's word, and is not by a browser."""
    if connection.insecure:
        yield "A browser checks the certificate; -k has left it unchecked here."
    elif connection.authority is not None:
        yield f"A browser has to trust the authority of {connection.authority}, too."


def _inquiry(address: Address, origin: str | None, asked: Asked, *, probes: bool) -> Inquiry:
    body = None if asked.body is None else Body(kind=asked.body_kind)
    request = FetchRequest(
        page=origin or ASSUMED_PAGE,
        url=address.url,
        method=asked.asking.method,
        headers=tuple(
            (name, _STAND_INS.get(name.lower(), "1") if value is None else value)
            for name, value in asked.asking.headers
        ),
        credentials="include" if asked.asking.cookies or asked.cookie else "same-origin",
        body=body,
    )
    return Inquiry(
        request=request,
        body=asked.body,
        assumed=origin is None,
        stack=asked.stack or _program(address, asked.programs),
        client=asked.client,
        probes=probes,
    )


def _program(address: Address, programs: Iterable[Profile]) -> str | None:
    """Return the name of the program that an address stands for."""
    return next((one.name for one in programs if one.url + one.probe == address.url), None)


# ── the wire ─────────────────────────────────────────────────────────────────


def _follower(address: Address, asked: Asked) -> Callable[[str], bool]:
    """Return whether a URL may be asked: the host that was named, or any with ``-L``."""

    def follow(url: str) -> bool:
        try:
            return asked.connection.location or read_address(url).host == address.host
        except UsageError:
            return True  # it is told as what it is when it is sent

    return follow


def _sender(address: Address, asked: Asked) -> Callable[[Sent, bytes | None], Result]:
    """Return the function that sends a request of the model as a browser writes it."""
    connection = asked.connection
    dialer = Dialer(
        timeout=connection.timeout,
        verify=not connection.insecure,
        ca=connection.authority,
        resolve={(host, port): peer for host, port, peer in connection.resolve},
    )
    client = Client(dialer=dialer, limits=Limits(timeout=connection.timeout))

    def send(sent: Sent, body: bytes | None) -> Result:
        try:
            headers = (*sent.headers, *_added(sent, asked, address))
            request = Request(method=sent.method, url=sent.url, headers=headers, body=body)
            return client.send(request)
        except NetworkError as error:
            return NoAnswer(
                failure=Failure(error.failure),
                step=error.step,
                problem=error.problem,
                hint=error.hint,
            )
        except UsageError as error:
            # Only a redirect leads here: the URL of the question was read before.
            return NoAnswer(failure=Failure.MALFORMED, step="redirect", problem=str(error))

    return send


def _added(sent: Sent, asked: Asked, named: Address) -> Iterator[tuple[str, str]]:
    """Yield what a browser adds by itself (Fetch Metadata; Fetch, #http-network-or-cache-fetch)."""
    yield "User-Agent", asked.user_agent
    yield "Accept-Encoding", "gzip"
    target = read_address(sent.url)
    if target.scheme == "https" or is_loopback(target.host):
        is_cors = any(name.lower() == "origin" for name, _ in sent.headers)
        yield "Sec-Fetch-Site", sent.site
        yield "Sec-Fetch-Mode", "cors" if is_cors else "no-cors"
        yield "Sec-Fetch-Dest", "empty"
    if asked.cookie is not None and sent.credentials and target.host == named.host:
        yield "Cookie", asked.cookie


# ── the exit status ──────────────────────────────────────────────────────────


def _status(reports: Iterable[Report]) -> Status:
    conclusions = {report.conclusion for report in reports}
    if Conclusion.NO in conclusions:
        return Status.NO
    return Status.UNKNOWN if Conclusion.UNKNOWN in conclusions else Status.OK
