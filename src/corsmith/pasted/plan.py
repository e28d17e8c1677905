"""Which requests a browser would send for one that was pasted, before anything is sent.

What lives here: making the page's request of a pasted one, and listing what goes out if every
answer allows it. What does not: sending.
"""

from typing import Final

from corsmith.browser import Body, FetchRequest, Profile, Received, Sent, fetch
from corsmith.browser.request import InvalidRequestError
from corsmith.pasted.request import PastedRequest

__all__ = ["ASSUMED_PAGE", "allow", "plan_requests", "to_fetch_request"]

ASSUMED_PAGE: Final = "https://app.example"
"""The origin of the page where nothing tells it."""


def to_fetch_request(pasted: PastedRequest, page: str | None = None) -> FetchRequest:
    """Return what the page's script asks its browser for."""
    return FetchRequest(
        page=page or pasted.page or ASSUMED_PAGE,
        url=pasted.url,
        method=pasted.method,
        headers=pasted.headers,
        credentials=pasted.credentials,
        mode="no-cors" if pasted.mode == "no-cors" else "cors",
        body=None if pasted.body is None else Body(kind=pasted.body_kind or "bytes"),
    )


def plan_requests(pasted: PastedRequest) -> tuple[Sent, ...]:
    """Return what the standard's browser would send, if the preflight allowed all.

    >>> [
    ...     sent.method
    ...     for sent in plan_requests(PastedRequest(url="https://a.example/", method="PUT"))
    ... ]
    ['OPTIONS', 'PUT']
    """
    request = to_fetch_request(pasted)
    asking = fetch(request, Profile())
    planned: list[Sent] = []
    try:
        sent = next(asking)
        while True:
            planned.append(sent)
            sent = asking.send(allow(request))
    except (StopIteration, InvalidRequestError):
        return tuple(planned)


def allow(request: FetchRequest) -> Received:
    """Return a preflight's answer that allows what a page asks for."""
    names = ", ".join(dict.fromkeys(("content-type", *(name for name, _ in request.headers))))
    return Received(
        status=200,
        headers=(
            ("Access-Control-Allow-Origin", request.page),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", request.method),
            ("Access-Control-Allow-Headers", names),
        ),
    )
