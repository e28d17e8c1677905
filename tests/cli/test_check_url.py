"""``corsmith check URL``: what is sent, what is told, and with which exit status."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from corsmith import profiles
from corsmith.cli import ladder
from corsmith.cli.status import Status
from tests.broken.serving import Asked, Reply, Server, allow, serve
from tests.cli.asking import check

pytestmark = pytest.mark.servers


def open_to_all(asked: Asked) -> Reply:
    return Reply(headers=allow(asked), body=b"hello")


def page_of(text: str, server: Server) -> str:
    """Return a report with a port that stays."""
    return text.replace(str(server.port), "8000")


# ── what is sent ─────────────────────────────────────────────────────────────


def test_what_a_browser_sends_is_sent_once_whichever_engines_ask() -> None:
    with serve(open_to_all) as server:
        words = ("--from", "http://a.example", "-X", "PUT", "-H", "X-Key: 1", "-b", "s=1")
        assert check(f"{server.origin}/items?x=1", *words).exit_code == Status.OK
        sent = [(asked.method, asked.target) for asked in server.asked]
        assert sent == [
            ("OPTIONS", "/items?x=1"),
            ("PUT", "/items?x=1"),
            ("GET", "/corsmith-asks-for-a-path-that-does-not-exist"),
        ]
        preflight, request, missing = server.asked
    assert preflight.get("access-control-request-headers") == "x-key"
    assert preflight.get("cookie") is None
    assert request.get("cookie") == missing.get("cookie") == "s=1"
    assert request.get("origin") == "http://a.example"
    assert request.get("x-key") == "1"
    assert request.get("sec-fetch-mode") == "cors"
    assert request.get("sec-fetch-site") == "cross-site"
    assert (request.get("user-agent") or "").startswith("Mozilla/5.0 (compatible; corsmith/")


def test_get_and_head_alone_are_asked_a_second_time_without_origin() -> None:
    with serve(open_to_all) as server:
        check(server.origin, "-X", "DELETE")
        assert [asked.method for asked in server.asked].count("DELETE") == 1
        check(server.origin)
        assert [asked.get("origin") for asked in server.asked if asked.target == "/"][-2:] == [
            "https://app.example",
            None,
        ]


def test_a_body_makes_a_post_of_text() -> None:
    with serve(open_to_all) as server:
        check(server.origin, "-d", "{}")
        request = next(asked for asked in server.asked if asked.method == "POST")
    assert request.get("content-type") == "text/plain;charset=UTF-8"
    assert request.get("content-length") == "2"


def test_a_header_without_a_value_is_sent_with_one_that_needs_a_preflight() -> None:
    with serve(open_to_all) as server:
        check(server.origin, "-X", "POST", "-H", "Content-Type", "-H", "X-Key")
        preflight, request = server.asked[:2]
    assert preflight.get("access-control-request-headers") == "content-type,x-key"
    assert request.get("content-type") == "application/json"
    assert request.get("x-key") == "1"


def test_a_profile_is_its_address_and_what_its_program_does_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve(open_to_all) as server:
        profile = replace(profiles.find_profile("@ollama"), url=server.origin)
        monkeypatch.setattr(profiles, "PROFILES", {"@ollama": profile})
        done = check("@ollama", "--from", "http://a.example")
        assert server.asked[0].target == "/api/tags"
    assert done.exit_code == Status.OK
    told = done.stderr.splitlines()
    assert told[0].startswith("corsmith: Ollama answers 403 to origins that OLLAMA_ORIGINS")
    assert told[1].startswith(f"corsmith: the address {server.origin}/api/tags;")


def to_other_host(asked: Asked) -> Reply:
    if asked.target == "/there":
        return Reply(headers=allow(asked), body=b"{}")
    there = f"{asked.here.replace('127.0.0.1', 'localhost')}/there"
    return Reply(status=302, headers=(*allow(asked), ("Location", there)))


def test_a_redirect_to_a_host_that_nobody_named_is_not_followed() -> None:
    with serve(to_other_host) as server:
        done = check(f"{server.origin}/here", "-b", "s=1")
        assert {asked.target for asked in server.asked} == {"/here"}
    assert done.exit_code == Status.UNKNOWN
    assert "is redirected to a host that you did not name" in done.stdout.splitlines()[0]
    assert "add -L to follow it there" in re.sub(r"\s+", " ", done.stdout)
    assert "docs/codes/redirect-not-followed.md" in done.stdout


def test_a_redirect_to_another_host_is_followed_if_told_and_takes_no_cookies_there() -> None:
    with serve(to_other_host) as server:
        done = check(f"{server.origin}/here", "-b", "s=1", "-L")
        followed = [asked for asked in server.asked if asked.target == "/there"]
    assert done.exit_code == Status.OK
    assert re.search(r"; what is read is http://localhost:\d+/there$", done.stdout.splitlines()[0])
    assert {asked.get("cookie") for asked in followed} == {None}
    assert followed[0].get("origin") == "null"


def test_a_redirect_within_the_host_is_followed() -> None:
    def moves(asked: Asked) -> Reply:
        moved = asked.target == "/old"
        location = (("Location", "/new"),) if moved else ()
        return Reply(status=301 if moved else 200, headers=(*allow(asked), *location))

    with serve(moves) as server:
        done = check(f"{server.origin}/old")
    assert done.exit_code == Status.OK
    assert done.stdout.splitlines()[0].endswith("/old; what is read is /new")
    assert re.findall(r"✓ request +GET (\S+)", done.stdout) == ["/old", f"{server.origin}/new"]


def test_more_than_twenty_redirects_are_too_many() -> None:
    def turns(asked: Asked) -> Reply:
        location = ("Location", f"{asked.target}x")
        return Reply(status=302, headers=(*allow(asked), location))

    with serve(turns) as server:
        done = check(f"{server.origin}/")
    assert done.exit_code == Status.NO
    assert "too-many-redirects: more than 20 redirects" in done.stdout


def test_a_redirect_to_what_can_not_be_asked_is_told() -> None:
    def breaks(asked: Asked) -> Reply:
        return Reply(status=302, headers=(*allow(asked), ("Location", "http://a.example:0/")))

    with serve(breaks) as server:
        done = check(server.origin, "--from", "http://a.example")
    assert done.exit_code == Status.NO
    assert "a port is 1 to 65535" in done.stdout


# ── what is told ─────────────────────────────────────────────────────────────


def test_the_answer_is_the_first_line_and_the_exchange_follows() -> None:
    with serve(open_to_all) as server:
        done = check(f"{server.origin}/items", "--from", "http://localhost:3000", "-X", "PUT")
    assert done.stderr == f"corsmith: the address {server.origin}/items; requests are sent to it\n"
    assert page_of(done.stdout, server) == snapshot("""\
yes: a page of http://localhost:3000 may read PUT http://127.0.0.1:8000/items

  page         http://localhost:3000

  ✓ preflight  OPTIONS /items, asks for PUT
               answered 200 OK over HTTP/1.1
                 Access-Control-Allow-Origin: http://localhost:3000
                 Access-Control-Allow-Credentials: true
                 Vary: Origin
                 Access-Control-Allow-Methods: GET, PUT, DELETE
                 Access-Control-Allow-Headers: Content-Type, X-Key,
                     Authorization, Range
  ✓ request    PUT /items
               answered 200 OK over HTTP/1.1
                 Access-Control-Allow-Origin: http://localhost:3000
                 Access-Control-Allow-Credentials: true
                 Vary: Origin
               its script reads status 200 and content-length
""")


def test_where_no_page_is_named_one_is_assumed_and_the_report_says_so() -> None:
    with serve(open_to_all) as server:
        assumed = check(server.origin).stdout
        named = check(server.origin, "--from", "https://app.example").stdout
    assert "page         https://app.example  (assumed; yours with --from ORIGIN)" in assumed
    assert "assumed" not in named


def test_one_engine_that_blocks_alone_is_named() -> None:
    # A name that script set twice is asked for twice by Firefox, and this server counts.
    def counts(asked: Asked) -> Reply:
        once = asked.get("access-control-request-headers") != "x-a,x-a"
        return Reply(headers=allow(asked, headers="x-a" if once else "none"), body=b"{}")

    with serve(counts) as server:
        done = check(server.origin, "-H", "X-A: 1", "-H", "X-A: 2")
    assert done.exit_code == Status.NO
    assert done.stdout.splitlines()[0].endswith("with X-A, X-A in Firefox")
    assert "Firefox alone blocks it" in done.stdout


def test_an_engine_that_stops_elsewhere_is_named() -> None:
    # Firefox alone takes a byte above 0x7F for unsafe, and asks first.
    with serve(lambda _: Reply(body=b"{}")) as server:
        done = check(server.origin, "-H", "Accept: caf\xe9")
    assert "Firefox stops at preflight-allow-origin-missing." in done.stdout


def test_an_address_that_is_not_secure_is_sent_no_fetch_metadata() -> None:
    with serve(open_to_all) as server:
        url = f"http://api.example:{server.port}/"
        reached = ("--resolve", f"api.example:{server.port}:127.0.0.1")
        assert check(url, *reached, "--from", "http://a.example").exit_code == Status.OK
        assert server.asked[0].get("sec-fetch-mode") is None


def test_a_client_that_its_browser_stops_is_told_the_code() -> None:
    with serve(open_to_all) as server:
        done = check(server.origin, "--as", "mcp")
    assert done.exit_code == Status.NO
    assert "header-not-allowed: mcp-protocol-version is not in" in done.stdout


def test_a_server_that_is_down_leaves_the_question_open() -> None:
    with serve(open_to_all) as server:
        pass
    done = check(server.origin)
    assert done.exit_code == Status.UNKNOWN
    first = done.stdout.splitlines()[0]
    assert first.startswith("unknown: 127.0.0.1:")
    assert "refuses the connection, so nobody can say whether" in first
    assert "Start the server, or check the port." in re.sub(r"\s+", " ", done.stdout)


def test_mixed_content_is_told_and_nothing_is_sent() -> None:
    with serve(open_to_all) as server:
        url = f"http://api.example:{server.port}/"
        done = check(url, "--resolve", f"api.example:{server.port}:127.0.0.1")
        assert server.asked == []
    assert done.exit_code == Status.NO
    assert "✗ request    GET is not sent" in done.stdout
    assert "Serve it over https" in done.stdout


def test_a_page_of_the_address_itself_needs_no_cors() -> None:
    with serve(lambda _: Reply(body=b"{}")) as server:
        done = check(server.origin, "--from", server.origin)
    assert done.exit_code == Status.OK
    assert "CORS has no part in it" in re.sub(r"\s+", " ", done.stdout)


def test_a_stack_that_is_named_is_answered_in_its_own_words() -> None:
    with serve(lambda _: Reply(body=b"{}")) as server:
        bare = check(server.origin).stdout
        django = check(server.origin, "--for", "drf").stdout
    assert "add --for STACK for its lines: fastapi" in bare
    assert 'CORS_ALLOWED_ORIGINS = ["https://app.example"]' in django


def test_cookies_that_will_not_come_back_are_told_apart_from_cors() -> None:
    def begins(asked: Asked) -> Reply:
        return Reply(headers=(*allow(asked), ("Set-Cookie", "s=1; SameSite=Lax; HttpOnly")))

    with serve(begins) as server:
        done = check(server.origin, "--cookies")
    assert done.exit_code == Status.OK
    assert "cookie-not-sent: CORS is fine, and the cookie s will not come back" in done.stdout


def test_a_terminal_without_our_signs_gets_words() -> None:
    with serve(open_to_all) as server:
        done = subprocess.run(
            [sys.executable, "-m", "corsmith", "check", server.origin],
            capture_output=True,
            check=True,
            env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
        )
    assert b"  ok request    GET /" in done.stdout


# ── several ──────────────────────────────────────────────────────────────────


def test_several_urls_make_a_table() -> None:
    def sometimes(asked: Asked) -> Reply:
        return Reply(headers=allow(asked) if asked.target == "/a" else (), body=b"{}")

    with serve(sometimes) as server:
        urls = [f"{server.origin}/a", f"{server.origin}/b", "http://127.0.0.1:1/"]
        done = check(*urls)
        assert len(server.asked) == 2  # no probes
    assert done.exit_code == Status.NO
    assert page_of(done.stdout, server) == snapshot("""\
no: a page of https://app.example may read 1 of 3

  ✓ yes      http://127.0.0.1:8000/a  200
  ✗ no       http://127.0.0.1:8000/b  allow-origin-missing
  ? unknown  http://127.0.0.1:1/       127.0.0.1:1 refuses the connection

  corsmith check URL  tells one of them step by step
""")


def test_several_pages_make_a_table() -> None:
    def one(asked: Asked) -> Reply:
        return Reply(headers=(("Access-Control-Allow-Origin", "http://a.example"),))

    with serve(one) as server:
        done = check(server.origin, "--from", "http://a.example", "--from", "http://b.example")
    assert done.exit_code == Status.NO
    first, _, yes, no, *_ = done.stdout.splitlines()
    assert first == "no: the pages may read 1 of 2"
    assert yes.split()[:2] == ["✓", "yes"]
    assert no.split()[:2] == ["✗", "no"]
    assert no.endswith("http://b.example  allow-origin-mismatch")


def test_urls_are_read_from_standard_input_one_a_line() -> None:
    with serve(open_to_all) as server:
        text = f"# ours\n{server.origin}/a\n\n{server.origin}/b\n"
        done = check("-", text=text)
    assert done.exit_code == Status.OK
    assert done.stdout.splitlines()[0] == "yes: a page of https://app.example may read 2 of 2"
    assert done.stderr.endswith("corsmith: 2 addresses; requests are sent to them\n")


def test_a_table_tells_a_redirect_that_is_not_followed() -> None:
    with serve(to_other_host) as server:
        done = check(server.origin, server.origin)
    assert done.exit_code == Status.UNKNOWN
    assert "redirected to http://localhost:" in done.stdout


class Terminal:
    """Standard error of somebody who watches."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def test_a_bar_is_drawn_on_a_terminal_and_only_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    items: list[Any] = [1, 2, 3]
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(ladder.progress(items)) == items
    assert ladder.progress(items[:1]) == items[:1]
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert ladder.progress(items) == items


# ── a curl command ───────────────────────────────────────────────────────────


def test_a_curl_command_is_asked_as_it_was_copied() -> None:
    with serve(open_to_all) as server:
        done = check(
            *("curl", f"{server.origin}/items", "-X", "PUT", "-H", "Origin: http://a.example"),
            *("-H", "X-Key: 1", "-b", "s=1", "--data-raw", "{}", "--compressed", "--for", "flask"),
            *("--ntlm",),
        )
        preflight, request, *_ = server.asked
    assert done.exit_code == Status.OK, done.output
    assert "a page of http://a.example may read PUT" in done.stdout
    assert preflight.get("access-control-request-headers") == "x-key"
    assert (request.get("cookie"), request.get("content-length")) == ("s=1", "2")
    assert done.stderr.startswith("corsmith: a curl command; requests are sent to its address\n")
    assert "corsmith: ignored, as it changes nothing here: " in done.stderr
    assert "--ntlm" in done.stderr


def test_a_request_without_cors_is_told_that_no_script_reads_the_answer() -> None:
    with serve(open_to_all) as server:
        done = check("curl", server.origin, "-H", "Sec-Fetch-Mode: no-cors")
    assert done.exit_code == Status.NO
    assert "the answer is opaque: no script reads it" in done.stdout
    assert "Ask with mode cors" in re.sub(r"\s+", " ", done.stdout)


def test_curls_own_word_about_certificates_is_heeded() -> None:
    with serve(open_to_all, tls="self-signed") as server:
        assert check("curl", "-k", server.origin).exit_code == Status.OK
        assert check("curl", server.origin).exit_code == Status.NO
        assert check("--from=http://a.example", "curl", server.origin, "--insecure").exit_code == 0
        assert check("curl", "-k", server.origin, "--from=http://a.example").exit_code == 0
