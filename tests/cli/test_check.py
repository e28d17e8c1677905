"""``corsmith check FILE.toml``: what is told of a policy and of a page, word by word."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot

from corsmith.cli import main
from corsmith.cli.status import Status
from tests.cli.checking import Check


def test_a_valid_policy_is_told_in_words_with_its_header_sets(check: Check) -> None:
    """Without a page the answer is what the policy means."""
    result = check("cors.toml")
    assert result.exit_code == Status.OK
    assert result.stdout == snapshot("""\
yes: cors.toml is a valid policy

  origins      https://app.example.com, https://*.staging.example.com
  methods      GET, PUT
  headers      Content-Type, X-API-Key
  expose       X-Total-Count
  credentials  included
  max-age      600 seconds

  a preflight of an allowed origin is answered 200 with
      Access-Control-Allow-Origin: (the page's own origin)
      Access-Control-Allow-Credentials: true
      Access-Control-Allow-Methods: GET,PUT
      Access-Control-Allow-Headers: Content-Type,X-API-Key
      Access-Control-Max-Age: 600
      Vary: Origin
  and its request with
      Access-Control-Allow-Origin: (the page's own origin)
      Access-Control-Allow-Credentials: true
      Access-Control-Expose-Headers: X-Total-Count
      Vary: Origin
  any other origin, and none, gets
      Vary: Origin
""")
    assert result.stderr == snapshot(
        "corsmith: the policy file cors.toml; nothing is imported or sent\n"
    )


def test_an_allowed_page_gets_yes_and_the_exchange(check: Check) -> None:
    """The exchange is shown as the server answers it."""
    words = ["--from", "https://a.staging.example.com", "-X", "put", "-H", "x-api-key: 1"]
    result = check("cors.toml", *words, "--cookies")
    assert result.exit_code == Status.OK
    assert result.stdout == snapshot("""\
yes: a page of https://a.staging.example.com may PUT with x-api-key, with credentials

  ✓ preflight  OPTIONS, asks for PUT, x-api-key; answered 200
      Access-Control-Allow-Origin: https://a.staging.example.com
      Access-Control-Allow-Credentials: true
      Access-Control-Allow-Methods: GET,PUT
      Access-Control-Allow-Headers: Content-Type,X-API-Key
      Access-Control-Max-Age: 600
      Vary: Origin
  ✓ request    PUT
      Access-Control-Allow-Origin: https://a.staging.example.com
      Access-Control-Allow-Credentials: true
      Access-Control-Expose-Headers: X-Total-Count
      Vary: Origin
""")


def test_a_refused_method_is_told_with_the_line_to_write(check: Check) -> None:
    """The failing step is marked, and the line that changes it is shown."""
    result = check("cors.toml", "--from", "https://app.example.com", "-X", "DELETE")
    assert result.exit_code == Status.NO
    assert result.stdout == snapshot("""\
no: a page of https://app.example.com may not DELETE

  ✗ preflight  OPTIONS, asks for DELETE; answered 200
      Access-Control-Allow-Origin: https://app.example.com
      Access-Control-Allow-Credentials: true
      Access-Control-Allow-Methods: GET,PUT
      Access-Control-Allow-Headers: Content-Type,X-API-Key
      Access-Control-Max-Age: 600
      Vary: Origin
      method-not-allowed: the policy allows GET, HEAD, POST, PUT, not DELETE.
  - request    DELETE is not sent

  write        methods = ["GET", "PUT", "DELETE"]
  about        docs/codes/method-not-allowed.md
               https://fetch.spec.whatwg.org/#cors-preflight-fetch
""")


def test_a_refused_origin_is_told_with_the_nearest_allowed_one(check: Check) -> None:
    """Without a preflight it is the answer that the page cannot read."""
    result = check("cors.toml", "--from", "http://app.example.com")
    assert result.exit_code == Status.NO
    assert result.stdout == snapshot("""\
no: a page of http://app.example.com may not GET

  ✗ request    GET
      Vary: Origin
      origin-not-allowed: the policy does not allow "http://app.example.com".
      the server has answered, and the page may not read it

  nearest      https://app.example.com (the scheme differs: http, not https)
  note         insecure-origin: origins: "http://app.example.com" is not https:
               whoever is on the network can speak for it, with credentials.
               Write "https://app.example.com", or say
               accept_risks=["insecure-origin"].
  about        docs/codes/origin-not-allowed.md
               https://fetch.spec.whatwg.org/#concept-cors-check
""")


def test_null_gets_no_line_to_write(check: Check) -> None:
    """What is dangerous is never offered."""
    result = check("cors.toml", "--from", "null")
    assert result.exit_code == Status.NO
    assert "write" not in result.stdout
    assert "null-origin" in result.stdout


def test_several_pages_make_a_table(check: Check) -> None:
    """One refused page makes the answer no."""
    pages = ["https://app.example.com", "https://app.example.com:8443", "null"]
    result = check("cors.toml", *(word for page in pages for word in ("--from", page)))
    assert result.exit_code == Status.NO
    assert result.stdout == snapshot("""\
no: 1 of 3 origins may GET

  ✓ yes  https://app.example.com
  ✗ no   https://app.example.com:8443  origin-not-allowed
         nearest https://app.example.com (the port differs: 8443, not the default)
  ✗ no   null                          origin-not-allowed
""")


def test_an_invalid_policy_is_told_with_every_problem(check: Check, tmp_path: Path) -> None:
    """All problems are told at once, and the exit status is 2."""
    (tmp_path / "bad.toml").write_text('[policy]\norigins = ["https://a.example/"]\nmax_age = -1\n')
    result = check("bad.toml")
    assert result.exit_code == Status.USAGE
    assert result.stdout == snapshot("""\
no: bad.toml cannot be used: 2 problems

  origin-has-path
    origins: "https://a.example/" has a trailing slash. An origin is scheme,
    host and port.
    Write "https://a.example".

  max-age-out-of-range
    max_age: -1 is outside 0 to 86400 seconds (a day).
    Write max_age = 0 to have nothing kept.
""")


def test_routes_are_told_path_by_path(check: Check) -> None:
    """A route without CORS is told as such."""
    result = check("routes.toml")
    assert result.exit_code == Status.OK
    assert "below /api/:" in result.stdout
    assert "/health and below: no CORS headers" in result.stdout


def test_a_page_is_judged_by_the_route_of_its_path(check: Check) -> None:
    """A path without a policy has no CORS headers."""
    page = ("--from", "https://app.example")
    assert check("routes.toml", *page, "--path", "/api/items").exit_code == Status.OK
    result = check("routes.toml", *page, "--path", "/health")
    assert result.exit_code == Status.NO
    assert "no policy in routes.toml covers /health" in result.stdout
    result = check("routes.toml", *page, *page, "--path", "/health")
    assert "no policy covers /health" in result.stdout


@pytest.mark.usefixtures("check")
def test_the_text_stays_readable_where_a_terminal_knows_ascii_only() -> None:
    """Marks fall back to words."""
    words = ["check", "cors.toml", "--from", "https://app.example.com", "-X", "DELETE"]
    result = CliRunner(charset="ascii").invoke(main, words)
    assert result.stdout.isascii()
    assert "no preflight" in result.stdout


def test_an_open_policy_answers_everyone_alike(check: Check, tmp_path: Path) -> None:
    """There is no other origin to tell of."""
    (tmp_path / "open.toml").write_text('[policy]\norigins = "*"\nmethods = "*"\nexpose = "*"\n')
    result = check("open.toml")
    assert result.exit_code == Status.OK
    assert "  origins      any\n" in result.stdout
    assert "a preflight of any origin is answered 200 with" in result.stdout
    assert "any other origin" not in result.stdout


def test_a_regex_and_the_risks_taken_are_told(check: Check, tmp_path: Path) -> None:
    """What is done knowingly is shown to whoever reads the policy."""
    lines = ["[policy]", "origin_regex = 'https://.*'", "credentials = true"]
    (tmp_path / "wide.toml").write_text("\n".join([*lines, 'accept_risks = ["wide-regex"]']))
    result = check("wide.toml")
    assert result.exit_code == Status.OK
    assert "what matches https://.*\n" in result.stdout
    assert "  risks taken  wide-regex\n" in result.stdout


def test_a_problem_that_no_line_mends_is_told_without_one(check: Check, tmp_path: Path) -> None:
    """Only the user can know what was meant."""
    (tmp_path / "bad.toml").write_text('[policy]\norigins = ["https://xn--a.example"]\n')
    result = check("bad.toml")
    assert result.exit_code == Status.USAGE
    assert result.stdout.endswith('has "xn--a", which is no Punycode.\n')
