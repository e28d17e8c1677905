"""``corsmith check`` with nothing but a pasted text: what it says, and asking by consent.

What lives here: where the text comes from, the question before anything is sent, and the exit
status. What does not: what the text means (``pasted``), how that is written (``likely``), and
asking (``check_url``).

Nothing is sent to an address that was only pasted without a yes or ``--send``.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

import click

from corsmith.address import read_address
from corsmith.cli import likely
from corsmith.cli.status import Status
from corsmith.cli.terminal import is_terminal, read_paste
from corsmith.errors import UsageError
from corsmith.pasted.mask import mask_url
from corsmith.pasted.plan import plan_requests
from corsmith.pasted.recording import read_recording
from corsmith.pasted.request import PastedRequest
from corsmith.pasted.text import Kind, Pasted, read_pasted

__all__ = [
    "Manner",
    "check_recording",
    "check_text",
    "consents_to",
    "find_list",
    "read_text",
    "rows_of",
]

Ask: TypeAlias = Callable[[PastedRequest], Status]
"""Sends what was pasted, writes what came of it, and returns the exit status."""

_INVITATION: Final = "Paste the red line, the curl command or the URL, then an empty line:"
_MOST_TEXT: Final = 4 * 1024 * 1024
"""Nobody pastes more; a recording is a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a pasted text is answered: ``send`` is the consent given in advance.

    ``page`` and ``cookies`` say what the text does not: the page's origin, and credentials.
    """

    form: Literal["text", "json"] = "text"
    send: bool = False
    page: str | None = None
    cookies: bool = False

    def complete(self, request: PastedRequest) -> PastedRequest:
        """Return a request with what the person said beside the text."""
        credentials = "include" if self.cookies else request.credentials
        return replace(request, page=self.page or request.page, credentials=credentials)


def read_text() -> str:
    """Return the pasted text: from the terminal up to an empty line, or standard input whole."""
    if is_terminal():
        click.echo(_INVITATION, err=True)
        return read_paste(sys.stdin, sys.stderr)
    text = sys.stdin.buffer.read(_MOST_TEXT + 1).decode("utf-8", "replace")
    if len(text) > _MOST_TEXT:
        raise UsageError("the text is over 4 MiB; save a recording as FILE.har and check that")
    return text


def rows_of(text: str) -> tuple[str, ...]:
    """Return the lines of a list; empty lines and comments are left out."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def find_list(text: str, *, is_asked_for: bool) -> tuple[str, ...]:
    """Return the lines of a text that is a list of URLs; none if it is to be read as a text.

    Where a list was asked for, a line that is no URL is a slip in it, and one URL on a pipe is
    a list of one. On a terminal one URL is what was pasted.
    """
    rows = rows_of(text)
    urls = [row for row in rows if row.lower().startswith(("http://", "https://"))]
    if not urls or any(len(row.split()) > 1 for row in rows):
        return ()
    if is_asked_for:
        return () if len(rows) == 1 and is_terminal() else rows
    return rows if len(urls) == len(rows) > 1 else ()


def consents_to(urls: Sequence[str], *, is_list: bool) -> bool:
    """Return whether the URLs of a list may be asked: on a terminal, they were only pasted."""
    if is_terminal():
        return click.confirm(f"\nAsk these {len(urls)} URLs now?", default=False, err=True)
    if is_list:
        return True
    raise UsageError(
        f"{len(urls)} URLs on standard input, and nothing is sent; to have a list asked, type\n"
        "  corsmith check - < FILE"
    )


def check_text(text: str, manner: Manner, ask: Ask) -> Status:
    """Say what a pasted text means; ask its address if that is wanted."""
    if not text.strip():
        raise UsageError(
            "what shall be checked? Paste a console line or a curl command, or type\n"
            "  corsmith check https://api.example/items\n"
            "  corsmith check main:app"
        )
    if not is_terminal():
        then = "its address is asked" if manner.send else "nothing is sent"
        click.echo(f"corsmith: text on standard input; {then}", err=True)
    pasted = read_pasted(text)
    request = None if pasted.request is None else manner.complete(pasted.request)
    pasted = replace(pasted, request=request)
    if manner.send and request is not None and manner.form == "json":
        return ask(request)  # one document on standard output, and what was found says more
    click.echo(likely.as_json(pasted) if manner.form == "json" else likely.as_text(pasted))
    if request is not None and (manner.send or _consents(request, manner)):
        click.echo()
        return ask(request)
    return _status(pasted)


def check_recording(path: str, manner: Manner, ask: Ask) -> Status:
    """Say what failed in a recording; ask the address if only one did and that is wanted."""
    try:
        text = Path(path).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    try:
        recording = read_recording(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    failed = tuple(replace(one, request=manner.complete(one.request)) for one in recording.failed)
    recording = replace(recording, failed=failed)
    requests = [one.request for one in failed]
    if manner.form == "json":
        click.echo(likely.recording_as_json(recording))
    else:
        click.echo(likely.recording_as_text(recording))
    if len(requests) == 1 and manner.form == "text":
        if manner.send or _consents(requests[0], manner):
            click.echo()
            return ask(requests[0])
    elif requests and manner.send:
        raise UsageError("--send asks one address, as text; type the line below its code instead")
    return Status.NO if requests else Status.OK


def _status(pasted: Pasted) -> Status:
    told = pasted.sightings and pasted.kind is not Kind.NOTHING
    return Status.NO if told else Status.UNKNOWN


def _consents(request: PastedRequest, manner: Manner) -> bool:
    """Ask the person whether to send, naming each request and the host; no is the default."""
    if manner.form == "json" or not is_terminal():
        return False
    planned = plan_requests(request)
    click.echo(err=True)
    for sent in planned:
        click.echo(f"  {sent.method} {mask_url(sent.url)}", err=True)
    host = read_address(request.url).netloc
    these = "this request" if len(planned) == 1 else f"these {len(planned)} requests"
    return click.confirm(f"Send {these} to {host} now?", default=False, err=True)
