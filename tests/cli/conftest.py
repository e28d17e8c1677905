"""A folder with a policy file and a file with routes, and the command in it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from corsmith.cli import main
from tests.cli.checking import Check

POLICY = """
[policy]
origins = ["https://app.example.com", "https://*.staging.example.com"]
methods = ["GET", "PUT"]
headers = ["Content-Type", "X-API-Key"]
expose = ["X-Total-Count"]
credentials = true
max_age = 600
"""

ROUTES = """
[[routes]]
path = "/api/"
origins = ["https://app.example"]

[[routes]]
path = "/health"
cors = false
"""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run ``corsmith check`` in a folder with a policy file and a file with routes."""
    (tmp_path / "cors.toml").write_text(POLICY)
    (tmp_path / "routes.toml").write_text(ROUTES)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["check", *words])

    return run
