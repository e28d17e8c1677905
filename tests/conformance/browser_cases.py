"""Exchanges as data: a page's requests, a server's answers, and the facts that come of them.

A case is one object of ``browser.jsonl``. Here it is played through the browser half, with
its server in memory; ``tests/browsers/stage.py`` plays the same cases in real browsers, and
both give the same kind of ``Facts``, so that one can be held against the other.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corsmith.browser import Body, Failure, FetchRequest, Outcome, Profile, Received, Sent, fetch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from corsmith.browser import Engine, Verdict

HERE = Path(__file__).parent
HOSTS = {
    "A": "http://127.0.0.1:8001",
    "B": "http://localhost:8002",
    "C": "http://127.0.0.1:8003",
    "P": "http://127.0.0.1:8004",
}
OPAQUE = frozenset({"sandboxed-iframe", "data-iframe", "data-worker"})
# What a page of these has for an address is no http URL, so that no Referer is sent.
WITHOUT_REFERRER = OPAQUE | {"blob-iframe", "blob-worker"}
NO_BODY = frozenset({204, 304})
# A case is JSON: its shape is described in the README beside it.
Case = dict[str, Any]
Facts = dict[str, Any]


def cases(name: str = "browser") -> list[Case]:
    """Return the public cases and our own."""
    paths = [HERE / f"{name}.jsonl", *sorted((HERE / "own").glob(f"{name}*.jsonl"))]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def fill(text: str, case: Case, hosts: Mapping[str, str] = HOSTS) -> str:
    """Return a text of a case with its origins, hosts and hops filled in."""
    for name, origin in hosts.items():
        host = origin.partition("://")[2]
        text = text.replace(f"{{{name}}}", origin).replace(f"{{{name}_HOST}}", host)
        text = text.replace(f"{{{name}_PORT}}", host.rpartition(":")[2])

    def hop(match: re.Match[str]) -> str:
        url = url_of(case, int(match[1]), hosts=hosts)
        return url.replace("://", f"://{match[2]}@") if match[2] else url

    return re.sub(r"\{hop(\d+)(?:@([^}]*))?\}", hop, text)


def url_of(case: Case, hop: int, suffix: str = "", hosts: Mapping[str, str] = HOSTS) -> str:
    """Return the address of a hop."""
    hops = case.get("hops") or [case["target"]]
    return f"{hosts[hops[hop]]}/{case['id']}/{hop}{suffix}"


def steps_of(case: Case) -> list[Case]:
    """Return the steps of a case; most have one."""
    return list(case.get("steps") or [case])


def body_of(value: Mapping[str, Any] | None) -> Body | None:
    """Return the body of a request."""
    if value is None:
        return None
    if "stream" in value:
        return Body(kind="stream", half=value.get("duplex", "half") == "half")
    if "type" in value:
        return Body(kind="blob", type=value["type"])
    for kind in ("text", "form", "multipart", "bytes"):
        if kind in value:
            return Body(kind=kind)
    raise ValueError(value)


def request_of(case: Case, given: Mapping[str, Any], suffix: str) -> FetchRequest:
    """Return what the page of a case asks for."""
    context = case.get("context", "window")
    page = HOSTS[case["page_origin"]]
    return FetchRequest(
        page="null" if context in OPAQUE else page,
        url=url_of(case, 0, suffix),
        method=given.get("method", "GET"),
        headers=tuple((name, fill(value, case)) for name, value in given.get("headers", [])),
        credentials=given.get("credentials", "same-origin"),
        mode=given.get("mode", "cors"),
        redirect=given.get("redirect", "follow"),
        body=body_of(given.get("body")),
        api=given.get("api", "fetch"),
        crossorigin=given.get("crossorigin"),
        upload_listener=given.get("upload_listener", False),
        cache=given.get("cache", "default"),
        referrer_policy=given.get("referrerPolicy", "strict-origin-when-cross-origin"),
        page_url="" if context in WITHOUT_REFERRER else f"{page}/page",
    )


def answer(
    case: Case, kind: str, hop: int, step: int, hosts: Mapping[str, str] = HOSTS
) -> Received | Failure:
    """Return what the server of a case answers, without the body's own headers."""
    for response in case["responses"]:
        if response["for"] != kind or response.get("hop", 0) != hop:
            continue
        if response.get("step", step) != step:
            continue
        if response.get("close"):
            return Failure.CLOSED
        headers = [(name, fill(value, case, hosts)) for name, value in response.get("headers", [])]
        names = {name.lower() for name, _ in headers}
        if kind == "actual" and "content-type" not in names:
            headers.append(("Content-Type", "text/plain;charset=utf-8"))
        if kind == "preflight" and not (
            case.get("default_max_age") or "access-control-max-age" in names
        ):
            headers.append(("Access-Control-Max-Age", "0"))
        return Received(status=response["status"], headers=tuple(headers))
    return Received(status=404)


def _in_memory(case: Case, sent: Sent, step: int) -> Received | Failure:
    hop = hop_of(case, sent)
    if hop is None:
        return Received(status=404)
    given = answer(case, sent.kind, hop, step)
    if isinstance(given, Failure) or sent.kind == "preflight" or given.status in NO_BODY:
        return given
    length = (("Content-Length", "4"),)
    return Received(status=given.status, headers=given.headers + length)


def hop_of(case: Case, sent: Sent) -> int | None:
    """Return the hop that a path names, as the servers of the stage know it."""
    found = re.fullmatch(rf"https?://[^/]*/{re.escape(case['id'])}/([0-9]+)(?:\?.*)?", sent.url)
    return None if found is None else int(found[1])


def play(case: Case, engine: Engine) -> list[Verdict]:
    """Return the verdict of each step of a case."""
    local = frozenset(HOSTS[name] for name in "ABC")
    # A page without an origin of its own is where the page was that made it.
    public = {HOSTS["P"], *(["null"] if case["page_origin"] == "P" else [])}
    profile = Profile(engine=engine, public=frozenset(public), local=local)
    verdicts: list[Verdict] = []
    for number, step in enumerate(steps_of(case)):
        profile.now += step.get("wait_ms", 0) / 1000
        run = fetch(request_of(case, step["request"], step.get("url_suffix", "")), profile)
        try:
            sent = next(run)
            while True:
                sent = run.send(_in_memory(case, sent, number))
        except StopIteration as stop:
            verdicts.append(stop.value)
    return verdicts


def named(text: str | None, hosts: Mapping[str, str] = HOSTS) -> str | None:
    """Return a text with the origins' names in place of the origins."""
    if text is None:
        return None
    for name, origin in hosts.items():
        text = text.replace(origin, f"{{{name}}}")
    return text


def fact_of_request(
    kind: str, method: str, hop: int, headers: Mapping[str, str], *, cookie: bool
) -> Facts:
    """Return one request as far as cases speak of it; header names in lower case."""
    return {"what": f"{hop}:{kind}", "method": method, "headers": dict(headers), "cookie": cookie}


def facts(case: Case, engine: Engine) -> list[Facts]:
    """Return what the browser half says of each step of a case."""
    return [_facts_of(case, verdict, engine) for verdict in play(case, engine)]


def _facts_of(case: Case, verdict: Verdict, engine: Engine) -> Facts:
    ok = verdict.outcome is Outcome.OK
    return {
        "outcome": str(verdict.outcome),
        "response_type": verdict.response_type if ok else None,
        "status": verdict.status if ok else None,
        "redirected": verdict.redirected if ok else None,
        "readable": {name: named(value) for name, value in verdict.visible} if ok else None,
        "requests": [
            fact_of_request(
                sent.kind, sent.method, hop, _joined(sent), cookie=_has_cookie(case, sent, engine)
            )
            for sent in verdict.sent
            if (hop := hop_of(case, sent)) is not None
        ],
    }


def _joined(sent: Sent) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in sent.headers:
        lower, text = name.lower(), named(value) or ""
        joined[lower] = f"{joined[lower]}, {text}" if lower in joined else text
    return joined


def _has_cookie(case: Case, sent: Sent, engine: Engine) -> bool:
    host = next((n for n, origin in HOSTS.items() if sent.url.startswith(f"{origin}/")), None)
    given = set(case.get("cookie_for", []))
    # A cookie belongs to a host, whatever the port.
    held = host in given or (host in {"A", "C", "P"} and bool(given & {"A", "C", "P"}))
    return held and sent.credentials and (engine.cookies_go_cross_site or sent.site != "cross-site")


def expected(case: Case, engine: str) -> list[Facts]:
    """Return the facts that a case expects of an engine, for each step."""
    plain = case["expect"]
    own = case.get("expect_by_engine", {}).get(engine, {})
    if "steps" not in plain:
        return [{**plain, **own}]
    steps = own.get("steps", [{}] * len(plain["steps"]))
    return [{**one, **other} for one, other in zip(plain["steps"], steps, strict=True)]


def differences(seen: Facts, expect: Mapping[str, Any], case: Case) -> Iterator[str]:
    """Yield what facts and an expectation say differently; only the keys present count."""
    for key, value in expect.items():
        got, wanted = _fact(seen, key, value, case)
        if got != wanted:
            yield f"{key}: {got!r}, expected {wanted!r}"


def _fact(seen: Facts, key: str, value: Any, case: Case) -> tuple[Any, Any]:
    """Return what was seen of a key, and what is wanted, in the same form."""
    requests = seen["requests"]
    preflights = [one for one in requests if one["what"].endswith("preflight")]
    actual = [one for one in requests if one["what"].endswith("actual")]

    def header(items: list[Facts], index: int) -> tuple[Any, Any]:
        held = items[index]["headers"] if items else {}
        wanted = {name: named(fill(v, case)) if v else v for name, v in value.items()}
        return {name: held.get(name.lower()) for name in value}, wanted

    simple: dict[str, Any] = {
        "preflight_sent": bool(preflights),
        "actual_sent": bool(actual),
        "trace": [one["what"] for one in requests],
        "origins": [one["headers"].get("origin") for one in requests],
        "methods": [one["method"] for one in actual],
        "cookie_sent": [one["cookie"] for one in requests],
    }
    headers = {
        "preflight_request_headers": (preflights, 0),
        "preflight_header": (preflights, 0),
        "actual_header": (actual, 0),
        "last_actual_header": (actual, -1),
    }
    if key in simple:
        return simple[key], [] if key == "methods" and value is None else value
    if key in headers:
        return header(*headers[key])
    held = seen["readable"]
    if key == "readable_headers":
        return (held if held is None else sorted(held)), value and sorted(value)
    if key == "readable_values":
        return {name: (held or {}).get(name) for name in value}, value
    return seen[key], value


def problems(case: Case, engine: Engine) -> Iterable[str]:
    """Yield in what the browser half's facts differ from what a case expects."""
    steps = zip(facts(case, engine), expected(case, engine.name), strict=True)
    for number, (seen, expect) in enumerate(steps):
        for text in differences(seen, expect, case):
            yield f"step {number}: {text}"
