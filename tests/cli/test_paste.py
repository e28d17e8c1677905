"""A pasted text on a pipe is told apart from an order to send, and a recording is read."""

# ruff: noqa: E501  snapshots have lines of any length

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from corsmith.cli.status import Status
from tests.broken.serving import Asked, Reply, allow, serve
from tests.cli.asking import check
from tests.pasted_lines import BROWSER_LINES, REAL_LINES

if TYPE_CHECKING:
    from pathlib import Path

LINE = (
    "Access to fetch at 'https://api.example/items?a=1&token=s3cr3t' from origin "
    "'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' "
    "header is present on the requested resource.\n"
    "GET https://api.example/items?a=1&token=s3cr3t net::ERR_FAILED 500 (Internal Server Error)\n"
)
CURL = (
    "curl 'https://api.example/items' -X PUT -H 'authorization: Bearer s3cr3t' -k -s "
    "-H 'origin: https://app.example' -H 'content-type: application/json' "
    """-b 'sid=s3cr3t' --data '{"pass":"s3cr3t"}'"""
)


def open_to_all(asked: Asked) -> Reply:
    return Reply(headers=allow(asked), body=b"hello")


def test_a_console_line_is_answered_with_its_causes() -> None:
    done = check(text=LINE)
    assert done.exit_code == Status.NO
    assert done.stdout == snapshot("""\
likely: The server fails with 500, and its error page lacks CORS headers.

  reads as   allow-origin-missing, in Chromium
  asks       GET https://api.example/items?a=1&token=***
  from       https://app.example

  1. The server fails with 500, and its error page lacks CORS headers. The
     reason stands in the server's log, not in its CORS settings.
     -> What does the log of api.example say about this request? Then put the
        CORS layer outside the error handler.

  2. The server does not allow https://app.example. Origins are compared whole:
     scheme, host and port, without a slash at the end, and localhost is not
     127.0.0.1.
     -> Does the server's list of origins have exactly https://app.example?

  3. The server sends no CORS headers for this address. A page may read another
     origin's answer only if Access-Control-Allow-Origin names
     https://app.example or is *.
     -> Is api.example yours? If so, add https://app.example to its CORS
        settings; if not, go through a server of yours.

  next       corsmith check 'https://api.example/items?a=1&token=***' --from https://app.example
             with what is secret in place of ***
  about      docs/codes/allow-origin-missing.md
""")


def test_a_curl_command_is_answered_with_the_line_that_asks_the_same() -> None:
    done = check("-", text=CURL)
    assert done.exit_code == Status.UNKNOWN
    assert done.stdout == snapshot("""\
unknown: a curl command, and nothing was sent yet

  asks       PUT https://api.example/items
  from       https://app.example
  with       authorization, content-type
             credentials
             a body of 17 bytes

  note       Ignored, as it changes nothing here: -s.

  next       corsmith check https://api.example/items --from https://app.example -X PUT -H authorization -H 'content-type: application/json' --cookies -d BODY -k
""")


def test_a_text_that_tells_nothing_is_asked_for_three_facts() -> None:
    done = check(text="it does not work")
    assert done.exit_code == Status.UNKNOWN
    assert done.stdout == snapshot("""\
unknown: nothing in this text says what went wrong

  These three would help; paste any of them:
  1. the red line of the browser's console, whole: it begins “Access to …”,
     “Cross-Origin Request Blocked” or “Origin … is not allowed”
  2. the request: Network tab, right click on it, Copy, Copy as cURL
  3. the status of the request and of its OPTIONS in the Network tab, and the
     page's address
""")


def test_the_json_has_the_same_facts() -> None:
    done = check("--format", "json", text=LINE)
    document = json.loads(done.stdout)
    assert done.exit_code == Status.NO
    assert document == snapshot(
        {
            "format": 1,
            "kind": "console",
            "recognised": [
                {
                    "code": "allow-origin-missing",
                    "engine": "chromium",
                    "cors": True,
                    "causes": [
                        {
                            "says": "The server fails with 500, and its error page lacks CORS headers. The reason stands in the server's log, not in its CORS settings.",
                            "ask": "What does the log of api.example say about this request? Then put the CORS layer outside the error handler.",
                            "cors": True,
                        },
                        {
                            "says": "The server does not allow https://app.example. Origins are compared whole: scheme, host and port, without a slash at the end, and localhost is not 127.0.0.1.",
                            "ask": "Does the server's list of origins have exactly https://app.example?",
                            "cors": True,
                        },
                        {
                            "says": "The server sends no CORS headers for this address. A page may read another origin's answer only if Access-Control-Allow-Origin names https://app.example or is *.",
                            "ask": "Is api.example yours? If so, add https://app.example to its CORS settings; if not, go through a server of yours.",
                            "cors": True,
                        },
                    ],
                }
            ],
            "request": {
                "url": "https://api.example/items?a=1&token=***",
                "method": "GET",
                "from": "https://app.example",
                "headers": [],
                "credentials": "same-origin",
                "body": None,
                "body_bytes": None,
            },
            "notes": [],
            "ignored": [],
            "next": "corsmith check 'https://api.example/items?a=1&token=***' --from https://app.example",
        }
    )


def test_the_json_of_a_text_without_a_request_has_none() -> None:
    document = json.loads(check("--format", "json", text="TypeError: Failed to fetch").stdout)
    assert (document["request"], document["next"]) == (None, None)
    assert document["recognised"][0]["code"] == "network-error"


@pytest.mark.parametrize("text", [LINE, CURL, LINE + CURL])
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_of_a_text_is_written(text: str, form: str) -> None:
    assert "s3cr3t" not in check("--format", form, text=text).output


@pytest.mark.parametrize("text", [row[-1] for row in (*BROWSER_LINES, *REAL_LINES)])
def test_every_answer_begins_with_one_sentence_and_fits_a_terminal(text: str) -> None:
    lines = check(text=text).stdout.splitlines()
    assert lines[0].startswith(("likely: ", "not CORS: "))
    free = ("  next ", "  asks ", " " * 13, "  from ")
    assert [line for line in lines if len(line) > 80 and not line.startswith(free)] == []


def test_the_next_line_can_be_typed() -> None:
    done = check(text=CURL.replace("s3cr3t", "x").replace("-k", ""))
    line = next(line for line in done.stdout.splitlines() if line.startswith("  next"))
    words = shlex.split(line.removeprefix("  next"))
    assert words[:2] == ["corsmith", "check"]
    with serve(open_to_all) as server:
        words[2] = server.origin
        assert check(*words[2:]).exit_code == Status.OK


def test_what_the_person_says_beside_the_text_is_in_the_next_line() -> None:
    done = check("--from", "https://b.example", "--cookies", text="https://api.example/")
    assert "check https://api.example/ --from https://b.example --cookies" in done.stdout


@pytest.mark.servers
@pytest.mark.parametrize("words", [(), ("-",), ("--format", "json")])
def test_nothing_is_sent_to_an_address_that_was_only_pasted(words: tuple[str, ...]) -> None:
    with serve(open_to_all) as server:
        check(*words, text=f"curl {server.origin}/items -X PUT")
        assert server.asked == []


def test_a_request_within_one_origin_is_told_to_be_none_of_cors() -> None:
    done = check(text="curl https://api.example/a -H 'Origin: https://api.example'")
    assert "CORS has no part in this" in done.stdout


@pytest.mark.servers
def test_send_is_the_consent() -> None:
    with serve(open_to_all) as server:
        done = check("--send", text=f"curl {server.origin}/items -X PUT -H 'Origin: http://a.test'")
        sent = [asked.method for asked in server.asked]
    assert done.exit_code == Status.OK
    assert "a page of http://a.test may read PUT" in done.stdout
    assert sent == ["OPTIONS", "PUT"]


@pytest.mark.servers
def test_what_was_sent_is_one_document_as_json() -> None:
    with serve(open_to_all) as server:
        done = check("--send", "--format", "json", text=f"curl {server.origin}/items")
    assert isinstance(json.loads(done.stdout), dict | list)
    assert done.exit_code == Status.OK


def test_a_request_copied_for_powershell_is_told_what_to_copy_instead() -> None:
    text = 'Invoke-WebRequest -UseBasicParsing -Uri "https://api.example/items" -Method "PUT"'
    done = check(text=text)
    assert done.exit_code == Status.UNKNOWN
    assert "PowerShell is not read here: choose “Copy as cURL”" in done.stdout


def test_a_recording_says_its_request_itself(tmp_path: Path) -> None:
    done = check(saved(tmp_path), "-X", "PUT")
    assert done.exit_code == Status.USAGE
    assert "-X is said by the recording" in done.stderr


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        ((), "", "what shall be checked?"),
        ((), " \n", "what shall be checked?"),
        (("-X", "PUT"), LINE, "-X is said by what was pasted"),
        (("-d", "x"), LINE, "-d is said by what was pasted"),
        (("-H", "X-A"), LINE, "-H is said by what was pasted"),
        (("--path", "/a"), LINE, "--path is said by what was pasted"),
        (("--as", "nobody"), LINE, "--as nobody"),
        (("--from", "app.example"), LINE, "--from"),
        ((), "curl -X PUT", "names no URL"),
        ((), "x" * (4 * 1024 * 1024 + 1), "over 4 MiB"),
        (("--send", "https://api.example/"), "", "--send is for what was pasted"),
    ],
)
def test_a_wrong_command_line_is_told(words: tuple[str, ...], text: str, message: str) -> None:
    done = check(*words, text=text)
    assert done.exit_code == Status.USAGE
    assert message in done.stderr


# ── a recording ──────────────────────────────────────────────────────────────


def recorded(url: str, status: int = 500, method: str = "GET") -> dict[str, Any]:
    headers = [{"name": "Origin", "value": "https://app.example"}]
    return {
        "_resourceType": "fetch",
        "request": {"method": method, "url": url, "headers": headers},
        "response": {"status": status, "headers": []},
    }


def saved(folder: Path, *entries: dict[str, Any]) -> str:
    path = folder / "request.har"
    path.write_text(json.dumps({"log": {"entries": entries}}))
    return str(path)


def test_a_recording_with_one_failure_is_answered_like_a_line(tmp_path: Path) -> None:
    done = check(saved(tmp_path, recorded("https://api.example/a")))
    assert done.exit_code == Status.NO
    assert done.stdout.startswith("likely: The server fails with 500")
    assert "recording" in done.stderr


def test_a_recording_with_several_failures_is_a_table(tmp_path: Path) -> None:
    entries = [recorded(f"https://api.example/{n}", 500 - 100 * (n % 2)) for n in range(3)]
    done = check(saved(tmp_path, *entries, recorded("https://api.example/x", 0, "PUT")))
    assert done.exit_code == Status.NO
    assert done.stdout == snapshot("""\
no: 4 requests to another origin failed (4 recorded, 4 to another origin)

  500  GET     allow-origin-missing
       https://api.example/0
  400  GET     allow-origin-missing
       https://api.example/1
  500  GET     allow-origin-missing
       https://api.example/2
    -  PUT     reason-not-told
       https://api.example/x

  allow-origin-missing
    The server fails with 500, and its error page lacks CORS headers.
    -> What does the log of api.example say about this request? Then put the
       CORS layer outside the error handler.
    corsmith check https://api.example/0 --from https://app.example

  reason-not-told
    The answer is an error page, made outside the CORS layer.
    -> Which status has this request in the Network tab? If it is 4xx or 5xx,
       repair that first.
    corsmith check https://api.example/x --from https://app.example -X PUT
""")


def test_a_long_table_is_cut_and_counted(tmp_path: Path) -> None:
    entries = [recorded(f"https://api.example/{n:03}{'x' * 80}") for n in range(45)]
    done = check(saved(tmp_path, *entries))
    assert "… and 5 more" in done.stdout


def test_a_recording_without_a_failure_says_so(tmp_path: Path) -> None:
    done = check(saved(tmp_path))
    assert done.exit_code == Status.OK
    assert done.stdout == snapshot(
        "yes: no request to another origin failed (0 recorded, 0 to another origin)\n"
    )


def test_the_json_of_a_recording_has_each_failure(tmp_path: Path) -> None:
    done = check(saved(tmp_path, recorded("https://api.example/a?key=s3cr3t")), "--format", "json")
    document = json.loads(done.stdout)
    assert done.exit_code == Status.NO
    assert (document["requests"], document["crossing"]) == (1, 1)
    assert document["failed"][0]["request"]["url"] == "https://api.example/a?key=***"


@pytest.mark.servers
def test_a_recorded_address_is_asked_with_consent(tmp_path: Path) -> None:
    with serve(open_to_all) as server:
        path = saved(tmp_path, recorded(f"{server.origin}/a"))
        assert check(path).exit_code == Status.NO
        assert server.asked == []
        assert check(path, "--send").exit_code == Status.OK


def test_send_asks_one_recorded_address_only(tmp_path: Path) -> None:
    path = saved(tmp_path, recorded("https://api.example/a"), recorded("https://api.example/b"))
    done = check(path, "--send")
    assert done.exit_code == Status.USAGE
    assert "type the line below its code instead" in done.stderr


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text("no")
    done = check(str(path))
    assert done.exit_code == Status.USAGE
    assert "x.har: this is no HAR" in done.stderr


def test_a_recording_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path)

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    done = check(path)
    assert done.exit_code == Status.USAGE
    assert "cannot be read: Permission denied" in done.stderr
