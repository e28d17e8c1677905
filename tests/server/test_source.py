from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corsmith.errors import CorsmithError, PolicyError, UsageError
from corsmith.misnomers import FIELDS
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.source import PolicySource

if TYPE_CHECKING:
    from pathlib import Path

POLICY = '[policy]\norigins = ["https://app.example"]\nmethods = ["PUT"]\n'
ROUTES = '[[routes]]\npath = "/api"\norigins = ["https://app.example"]\n'


def write(folder: Path, text: str) -> str:
    path = folder / "cors.toml"
    path.write_text(text)
    return str(path)


def test_without_a_file_the_policy_is_the_tutorials() -> None:
    assert PolicySource().load() == Policy(
        origins="*", methods=["GET", "POST", "OPTIONS"], headers=["x-api-key", "Content-Type"]
    )


def test_a_field_replaces_the_tutorials_own() -> None:
    policy = PolicySource(fields={"origins": ["https://app.example"], "max_age": 60}).load()
    assert isinstance(policy, Policy)
    assert policy.origins == ("https://app.example",)
    assert policy.methods == ("GET", "POST", "OPTIONS")
    assert policy.max_age == 60


def test_an_expression_alone_is_not_any_origin() -> None:
    policy = PolicySource(fields={"origin_regex": r"https://[a-z]+\.app\.example"}).load()
    assert isinstance(policy, Policy)
    assert policy.origins == ()
    assert not policy.answers.any_origin


def test_an_expression_beside_an_origin_leaves_both() -> None:
    fields = {"origin_regex": r"https://[a-z]+\.app\.example", "origins": ["https://b.example"]}
    policy = PolicySource(fields=fields).load()
    assert isinstance(policy, Policy)
    assert policy.origins == ("https://b.example",)


def test_fields_that_cannot_work_together_are_problems() -> None:
    with pytest.raises(PolicyError) as told:
        PolicySource(fields={"credentials": True}).load()
    assert [problem.code for problem in told.value.problems] == ["wildcard-with-credentials"]


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    assert PolicySource(file=write(tmp_path, POLICY)).load() == Policy(
        origins=["https://app.example"], methods=["PUT"]
    )
    assert isinstance(PolicySource(file=write(tmp_path, ROUTES)).load(), Routes)


def test_a_field_replaces_the_files_own(tmp_path: Path) -> None:
    fields = {"methods": ["GET"], "credentials": True}
    policy = PolicySource(file=write(tmp_path, POLICY), fields=fields).load()
    assert policy == Policy(origins=["https://app.example"], methods=["GET"], credentials=True)


def test_a_file_decides_every_field_and_flags_their_own() -> None:
    assert PolicySource(file="cors.toml").decided == FIELDS
    assert set(PolicySource(fields={"methods": ["PUT"]}).decided) == {"methods"}


def test_beside_routes_a_field_has_no_place(tmp_path: Path) -> None:
    file = write(tmp_path, ROUTES)
    source = PolicySource(
        file=file, fields={"methods": ["GET"], "max_age": 1}, flags=("--method", "--max-age")
    )
    with pytest.raises(UsageError) as told:
        source.load()
    assert str(told.value) == (
        f"{file} has [[routes]], so --method and --max-age cannot say which is meant\n"
        f"  write it into {file}, in the route that it is for"
    )


# ── following a file ───────────────────────────────────────────────────────────


class Followed:
    """A file that is followed, and what was told of it."""

    def __init__(self, folder: Path, **fields: object) -> None:
        self.folder = folder
        self.told: list[Policy | Routes | CorsmithError] = []
        source = PolicySource(file=write(folder, POLICY), fields=fields, flags=("--flag",))
        watcher = source.watcher(self.told.append, self.told.append)
        assert watcher is not None
        self.watcher = watcher

    def edit(self, text: str) -> Policy | Routes | CorsmithError:
        """Write the file, have it looked at until it has come to rest, and return what was told."""
        write(self.folder, text)
        before = len(self.told)
        self.watcher.look()
        self.watcher.look()
        assert len(self.told) == before + 1
        return self.told[-1]


def test_without_a_file_there_is_nothing_to_follow() -> None:
    def never(_found: object) -> None:
        pytest.fail("nothing was edited")

    assert PolicySource().watcher(never, never) is None


def test_an_edit_is_told_with_the_fields_in_place(tmp_path: Path) -> None:
    followed = Followed(tmp_path, max_age=60)
    text = POLICY.replace("PUT", "DELETE")
    expected = Policy(origins=["https://app.example"], methods=["DELETE"], max_age=60)
    assert followed.edit(text) == expected


def test_an_edit_that_does_not_go_with_the_fields_is_a_problem(tmp_path: Path) -> None:
    followed = Followed(tmp_path, credentials=True)
    found = followed.edit('[policy]\norigins = ["*"]\n')
    assert isinstance(found, PolicyError)
    assert [problem.code for problem in found.problems] == ["wildcard-with-credentials"]


def test_an_edit_into_routes_beside_fields_is_a_problem(tmp_path: Path) -> None:
    assert isinstance(Followed(tmp_path, max_age=60).edit(ROUTES), UsageError)


def test_an_edit_into_routes_alone_is_in_force(tmp_path: Path) -> None:
    assert isinstance(Followed(tmp_path).edit(ROUTES), Routes)


def test_an_edit_that_is_no_policy_is_a_problem(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    found = followed.edit("[policy\n")
    assert isinstance(found, PolicyError)
    (tmp_path / "cors.toml").unlink()
    followed.watcher.look()
    followed.watcher.look()
    assert isinstance(followed.told[-1], UsageError)
