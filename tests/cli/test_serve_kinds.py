from __future__ import annotations

from typing import Any

import pytest

from corsmith.cli import serve_kinds
from corsmith.errors import UsageError
from corsmith.server.limits import USUAL_BODY
from corsmith.target import Target, TargetKind


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a module be missing while another is imported."""

    def lacks(name: str) -> None:
        def fail(_name: str) -> Any:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

        monkeypatch.setattr(serve_kinds, "import_module", fail)

    return lacks


@pytest.mark.parametrize(
    ("name", "extra"), [("granian.server", "serve"), ("msgspec", "serve"), ("aiohttp", "gateway")]
)
def test_a_missing_extra_is_two_lines_with_the_command(missing: Any, name: str, extra: str) -> None:
    missing(name)
    with pytest.raises(UsageError) as caught:
        serve_kinds.load_module("corsmith.server.run", extra)
    assert str(caught.value).splitlines() == [
        f"serve needs {name.partition('.')[0]}, which is not installed",
        f"  pip install 'corsmith[{extra}]'",
    ]


@pytest.mark.parametrize("name", ["corsmith.server.nowhere", ""])
def test_a_module_of_our_own_that_is_missing_is_a_bug_and_not_an_extra(
    missing: Any, name: str
) -> None:
    missing(name)
    with pytest.raises(ModuleNotFoundError):
        serve_kinds.load_module("corsmith.server.run")


@pytest.mark.parametrize("word", ["ollama", "Ollama", "llamacpp"])
def test_a_profile_without_its_sign_is_told_with_it(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        serve_kinds.read(word)
    assert str(caught.value).splitlines() == [
        f"there is no file or folder {word}",
        f"  for the profile write corsmith serve @{word.lower()}",
    ]
    with pytest.raises(UsageError, match=r"^there is no file or folder olama$"):
        serve_kinds.read("olama")


@pytest.mark.parametrize("kind", TargetKind)
def test_each_kind_is_served_or_told_what_to_type(kind: TargetKind) -> None:
    target = Target(kind=kind, value="x")
    if kind in serve_kinds.KINDS:
        assert serve_kinds.kind_of(target) is serve_kinds.KINDS[kind]
        return
    with pytest.raises(UsageError, match=r"corsmith serve|curl -i|install\(app"):
        serve_kinds.kind_of(target)


def test_only_the_tutorials_server_is_on_its_port_or_nowhere() -> None:
    assert [kind for kind, row in serve_kinds.KINDS.items() if not row.moves] == [TargetKind.NONE]


def test_a_body_has_the_usual_limit_where_a_kind_has_none_of_its_own() -> None:
    assert serve_kinds.KINDS[TargetKind.NONE].limit_body == USUAL_BODY
