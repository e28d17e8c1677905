"""The table of cases that every adapter answers alike: a policy, a request, all of its headers.

``expect`` is the whole set of CORS headers and ``Vary`` that the reply has, a list of lines for
each name: what is not there must not be sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corsmith import Policy, Routes
from tests.adapters.hosts import App, Lines, Request

APP = "https://app.example"
OTHER = "https://other.example"

POLICY = Policy(
    origins=[APP, "https://*.shop.example"],
    methods=["PUT"],
    headers=["X-Key"],
    expose=["X-Total"],
    credentials=True,
    max_age=600,
)
OPEN = Policy(origins="*", expose=["X-Total"])
PUBLIC = Policy(origins=[APP], preflight_status=204)
ECHO = Policy(origins=[APP], methods="*", headers="*", credentials=True)
ROUTES = Routes({"/items": POLICY, "/items/none": None, "/open/": OPEN})

VARY = {"vary": ["Origin"]}
SHARED = {
    "access-control-allow-origin": [APP],
    "access-control-allow-credentials": ["true"],
    **VARY,
}
READ = {**SHARED, "access-control-expose-headers": ["X-Total"]}
PREFLIGHT = {
    **SHARED,
    "access-control-allow-methods": ["PUT"],
    "access-control-allow-headers": ["X-Key"],
    "access-control-max-age": ["600"],
}
STAR = {"access-control-allow-origin": ["*"]}
OPEN_READ = {**STAR, "access-control-expose-headers": ["X-Total"]}
OPEN_PREFLIGHT = {
    **STAR,
    "access-control-allow-methods": ["GET,HEAD,POST"],
    "access-control-allow-headers": ["Content-Type"],
}

Expected = dict[str, list[str]]

_ANSWER = App()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row: what is asked of which policy, and the whole reply."""

    name: str
    source: Any
    request: Request
    expect: Expected
    app: App = _ANSWER
    status: int = 200
    app_ran: bool = True


def get(*origins: str, method: str = "GET", path: str = "/items") -> Request:
    """Return a request with an Origin line for each origin."""
    return Request(method=method, path=path, headers=tuple(("Origin", o) for o in origins))


def preflight(
    *origins: str,
    method: str | None = "PUT",
    names: tuple[str, ...] = (),
    path: str = "/items",
) -> Request:
    """Return the preflight of a request, with an Origin line for each origin."""
    lines: Lines = tuple(("Origin", origin) for origin in origins)
    if method is not None:
        lines += (("Access-Control-Request-Method", method),)
    lines += tuple(("Access-Control-Request-Headers", name) for name in names)
    return Request(method="OPTIONS", path=path, headers=lines)


def _origin(name: str, expect: Expected, *origins: str, source: Any = POLICY) -> list[Case]:
    """Return the rows of an Origin: as a request, and as a preflight."""
    lists = {key: PREFLIGHT[key] for key in PREFLIGHT if "allow-origin" not in key}
    asked = VARY if expect == VARY else {**lists, **expect}
    asked.pop("access-control-expose-headers", None)
    return [
        Case(name=name, source=source, request=get(*origins), expect=expect),
        Case(
            name=f"preflight of {name}",
            source=source,
            request=preflight(*origins),
            expect=asked,
            app_ran=False,
        ),
    ]


def _read(origin: str) -> Expected:
    return {**READ, "access-control-allow-origin": [origin]}


DEEP = "https://a.b.shop.example"
ORIGINS = [
    *_origin("an allowed origin", READ, APP),
    *_origin("an origin that a pattern means", _read(DEEP), DEEP),
    *_origin("blanks around an allowed origin", READ, f" \t{APP} \t"),
    *_origin("blanks around what a pattern means", _read(DEEP), f"\t{DEEP} "),
    *_origin("a stranger", VARY, OTHER),
    *_origin("the apex of a pattern", VARY, "https://shop.example"),
    *_origin("null", VARY, "null"),
    *_origin("an empty Origin", VARY, ""),
    *_origin("two lines of one allowed origin", VARY, APP, APP),
    *_origin("an allowed origin before a stranger", VARY, APP, OTHER),
    *_origin("an allowed origin after two strangers", VARY, OTHER, OTHER, APP),
    *_origin("a list with an allowed origin", VARY, f"{APP}, {OTHER}"),
    *_origin("two origins and a blank", VARY, f"{APP} {APP}"),
    *_origin("an 8-bit byte behind an allowed origin", VARY, f"{APP}\xff"),
    *_origin("a no-break space before an allowed origin", VARY, f"\xa0{APP}"),
    *_origin("a vertical tab behind an allowed origin", VARY, f"{APP}\x0b"),
    *_origin("upper case", VARY, "https://APP.example"),
    *_origin("a trailing slash", VARY, f"{APP}/"),
    *_origin("the default port", VARY, f"{APP}:443"),
    *_origin("a comma alone", VARY, ","),
]

PREFLIGHTS = [
    Case(name=name, source=source, request=request, expect=expect, status=status, app_ran=False)
    for name, source, request, expect, status in (
        ("a method that is not allowed", POLICY, preflight(APP, method="DELETE"), PREFLIGHT, 200),
        ("a header that is not allowed", POLICY, preflight(APP, names=("x-z",)), PREFLIGHT, 200),
        ("an empty method", POLICY, preflight(APP, method=""), PREFLIGHT, 200),
        ("a path that nobody serves", POLICY, preflight(APP, path="/nowhere"), PREFLIGHT, 200),
        ("a preflight to any origin", OPEN, preflight(OTHER), OPEN_PREFLIGHT, 200),
        (
            "a preflight to any origin, also a malformed one",
            OPEN,
            preflight(",", ","),
            OPEN_PREFLIGHT,
            200,
        ),
        (
            "a status without content",
            PUBLIC,
            preflight(APP),
            {
                "access-control-allow-origin": [APP],
                "access-control-allow-methods": ["GET,HEAD,POST"],
                "access-control-allow-headers": ["Content-Type"],
                **VARY,
            },
            204,
        ),
        (
            "echoed lists",
            ECHO,
            preflight(APP, method="DELETE", names=("x-a", "x-b,authorization")),
            {
                **SHARED,
                "access-control-allow-methods": ["DELETE"],
                "access-control-allow-headers": ["x-a,x-b"],
            },
            200,
        ),
        ("no lists to echo", ECHO, preflight(APP, method="a b", names=("é",)), SHARED, 200),
    )
]

NO_PREFLIGHTS = [
    Case(name=name, source=POLICY, request=request, expect=expect)
    for name, request, expect in (
        ("no Origin", get(), VARY),
        ("OPTIONS with an Origin alone", preflight(APP, method=None), READ),
        ("OPTIONS with a requested method alone", preflight(), VARY),
        ("OPTIONS with requested headers alone", preflight(APP, method=None, names=("x",)), READ),
        ("OPTIONS alone", get(method="OPTIONS"), VARY),
        ("a requested method on GET", Request(headers=preflight(APP).headers), READ),
        ("a method that no policy lists", get(APP, method="PATCH"), READ),
    )
] + [
    Case(name="any origin", source=OPEN, request=get(OTHER), expect=OPEN_READ),
    Case(name="any origin without an Origin", source=OPEN, request=get(), expect=OPEN_READ),
    Case(name="any origin, two lines", source=OPEN, request=get(OTHER, APP), expect=OPEN_READ),
]

STATUSES = [
    Case(
        name=f"a {status} for {who}",
        source=POLICY,
        request=get(*origins),
        app=App(status=status, headers=lines, body=body),
        status=status,
        expect=expect,
    )
    for status, lines, body in (
        (301, (("Location", "/items/"),), b""),
        (304, (("ETag", '"a"'),), b""),
        (404, (), b"none"),
        (405, (("Allow", "GET"),), b"no"),
        (413, (), b"large"),
        (500, (), b"error"),
    )
    for who, origins, expect in (
        ("a page", (APP,), READ),
        ("a stranger", (OTHER,), VARY),
        ("nobody", (), VARY),
    )
] + [
    Case(
        name=f"an exception for {who}",
        source=source,
        request=get(*origins),
        app=App(error=LookupError("nothing there")),
        status=500,
        expect=expect,
    )
    for who, source, origins, expect in (
        ("a page", POLICY, (APP,), READ),
        ("a stranger", POLICY, (OTHER,), VARY),
        ("nobody", POLICY, (), VARY),
        ("any page", OPEN, (OTHER,), OPEN_READ),
    )
]

OWN = [
    Case(
        name=name,
        source=source,
        request=get(origin),
        app=App(headers=lines),
        expect=expect,
    )
    for name, source, origin, lines, expect in (
        (
            "the application's own headers",
            POLICY,
            APP,
            (
                ("Access-Control-Allow-Origin", "*"),
                ("access-control-allow-origin", OTHER),
                ("ACCESS-CONTROL-ALLOW-METHODS", "GET"),
                ("Access-Control-Allow-Private-Network", "true"),
            ),
            READ,
        ),
        (
            "the application's own headers for a stranger",
            POLICY,
            OTHER,
            (("Access-Control-Allow-Origin", OTHER), ("Access-Control-Allow-Credentials", "true")),
            VARY,
        ),
        (
            "the application's own headers beside any origin",
            OPEN,
            OTHER,
            (("Access-Control-Allow-Origin", OTHER), ("Vary", "Origin")),
            {**OPEN_READ, **VARY},
        ),
        (
            "the application's own Vary",
            POLICY,
            APP,
            (("Vary", "Accept-Encoding"), ("VARY", "Cookie, accept-encoding")),
            {**READ, "vary": ["Accept-Encoding, Cookie, Origin"]},
        ),
        (
            "the application's own Vary: Origin",
            POLICY,
            APP,
            (("vary", "accept, ORIGIN"),),
            {**READ, "vary": ["accept, ORIGIN"]},
        ),
        (
            "the application's own Vary: *",
            POLICY,
            OTHER,
            (("Vary", "*"),),
            {"vary": ["*"]},
        ),
        (
            "two Vary lines beside any origin",
            OPEN,
            APP,
            (("Vary", "Accept"), ("Vary", "Cookie")),
            {**OPEN_READ, "vary": ["Accept", "Cookie"]},
        ),
    )
]


def allow_app(origin: str | None, scheme: str, host: str | None, path: str) -> Policy | None:
    """Choose by everything that there is to choose by."""
    if path == "/items/none":
        return None
    if path == "/items/open":
        return OPEN
    if path == "/items/fails":
        message = "the database is away"
        raise OSError(message)
    assert (scheme, host) == ("http", None)
    return POLICY if origin == APP else PUBLIC


def route_app(origin: str | None, scheme: str, host: str | None, path: str) -> Routes:
    """Choose a table."""
    return ROUTES


OWN_LINES = (("Access-Control-Allow-Origin", "https://own.example"), ("Vary", "a"), ("Vary", "b"))
VARIES = {"vary": ["a", "b"]}
MERGED = {"vary": ["a, b, Origin"]}
UNTOUCHED = {"access-control-allow-origin": ["https://own.example"], **VARIES}
NONE, OPENED, FAILS = "/items/none", "/items/open", "/items/fails"
AMBIGUOUS = "/items/../open/x"


def _chosen(
    name: str, source: Any, request: Request, expect: Expected, *, app_ran: bool = True
) -> Case:
    """Return a row whose application has CORS headers and ``Vary`` of its own."""
    app = App(headers=OWN_LINES)
    return Case(name=name, source=source, request=request, expect=expect, app=app, app_ran=app_ran)


CHOSEN = [
    _chosen("a path with a policy", ROUTES, get(APP), READ | MERGED),
    _chosen("its preflight", ROUTES, preflight(APP), PREFLIGHT, app_ran=False),
    _chosen("a path with another policy", ROUTES, get(APP, path="/open/x"), OPEN_READ | VARIES),
    _chosen("an exempt path", ROUTES, get(APP, path=NONE), UNTOUCHED),
    _chosen("a preflight of an exempt path", ROUTES, preflight(APP, path=NONE), UNTOUCHED),
    _chosen("a path that no key covers", ROUTES, get(APP, path="/itemsx"), UNTOUCHED),
    _chosen("an ambiguous path", ROUTES, get(APP, path=AMBIGUOUS), VARIES),
    _chosen("a preflight of an ambiguous path", ROUTES, preflight(APP, path=AMBIGUOUS), VARIES),
    _chosen("one by its parameters", ROUTES, get(APP, path="/items/..;/open/x"), VARIES),
    _chosen("a function allows", allow_app, get(APP), READ | MERGED),
    _chosen("a function allows: preflight", allow_app, preflight(APP), PREFLIGHT, app_ran=False),
    _chosen("a function refuses", allow_app, get(OTHER), MERGED),
    _chosen("a function and no Origin", allow_app, get(), MERGED),
    _chosen("a function exempts", allow_app, get(APP, path=NONE), UNTOUCHED | MERGED),
    _chosen(
        "a function exempts: preflight", allow_app, preflight(APP, path=NONE), UNTOUCHED | MERGED
    ),
    _chosen("a function opens", allow_app, get(APP, path=OPENED), OPEN_READ | MERGED),
    _chosen(
        "a function opens: preflight",
        allow_app,
        preflight(OTHER, path=OPENED),
        OPEN_PREFLIGHT | VARY,
        app_ran=False,
    ),
    _chosen("a function fails", allow_app, get(APP, path=FAILS), MERGED),
    _chosen(
        "a function fails: preflight", allow_app, preflight(APP, path=FAILS), VARY, app_ran=False
    ),
    _chosen("a function returns a table", route_app, get(APP), READ | MERGED),
    _chosen("its exempt path", route_app, get(APP, path="/x"), UNTOUCHED | MERGED),
    _chosen("its ambiguous path", route_app, get(APP, path=AMBIGUOUS), MERGED),
]

CASES = [*ORIGINS, *PREFLIGHTS, *NO_PREFLIGHTS, *STATUSES, *OWN, *CHOSEN]
