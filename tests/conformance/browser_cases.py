"""Plays the cases of ``browser.jsonl`` through the browser half, with a server in memory."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from corsmith.browser import (
    Body,
    Engine,
    Failure,
    FetchRequest,
    Outcome,
    Profile,
    Received,
    Sent,
    Verdict,
    fetch,
)

HOSTS = {
    "A": "http://127.0.0.1:8001",
    "B": "http://localhost:8002",
    "C": "http://127.0.0.1:8003",
    "P": "http://127.0.0.1:8004",
}
OPAQUE = {"sandboxed-iframe", "data-iframe", "data-worker"}
Case = Mapping[str, Any]


def fill(text: str, case: Case) -> str:
    """Return a text of a case with its origins, hosts and hops filled in."""
    for name, origin in HOSTS.items():
        host = origin.partition("://")[2]
        text = text.replace("{%s}" % name, origin).replace("{%s_HOST}" % name, host)
        text = text.replace("{%s_PORT}" % name, host.rpartition(":")[2])

    def hop(match: "re.Match[str]") -> str:
        url = url_of(case, int(match[1]))
        return url.replace("://", f"://{match[2]}@") if match[2] else url

    return re.sub(r"\{hop(\d+)(?:@([^}]*))?\}", hop, text)


def url_of(case: Case, hop: int, suffix: str = "") -> str:
    """Return the address of a hop."""
    hops = case.get("hops") or [case["target"]]
    return f"{HOSTS[hops[hop]]}/{case['id']}/{hop}{suffix}"


def body_of(value: Mapping[str, Any] | None) -> Body | None:
    """Return the body of a request."""
    if value is None:
        return None
    if "stream" in value:
        return Body(kind="stream", half=value.get("duplex", "half") == "half")
    if "type" in value:
        return Body(kind="blob", type=value["type"])
    kinds = {"text": "text", "form": "form", "multipart": "multipart", "bytes": "bytes"}
    kind = next(kind for key, kind in kinds.items() if key in value)
    return Body(kind=kind)  # type: ignore[arg-type]


def request_of(case: Case, given: Mapping[str, Any], suffix: str) -> FetchRequest:
    """Return what the page of a case asks for."""
    opaque = case.get("context", "window") in OPAQUE
    return FetchRequest(
        page="null" if opaque else HOSTS[case["page_origin"]],
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
    )


def answer(case: Case, sent: Sent, step: int) -> Received | Failure:
    """Return what the server of a case answers."""
    for response in case["responses"]:
        if response["for"] != sent.kind or response.get("hop", 0) != sent.hop:
            continue
        if "step" in response and response["step"] != step:
            continue
        if response.get("close"):
            return Failure.CLOSED
        headers = [(name, fill(value, case)) for name, value in response.get("headers", [])]
        names = {name.lower() for name, _ in headers}
        if sent.kind == "actual":
            headers.append(("Content-Length", "1"))
            if "content-type" not in names:
                headers.append(("Content-Type", "text/plain;charset=utf-8"))
        elif not case.get("default_max_age") and "access-control-max-age" not in names:
            headers.append(("Access-Control-Max-Age", "0"))
        return Received(status=response["status"], headers=tuple(headers))
    return Received(status=404)


def play(case: Case, engine: Engine) -> list[Verdict]:
    """Return the verdict of each step of a case."""
    profile = Profile(engine=engine, public=frozenset({HOSTS["P"]}), local=frozenset({HOSTS[n] for n in "ABC"}))
    verdicts: list[Verdict] = []
    for number, step in enumerate(case.get("steps") or [case]):
        profile.now += step.get("wait_ms", 0) / 1000
        run = fetch(request_of(case, step["request"], step.get("url_suffix", "")), profile)
        try:
            sent = next(run)
            while True:
                sent = run.send(answer(case, sent, number))
        except StopIteration as stop:
            verdicts.append(stop.value)
    return verdicts


def header(sent: Sent | None, name: str) -> str | None:
    """Return a request header, combined."""
    if sent is None:
        return None
    values = [value for line, value in sent.headers if line.lower() == name.lower()]
    return ", ".join(values) if values else None


def differences(verdict: Verdict, expect: Mapping[str, Any], case: Case) -> Iterable[str]:
    """Yield what a verdict and an expectation say differently; only keys present count."""
    preflights = [sent for sent in verdict.sent if sent.kind == "preflight"]
    actual = [sent for sent in verdict.sent if sent.kind == "actual"]
    first = preflights[0] if preflights else None

    def filled(value: Any) -> Any:
        return fill(value, case) if isinstance(value, str) else value

    seen: dict[str, Any] = {
        "preflight_sent": verdict.preflight_sent,
        "actual_sent": verdict.actual_sent,
        "trace": [f"{sent.hop}:{sent.kind}" for sent in verdict.sent],
        "origins": [header(sent, "origin") for sent in verdict.sent],
        "methods": [sent.method for sent in actual] or None,
        "outcome": str(verdict.outcome),
        "response_type": verdict.response_type,
        "status": verdict.status,
        "redirected": verdict.redirected,
        "readable_headers": [name for name, _ in verdict.visible],
    }
    if verdict.outcome is not Outcome.OK:
        seen["readable_headers"] = None
    for key, value in expect.items():
        wanted: Any = value
        if key == "origins":
            wanted = [filled(item) for item in value]
        if key in {"preflight_request_headers", "preflight_header"}:
            got: Any = {name: header(first, name) for name in value}
        elif key == "actual_header":
            got = {name: header(actual[0] if actual else None, name) for name in value}
        elif key == "last_actual_header":
            got = {name: header(actual[-1] if actual else None, name) for name in value}
        elif key == "readable_values":
            got = {name: dict(verdict.visible).get(name) for name in value}
        elif key == "cookie_sent":
            cookies = set(case.get("cookie_for", []))
            hosts = [next(n for n, o in HOSTS.items() if sent.url.startswith(o)) for sent in verdict.sent]
            same = {host for name in cookies for host in ("A", "C", "P") if name in "ACP"} | cookies
            got = [
                sent.credentials and host in same and sent.site != "cross-site"
                for sent, host in zip(verdict.sent, hosts, strict=True)
            ]
        elif key == "readable_headers" and value is not None and verdict.outcome is Outcome.OK:
            got = sorted(seen[key])
            wanted = sorted(value)
        else:
            got = seen[key]
        if key == "methods" and wanted in ([], None):
            wanted = None
        if isinstance(wanted, dict):
            wanted = {name: filled(item) for name, item in wanted.items()}
        if got != wanted:
            yield f"{key}: {got!r}, expected {wanted!r}"
