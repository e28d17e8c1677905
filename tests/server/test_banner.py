from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from corsmith.errors import AppError, PolicyError, UsageError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.banner import Started, banner, edited, failed, not_started, warnings
from corsmith.server.echo import Echo
from corsmith.server.source import PolicySource
from corsmith.server.tls import Certificate

SEED = PolicySource().load()


def started(
    policy: Policy | Routes = SEED,
    *,
    address: str = "127.0.0.1",
    file: str | None = None,
    page: str | None = None,
) -> Started:
    return Started(address=address, port=8000, policy=policy, file=file, page=page, serving=Echo())


def test_the_banner_says_what_is_served_where_under_which_policy_and_how_to_try_it() -> None:
    lines = banner(started(page="http://127.0.0.1:54321/?token=abc"))
    assert "\n".join(lines) == snapshot("""\
corsmith serves {"status": "OK"} on http://127.0.0.1:8000
  allows     any origin · GET, POST, OPTIONS · x-api-key, Content-Type ·
             without credentials
  try it     http://127.0.0.1:54321/?token=abc (a page on another origin)
  or         curl -i http://127.0.0.1:8000/ -H 'Origin: https://app.example'
  stop       Ctrl-C\
""")


def test_with_a_file_it_says_that_it_may_be_edited() -> None:
    policy = Policy(origins=["https://*.a.example", "https://b.example"], credentials=True)
    assert "\n".join(banner(started(policy, file="cors.toml"))) == snapshot("""\
corsmith serves {"status": "OK"} on http://127.0.0.1:8000
  policy     cors.toml (an edit is in force at once)
  allows     https://*.a.example, https://b.example · GET, HEAD, POST ·
             Content-Type · with credentials
  prompt     Chromium asks once whether https://*.a.example may use the local
             network: allow it
  try it     curl -i http://127.0.0.1:8000/ -H 'Origin: https://b.example'
  stop       Ctrl-C\
""")


@pytest.mark.parametrize(
    ("origins", "visitor"),
    [
        (["@loopback"], None),
        (["*"], None),
        (["http://localhost:*", "http://*.localhost:*", "https://[::1]:8443", "app://x"], None),
        (["http://localhost:3000", "https://a.example:8443"], "https://a.example:8443"),
        (["http://10.0.0.5"], "http://10.0.0.5"),
    ],
)
def test_it_says_that_a_browser_asks_about_a_page_that_is_not_of_this_machine(
    origins: list[str], visitor: str | None
) -> None:
    said = " ".join("\n".join(banner(started(Policy(origins=origins)))).split())
    told = f" prompt Chromium asks once whether {visitor} may use the local network: allow it "
    assert ("prompt" in said, told in said) == ((visitor is not None),) * 2
    # Whoever reaches this machine from elsewhere is on its network.
    lines = banner(started(Policy(origins=origins), address="0.0.0.0"))  # noqa: S104  compared
    assert not any("prompt" in line for line in lines)


def test_over_tls_it_says_https_and_how_to_trust_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corsmith.server.tls.sys.platform", "linux")
    own = Certificate(
        cert=Path("/s/a.pem"), key=Path("/s/a.key"), names=(), authority=Path("/s/c a.pem")
    )
    assert "\n".join(banner(replace(started(), certificate=own))) == snapshot("""\
corsmith serves {"status": "OK"} on https://127.0.0.1:8000
  allows     any origin · GET, POST, OPTIONS · x-api-key, Content-Type ·
             without credentials
  trust it   mkdir -p $HOME/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n corsmith -i '/s/c a.pem'
  try it     curl -i https://127.0.0.1:8000/ -H 'Origin: https://app.example' --cacert '/s/c a.pem'
  stop       Ctrl-C\
""")  # noqa: E501  as wide as it is
    lines = banner(replace(started(address="::1"), certificate=replace(own, authority=None)))
    assert lines[0].endswith(" on https://[::1]:8000")
    assert not any("trust" in line or "--cacert" in line for line in lines)


def test_it_never_has_more_than_eight_rows() -> None:
    policy = Policy(
        origins=[f"https://{number}.example" for number in range(50)],
        expose="*",
        max_age=600,
        origin_regex=r"https://[a-z]+\.c\.example",
    )
    at = started(policy, address="0.0.0.0", file="cors.toml", page="http://p")  # noqa: S104  compared
    lines = banner(replace(at, others="192.0.2.7"))
    assert len([line for line in lines if not line.startswith("   ")]) <= 8


def test_words_are_wrapped_between_phrases_and_what_is_copied_is_not() -> None:
    policy = Policy(
        origins=[f"https://{number}.preview.app.example" for number in range(9)],
        headers=["@range", "X-Key", "X-Trace", "X-Request-Id"],
        expose=["@range"],
        max_age=7200,
    )
    page = f"http://127.0.0.1:54321/?token={'x' * 40}"
    words = "VITE_API_URL=http://localhost:8000 (or NEXT_PUBLIC_…, REACT_APP_… and their kin)"
    import_ = "corsmith import main:app > cors.toml, and serve with --policy cors.toml"
    notes = (("in the app", words), ("keep it", import_))
    lines = banner(replace(started(policy, page=page), notes=notes))
    assert "\n".join(lines) == snapshot("""\
corsmith serves {"status": "OK"} on http://127.0.0.1:8000
  allows     https://0.preview.app.example, https://1.preview.app.example,
             https://2.preview.app.example, https://3.preview.app.example,
             https://4.preview.app.example, https://5.preview.app.example and 3
             more · GET, HEAD, POST · @range, X-Key, X-Trace, X-Request-Id ·
             exposes @range · without credentials · kept 7200 s
  in the app VITE_API_URL=http://localhost:8000 (or NEXT_PUBLIC_…, REACT_APP_… and their kin)
  keep it    corsmith import main:app > cors.toml, and serve with --policy cors.toml
  prompt     Chromium asks once whether https://0.preview.app.example may use
             the local network: allow it
  try it     http://127.0.0.1:54321/?token=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
             (a page on another origin)
  or         curl -i http://127.0.0.1:8000/ -H 'Origin: https://0.preview.app.example'
  stop       Ctrl-C\
""")
    assert not any("\N{NO-BREAK SPACE}" in line for line in lines)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000, for everyone who reaches this machine"),  # noqa: S104
        ("::", "http://[::1]:8000, for everyone who reaches this machine"),
        ("192.168.0.2", "http://192.168.0.2:8000, for everyone who reaches this machine"),
    ],
)
def test_it_says_where_and_for_whom(address: str, words: str) -> None:
    assert banner(started(address=address))[0] == f'corsmith serves {{"status": "OK"}} on {words}'


def test_others_are_told_the_address_that_they_reach_it_at() -> None:
    lines = banner(replace(started(address="0.0.0.0"), others="192.0.2.7"))  # noqa: S104  compared
    assert lines[1] == "  others     reach it at http://192.0.2.7:8000"
    own = Certificate(cert=Path("/s/a.pem"), key=Path("/s/a.key"), names=())
    over_tls = replace(started(address="::"), others="192.0.2.7", certificate=own)
    assert banner(over_tls)[1] == "  others     reach it at https://192.0.2.7:8000"


class Lent(Echo):
    def lent(self) -> list[str]:
        return ["authorization", "x-key"]


class Plain(Echo):
    def lent(self) -> list[str]:
        return []


@pytest.mark.parametrize(
    ("address", "serving", "is_told"),
    [
        ("0.0.0.0", Lent(), True),  # noqa: S104  compared
        ("192.168.0.2", Lent(), True),
        ("127.0.0.1", Lent(), False),
        ("0.0.0.0", Plain(), False),  # noqa: S104  as above
    ],
    ids=["everywhere", "network", "here", "no-secret"],
)
def test_it_says_who_uses_a_secret_that_is_not_theirs(
    address: str, serving: Echo, is_told: bool
) -> None:
    lines = banner(replace(started(address=address), serving=serving))
    row = " shared everyone who reaches this machine uses authorization, x-key as you do "
    assert (row in " ".join("\n".join(lines).split())) is is_told
    assert any("shared" in line for line in lines) is is_told


class Guided(Echo):
    """Something to serve whose rows depend on the policy."""

    def guide(self, url: str, policy: Policy | Routes) -> list[tuple[str, str]]:
        return [("in the app", f"{url} under {len(list(policy.to_mapping()))} fields")]


def test_rows_that_depend_on_the_policy_in_force_are_asked_for_with_it() -> None:
    policy = Policy(origins="*")
    lines = banner(replace(started(policy), serving=Guided()))
    told = f"  in the app http://127.0.0.1:8000 under {len(policy.to_mapping())} fields"
    assert told in lines


def test_the_curl_line_names_an_origin_that_is_allowed() -> None:
    routes = Routes({"/a": None, "/b": Policy(origins=["@loopback", "https://b.example"])})
    lines = banner(started(routes))
    assert "  try it     curl -i http://127.0.0.1:8000/ -H 'Origin: https://b.example'" in lines


def test_where_pages_of_this_machine_are_allowed_the_curl_line_names_one() -> None:
    lines = banner(started(Policy(origins=["@loopback"])))
    assert any(line.endswith("-H 'Origin: http://localhost:5173'") for line in lines)


def test_an_edit_is_told_in_words() -> None:
    (line,) = edited("cors.toml", Policy(origins=["https://b.example"], credentials=True))
    words = "https://b.example · GET, HEAD, POST · Content-Type · with credentials"
    assert line == f"cors.toml is in force: {words}"


def test_a_bad_edit_is_told_with_every_problem_and_what_stays() -> None:
    with pytest.raises(PolicyError) as told:
        Policy(origins=["https://b.example/"], max_age=-1)
    first, *rest = failed("cors.toml", told.value)
    assert first == "cors.toml cannot be used, so the policy before it stays:"
    assert rest == [f"  {problem}" for problem in told.value.problems]
    assert len(rest) == 2


def test_a_file_that_has_gone_is_told_too() -> None:
    lines = failed("cors.toml", UsageError("there is no file cors.toml\n  write one"))
    assert lines[1:] == ["  there is no file cors.toml", "  write one"]


def test_what_is_suspicious_is_a_line_each() -> None:
    policy = Policy(origins=["https://b.example:*"], max_age=80_000)
    assert list(warnings(policy)) == [f"warning: {warning}" for warning in policy.warnings]
    assert len(policy.warnings) == 2
    assert list(warnings(SEED)) == []


def test_pages_of_this_machine_beside_a_viewer_are_no_warning_where_the_group_is_written() -> None:
    assert list(warnings(Policy(origins=["@loopback", "https://pmtiles.io"]))) == []
    by_hand = Policy(origins=["http://localhost:3000", "https://pmtiles.io"])
    assert [line.split(": ")[1] for line in warnings(by_hand)] == ["localhost-beside-public"]
    routes = Routes({"/": Policy(origins=["@loopback", "https://pmtiles.io"])})
    assert len(list(warnings(routes))) == 1


def test_rows_that_only_a_worker_knows_come_before_those_of_the_target() -> None:
    told = replace(started(), notes=(("found", "a Flask app"),))
    assert "  found      a Flask app" in banner(told)


def test_an_app_that_cannot_start_is_told_with_its_own_traceback_first() -> None:
    assert not_started(AppError("main:app cannot be imported\n  do this", trace="a\n  b")) == [
        "a",
        "  b",
        "corsmith: main:app cannot be imported\n  do this",
    ]
    assert not_started(AppError("it ended")) == ["corsmith: it ended"]
    assert not_started(UsageError("no such module")) == ["corsmith: no such module"]
