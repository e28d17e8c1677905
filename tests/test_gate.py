"""Loading a policy, checking what an adapter is given, choosing, and watching a file."""

from __future__ import annotations

import functools
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.errors import CorsmithError, PolicyError, UsageError
from corsmith.gate import (
    Choice,
    Watcher,
    admit,
    check_enforce,
    choose,
    failed,
    load,
    load_env,
    path_of_target,
)
from corsmith.policy import Policy
from corsmith.routes import Routes

if TYPE_CHECKING:
    from pathlib import Path

POLICY = Policy(origins=["https://app.example"])
ROUTES = Routes({"/api/": POLICY, "/api/internal/": None})


# ── files and environments ─────────────────────────────────────────────────────


def test_a_file_holds_a_policy_or_routes(tmp_path: Path) -> None:
    path = tmp_path / "cors.toml"
    path.write_text('[policy]\norigins = ["https://app.example"]\n', encoding="utf-8")
    assert load(path) == load(str(path)) == POLICY
    path.write_text('[[routes]]\npath = "/api/"\norigins = "*"\n', encoding="utf-8-sig")
    assert load(path) == Routes({"/api/": Policy(origins="*")})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "document-not-toml: the text is not UTF-8, which TOML is."),
        (b"[policy", "document-not-toml"),
        (b"[policy]\norigins = []\n", "origins-empty"),
        (b"[policy]\norigin = '*'\n", "unknown-field"),
    ],
)
def test_a_file_without_a_good_policy_says_every_problem(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "cors.toml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=problem):
        load(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_048_577)
    absent = tmp_path / "absent.toml"
    for path, said in (
        (absent, f"there is no file {absent}"),
        (tmp_path, f"{tmp_path} is a folder; a policy is a TOML file"),
        (large, f"{large} is over 1048576 bytes; a policy file is small"),
        (absent.with_name("x" * 300), "cannot be read: File name too long"),
    ):
        with pytest.raises(UsageError) as raised:
            load(path)
        assert said in str(raised.value)
    large.write_bytes(b"#" * 1_048_560 + b"\n[policy]\n")
    with pytest.raises(PolicyError):
        load(large)


def test_a_file_that_must_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests may run as root, who may read everything.
    def forbid(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("builtins.open", forbid)
    with pytest.raises(UsageError, match=r"cors\.toml may not be read by this user"):
        load("cors.toml")


def test_the_environment_is_asked_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example")
    monkeypatch.setenv("API_ORIGINS", "https://api.example")
    assert load_env() == POLICY
    assert load_env(prefix="API_") == Policy(origins=["https://api.example"])
    assert load_env({"CORS_ORIGINS": "*"}) == Policy(origins="*")
    with pytest.raises(PolicyError):
        load_env({})


# ── what an adapter is given ───────────────────────────────────────────────────


def choose_plain(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
    return POLICY


async def choose_async(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
    return POLICY


class Plain:
    """An object that chooses."""

    def __call__(self, *shared: Any) -> Policy:
        return POLICY


class Async:
    """An object that chooses, and waits."""

    async def __call__(self, *shared: Any) -> Policy:
        return POLICY


@pytest.mark.parametrize("source", [POLICY, ROUTES])
def test_a_policy_and_routes_fit_every_adapter(source: Any) -> None:
    assert admit(source, {}) is admit(source, {}, asynchronous=True) is source


@pytest.mark.parametrize(
    "plain", [choose_plain, Plain(), functools.partial(choose_plain), Plain().__call__]
)
def test_a_plain_function_fits_where_functions_are_called(plain: Any) -> None:
    assert admit(plain, {}) is plain
    with pytest.raises(PolicyError, match=r"written with def; here it is called as async def\."):
        admit(plain, {}, asynchronous=True)


@pytest.mark.parametrize("waiting", [choose_async, Async(), functools.partial(choose_async)])
def test_an_async_function_fits_where_functions_are_awaited(waiting: Any) -> None:
    assert admit(waiting, {}, asynchronous=True) is waiting
    with pytest.raises(PolicyError, match=r"written with async def; here it is called as def\."):
        admit(waiting, {})


def test_a_function_that_does_not_take_four_arguments_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"Write def choose\(origin, scheme, host, path\)\."):
        admit(lambda _origin: POLICY, {})  # type: ignore[arg-type]

    async def five(a: object, b: object, c: object, d: object, e: object) -> Policy:
        return POLICY

    with pytest.raises(PolicyError, match=r"Write async def choose\(origin, scheme, host, path\)"):
        admit(five, {}, asynchronous=True)  # type: ignore[arg-type]


def test_a_function_that_does_not_tell_its_arguments_is_believed() -> None:
    untold: Any = max
    assert admit(untold, {}) is untold
    told: Any = {}.get
    with pytest.raises(PolicyError, match="four arguments"):
        admit(told, {})


@pytest.mark.parametrize(
    "source", ["*", 7, {"origins": "*"}, ["https://app.example"], Policy, True]
)
def test_what_is_no_policy_is_refused(source: Any) -> None:
    with pytest.raises(PolicyError, match=r"wrong-type: policy: .* is no policy\."):
        admit(source, {})


def test_a_file_name_in_place_of_a_policy_shows_how_to_load_it(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r'read with load\("cors\.toml"\)'):
        admit("cors.toml", {})  # type: ignore[arg-type]  # what a user may do
    with pytest.raises(PolicyError, match="read with load"):
        admit(tmp_path, {})  # type: ignore[arg-type]  # as above


def test_the_fields_of_a_policy_stand_for_it() -> None:
    assert admit(None, {"origins": ["https://app.example"]}) == POLICY
    with pytest.raises(PolicyError, match="origins-empty"):
        admit(None, {})
    with pytest.raises(PolicyError, match="fields beside it: origins, max_age"):
        admit(POLICY, {"origins": "*", "max_age": 5})


def test_enforce_is_true_or_false() -> None:
    assert check_enforce(enforce=True) is True
    assert check_enforce(enforce=False) is False
    with pytest.raises(PolicyError, match='wrong-type: enforce: "false" is neither'):
        check_enforce("false")


def test_the_warnings_of_what_is_admitted_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    policy = Policy(origins=["https://warned-once.example:*"])
    for source in (policy, Routes({"/": policy}), policy):
        admit(source, {})
    logged = [record.message for record in caplog.records if "warned-once" in record.message]
    assert len(logged) == 1
    assert logged[0].startswith("any-port: ")


# ── choosing ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "path", "raw_path", "expected"),
    [
        (POLICY, "/", None, Choice(policy=POLICY)),
        (None, "/", None, Choice(policy=None)),
        (ROUTES, "/api/x", None, Choice(policy=POLICY)),
        (ROUTES, "/x", None, Choice(policy=None)),
        (ROUTES, "/api/internal/x", None, Choice(policy=None)),
        (ROUTES, "/api/x/../internal/x", None, Choice(policy=None, ambiguous=True)),
        (ROUTES, "/api/internal/x", "/api/internal%2Fx", Choice(policy=None, ambiguous=True)),
        (ROUTES, "/api/x/./y", None, Choice(policy=POLICY)),
    ],
)
def test_a_path_has_one_policy_or_none(
    source: Any, path: str, raw_path: str | None, expected: Choice
) -> None:
    assert choose(source, path, raw_path) == expected
    varying = choose(source, path, raw_path, varies=True)
    assert (varying.policy, varying.varies) == (expected.policy, True)


def test_what_a_function_must_not_return_is_a_type_error() -> None:
    for returned in ("*", 7, choose_plain):
        with pytest.raises(TypeError, match=type(returned).__name__):
            choose(returned, "/", varies=True)


@pytest.mark.parametrize(
    "origin", ["https://app.example", "null", "https://nobody.invalid", "", "*", "x"]
)
def test_a_function_that_failed_allows_nobody(origin: str) -> None:
    choice = failed()
    assert choice.varies
    assert choice.policy is not None
    assert choice.policy.answers.actual(origin) == (("Vary", "Origin"),)
    assert choice.policy.warnings == ()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b?c#d", "/a/b"),
        ("/a#b?c", "/a"),
        ("/", "/"),
        ("http://api.example/a?b", "/a"),
        ("http://api.example", "/"),
        ("*", "*"),
        ("api.example:443", "api.example:443"),
        ("/a?http://b/c", "/a"),
    ],
)
def test_the_path_of_a_target_is_what_stands_before_the_query(target: str, path: str) -> None:
    assert path_of_target(target) == path


# ── watching ───────────────────────────────────────────────────────────────────


def write(path: Path, origin: str) -> None:
    """Write a policy as an editor does: another file, put in place."""
    draft = path.with_suffix(".new")
    draft.write_text(f'[policy]\norigins = ["{origin}"]\n', encoding="utf-8")
    draft.replace(path)


class Told:
    """What a watcher told."""

    def __init__(self, path: Path) -> None:
        self.policies: list[Any] = []
        self.problems: list[CorsmithError] = []
        self.watcher = Watcher(str(path), self.policies.append, self.problems.append)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a policy file."""
    path = tmp_path / "cors.toml"
    write(path, "https://app.example")
    return path


def test_an_edit_is_told_once_it_has_come_to_rest(path: Path) -> None:
    told = Told(path)
    told.watcher.look()
    write(path, "https://a.example")
    told.watcher.look()
    assert told.policies == []
    told.watcher.look()
    told.watcher.look()
    assert told.policies == [Policy(origins=["https://a.example"])]


def test_a_file_that_is_being_written_is_not_read(path: Path) -> None:
    told = Told(path)
    for text in ("[pol", "[policy]\nori", '[policy]\norigins = "*"\n'):
        path.write_text(text, encoding="utf-8")
        told.watcher.look()
    told.watcher.look()
    assert (told.policies, told.problems) == ([Policy(origins="*")], [])


def test_a_bad_edit_is_told_and_the_next_good_one_too(path: Path) -> None:
    told = Told(path)
    for origin in ("app.example", None, "*"):
        if origin is None:
            path.unlink()
        else:
            write(path, origin)
        told.watcher.look()
        told.watcher.look()
        told.watcher.look()
    assert [type(problem) for problem in told.problems] == [PolicyError, UsageError]
    assert told.policies == [Policy(origins="*")]


def test_an_edit_back_to_what_it_was_is_told_too(path: Path) -> None:
    told = Told(path)
    before = path.stat()
    write(path, "https://b.example")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    told.watcher.look()
    told.watcher.look()
    assert len(told.policies) == 1


def test_what_the_policy_is_taken_with_may_be_refused_too(path: Path) -> None:
    def refuse(policy: object) -> None:
        raise UsageError("not here")

    problems: list[CorsmithError] = []
    watcher = Watcher(str(path), refuse, problems.append)
    write(path, "*")
    watcher.look()
    watcher.look()
    assert [str(problem) for problem in problems] == ["not here"]


def test_a_thread_looks_by_itself_until_it_is_stopped(path: Path) -> None:
    changed = threading.Event()
    seen: list[Any] = []

    def take(policy: object) -> None:
        seen.append(policy)
        changed.set()

    watcher = Watcher(str(path), take, print, interval=0.001)
    watcher.start()
    write(path, "https://c.example")
    assert changed.wait(10)
    watcher.stop()
    write(path, "https://d.example")
    assert seen == [Policy(origins=["https://c.example"])]
    assert not any(thread.name == "corsmith-watch" for thread in threading.enumerate())


def test_a_policy_function_that_is_admitted_is_not_called() -> None:
    def choose(*shared: Any) -> Policy:
        pytest.fail("called")

    logging.getLogger("corsmith").debug("only to be sure that logging works")
    assert admit(choose, {}) is choose
