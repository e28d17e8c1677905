"""Exchanges by chance: requests and answers at the borders of what browsers decide.

The same seed gives the same exchanges. Each choice is weighted to where a browser could decide
one way or the other; what no engine can show through a page's script is left out.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.browser_cases import Case

METHODS = (
    "GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "PATCH", "patch", "put", "DELETE",
    "OPTIONS", "QUERY", "get", "*",
)  # fmt: skip
NAMES = (
    ("x-test", ("1", "", "a b")),
    ("X-Other", ("1",)),
    ("Authorization", ("Bearer x", "")),
    ("Accept", ("*/*", "text/html", '"', "(", "a" * 128, "a" * 129, "a" * 70)),
    ("Accept-Language", ("en", "@", "a" * 128)),
    ("Content-Language", ("de, en", "_", "a" * 129)),
    (
        "Content-Type",
        (
            "text/plain",
            "application/json",
            "text/plain; a=b",
            "multipart/form-data",
            "text/",
            "x/y",
        ),
    ),
    ("Range", ("bytes=0-1", "bytes=5-", "bytes=-5", "bytes=1-0", "bytes=0-1,2-3", "BYTES=0-1")),
    ("Save-Data", ("on", "off")),
    ("DPR", ("2.0", "x")),
    ("Cookie", ("a=b",)),
    ("Sec-X", ("1",)),
    ("X-HTTP-Method-Override", ("TRACE", "PUT", "get, track")),
    ("If-None-Match", ('"a"',)),
    ("Cache-Control", ("no-cache",)),
)
ALLOW_ORIGIN = (
    ("*",), ("*",), ("{A}",), ("{A}",), ("{A}",), (), ("null",), ("{A}/",), ("{B}",), ("*", "{A}"),
    ("{A}", "{A}"), ("{A}, *",), (" {A} ",), ("",), ("http://{A_HOST}.",), ("**",),
)  # fmt: skip
ALLOW_CREDENTIALS = ((), ("true",), ("true",), ("TRUE",), ("false",), ("true", "true"), ("",))
ALLOW_METHODS = (
    (), ("*",), ("PUT",), ("GET, PUT, PATCH, DELETE",), ("put",), ("PUT, a b",), ("GET", "PUT"),
    (",PUT,,",), ("patch",), ("",),
)  # fmt: skip
ALLOW_HEADERS = (
    (), ("*",), ("x-test",), ("X-TEST, x-other",), ("x-test, authorization, content-type",),
    ("*, Authorization",), ("x-test x-other",), ("x-test", "content-type"), ("accept",), ("",),
    ("x-test,x-other,authorization,content-type,range,accept,accept-language,content-language",),
)  # fmt: skip
EXPOSE = ((), (), ("*",), ("x-a",), ("X-A, x-b",), ("x-a, b c",), ("x-a", "x-b"), ("",))
MAX_AGES = ((), ("600",), ("0",), ("-1",), ("abc",), ("600, 600",), ("1e3",))
STATUSES = (200, 200, 200, 200, 201, 204, 206, 404, 500)
PREFLIGHT_STATUSES = (204, 204, 204, 200, 200, 299, 301, 307, 400, 404, 500)
REDIRECTS = (301, 302, 303, 307, 308)
BODIES: tuple[Any, ...] = (
    None,
    {"text": "x"},
    {"type": "application/json", "text": "{}"},
    {"type": "text/plain", "text": "x"},
    {"form": "a"},
    {"multipart": "a"},
    {"bytes": "d"},
)


def exchanges(seed: int, count: int) -> list[Case]:
    """Return exchanges that nobody chose; their names tell the seed."""
    random = Random(seed)  # noqa: S311  chance, not secrets
    return [_exchange(random, f"gen-{seed}-{number}") for number in range(count)]


def _exchange(random: Random, name: str) -> Case:
    hops = [random.choice("AABBBBCC")]
    while len(hops) < 4 and random.random() < 0.22:
        hops.append(random.choice("ABBC"))
    case: Case = {
        "id": name,
        "page_origin": "A",
        "target": hops[0],
        "hops": hops,
        "responses": [
            answer for number in range(len(hops)) for answer in _answers(random, number, hops)
        ],
    }
    if random.random() < 0.12:
        case["context"] = random.choice(
            ("sandboxed-iframe", "data-worker", "worker", "blob-iframe")
        )
    first = _request(random)
    if case.get("context") == "data-worker":
        # WebKit names the page there, and a request does not tell what it is in.
        first.pop("mode", None)
    if len(hops) > 2:
        _keep_no_types(first)
    if random.random() < 0.15 and len(hops) == 1:
        case["steps"] = [{"request": first}, {"request": _again(random, first)}]
    else:
        case["request"] = first
    return case


def _keep_no_types(request: Case) -> None:
    """Leave out what a first redirect removes and two engines bring back at the second."""
    request.pop("body", None)
    gone = {"Authorization", "Content-Type"}
    request["headers"] = [line for line in request.get("headers", []) if line[0] not in gone]


def _again(random: Random, first: Case) -> Case:
    """Return a second request that the first one's preflight may cover."""
    second = dict(first)
    if random.random() < 0.4:
        second["credentials"] = random.choice(("omit", "same-origin", "include"))
    if random.random() < 0.3 and "body" not in second:
        second["method"] = random.choice(METHODS)
    if random.random() < 0.3:
        second["headers"] = _headers(random)
    return second


def _request(random: Random) -> Case:
    request: Case = {"method": random.choice(METHODS)}
    if random.random() < 0.6:
        request["headers"] = _headers(random)
    request["credentials"] = random.choice(("same-origin", "same-origin", "include", "omit"))
    safelisted = request["method"] in {"GET", "HEAD", "POST", "get"}
    if random.random() < 0.12 and safelisted:
        request["mode"] = random.choice(("no-cors", "same-origin"))
    if random.random() < 0.1:
        request["redirect"] = random.choice(("error", "manual"))
    if request["method"] not in {"GET", "HEAD", "get"} and (body := random.choice(BODIES)):
        request["body"] = body
    if random.random() < 0.2 and "mode" not in request and "redirect" not in request:
        request["api"] = "xhr"
        request["upload_listener"] = random.random() < 0.3
        if request["credentials"] == "omit":
            request["credentials"] = "same-origin"
    return request


def _headers(random: Random) -> list[list[str]]:
    lines = []
    for _ in range(random.choice((1, 1, 2, 3))):
        name, values = random.choice(NAMES)
        lines.append([name, random.choice(values)])
    # Two lines of a type differ between the engines' network layers, which is not CORS.
    types = [line for line in lines if line[0] == "Content-Type"]
    return [line for line in lines if line[0] != "Content-Type"] + types[:1]


def _answers(random: Random, hop: int, hops: list[str]) -> list[Case]:
    last = hop == len(hops) - 1
    good = random.random() < 0.5
    shared = _lines("Access-Control-Allow-Origin", _pick(random, ALLOW_ORIGIN, good=good, most=5))
    credentials = _pick(random, ALLOW_CREDENTIALS, good=good, most=3)
    shared += _lines("Access-Control-Allow-Credentials", credentials)
    preflight = [
        *shared,
        *_lines("Access-Control-Allow-Methods", random.choice(ALLOW_METHODS)),
        *_lines("Access-Control-Allow-Headers", random.choice(ALLOW_HEADERS)),
        *_lines("Access-Control-Max-Age", random.choice(MAX_AGES)),
    ]
    actual = [
        *shared,
        *_lines("Access-Control-Expose-Headers", random.choice(EXPOSE)),
        ["X-A", "1"],
        ["X-B", "2"],
        ["Cache-Control", "no-store"],
    ]
    if not last:
        actual.append(["Location", "{hop%d}" % (hop + 1)])  # noqa: UP031  braces stay
    status = random.choice(STATUSES if last else REDIRECTS)
    return [
        {
            "for": "preflight",
            "hop": hop,
            "status": 204 if good else random.choice(PREFLIGHT_STATUSES),
            "headers": preflight,
        },
        {"for": "actual", "hop": hop, "status": status, "headers": actual},
    ]


def _pick(
    random: Random, values: tuple[tuple[str, ...], ...], *, good: bool, most: int
) -> tuple[str, ...]:
    """Return a value; a good one is among the first."""
    return random.choice(values[:most] if good else values)


def _lines(name: str, values: tuple[str, ...]) -> list[list[str]]:
    return [[name, value] for value in values]
