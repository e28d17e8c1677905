"""What a policy file leaves out that the readers of a folder or a gateway need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corsmith.server.folder.serving import FOLDER_SEED
from corsmith.server.gateway.serving import GATEWAY_SEED
from corsmith.server.omitted import omitted
from corsmith.server.source import PolicySource
from corsmith.server.tried import TriedKind

if TYPE_CHECKING:
    from pathlib import Path

ORIGINS = 'origins = ["@loopback"]\n'


def found(
    folder: Path, text: str, kind: TriedKind = TriedKind.FILES, **fields: object
) -> list[str]:
    """Return the warnings, without the file's own path."""
    path = folder / "cors.toml"
    path.write_text(text, encoding="utf-8")
    seed = FOLDER_SEED if kind is TriedKind.FILES else GATEWAY_SEED
    source = PolicySource(file=str(path), fields=fields, seed=seed)
    return [line.replace(str(path), "cors.toml") for line in omitted(source, kind)]


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ("", 'headers = ["@range", "Content-Type"], expose = ["@range"]'),
        ('headers = ["X-A"]', 'headers = ["@range", "X-A"], expose = ["@range"]'),
        ('headers = ["@range"]', 'expose = ["@range"]'),
        ('expose = ["@range", "X-B"]', 'headers = ["@range", "Content-Type"]'),
        ('headers = ["Range"]\nexpose = ["ETag"]', 'expose = ["@range", "ETag"]'),
    ],
)
def test_a_folders_file_without_ranges_is_told_the_lines(
    tmp_path: Path, fields: str, lines: str
) -> None:
    assert found(tmp_path, f"[policy]\n{ORIGINS}{fields}\n") == [
        f"warning: cors.toml leaves out @range: readers by ranges need {lines}"
    ]


@pytest.mark.parametrize(
    "fields",
    ['headers = ["@range"]\nexpose = ["@range"]', 'headers = ["*"]\nexpose = ["Content-Range"]'],
)
def test_a_folders_file_with_ranges_lacks_nothing(tmp_path: Path, fields: str) -> None:
    assert found(tmp_path, f"[policy]\n{ORIGINS}{fields}\n") == []


def test_a_flag_beside_the_file_counts(tmp_path: Path) -> None:
    text = f"[policy]\n{ORIGINS}"
    assert found(tmp_path, text, headers=["@range"], expose=["@range"]) == []


def test_each_route_is_told_by_its_path(tmp_path: Path) -> None:
    text = (
        f'[[routes]]\npath = "/tiles/"\n{ORIGINS}headers = ["@range"]\n'
        '[[routes]]\npath = "/private/"\ncors = false\n'
    )
    [told] = found(tmp_path, text)
    assert told.startswith("warning: cors.toml, at /tiles/, leaves out @range: ")
    assert told.endswith('readers by ranges need expose = ["@range"]')


ALL = (
    'methods = ["*"], headers = ["*", "Authorization"], credentials = true and exposes every header'
)
GATEWAY = "warning: cors.toml leaves out "


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            ORIGINS,
            f"methods, headers, credentials and expose: without a file a gateway has {ALL}",
        ),
        (
            'origins = ["*"]\nmethods = ["GET"]\nexpose = ["*"]\n',
            'headers: without a file a gateway has headers = ["*", "Authorization"]',
        ),
        (
            f'{ORIGINS}methods = ["GET"]\nheaders = ["X-A"]\ncredentials = true\n',
            "expose: without a file a gateway exposes every header",
        ),
        (
            f'{ORIGINS}methods = ["GET"]\nheaders = ["X-A"]\nexpose = []\n',
            "credentials: without a file a gateway has credentials = true",
        ),
    ],
)
def test_a_gateways_file_is_told_what_its_default_has(
    tmp_path: Path, fields: str, told: str
) -> None:
    assert found(tmp_path, f"[policy]\n{fields}", TriedKind.GATEWAY) == [GATEWAY + told]


def test_what_a_gateways_file_decides_is_not_nagged_about(tmp_path: Path) -> None:
    fields = f'{ORIGINS}methods = ["GET"]\nheaders = []\ncredentials = false\nexpose = []\n'
    assert found(tmp_path, f"[policy]\n{fields}", TriedKind.GATEWAY) == []


@pytest.mark.parametrize("kind", [TriedKind.ECHO, TriedKind.APP])
def test_nothing_is_said_where_the_defaults_are_not_the_targets(
    tmp_path: Path, kind: TriedKind
) -> None:
    assert found(tmp_path, f"[policy]\n{ORIGINS}", kind) == []


def test_without_a_file_nothing_is_left_out() -> None:
    assert omitted(PolicySource(seed=FOLDER_SEED), TriedKind.FILES) == []


@pytest.mark.parametrize("text", ["[policy", "policy = 1\nroutes = [2]", 'routes = "x"'])
def test_a_file_that_holds_no_policy_now_is_told_of_elsewhere(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []


def test_neither_is_a_file_that_has_gone(tmp_path: Path) -> None:
    source = PolicySource(file=str(tmp_path / "gone.toml"), seed=FOLDER_SEED)
    assert omitted(source, TriedKind.FILES) == []


def test_a_value_that_is_no_list_is_left_to_the_policys_own_check(tmp_path: Path) -> None:
    assert found(tmp_path, "[policy]\nheaders = 1\nexpose = 2\n") == []
