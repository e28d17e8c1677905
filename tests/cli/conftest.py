"""What several tests of the command line stand on: a folder of policies, a server not started."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from corsmith.cli import main
from corsmith.server import run as module
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


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[module.Plan]:
    """What ``corsmith serve`` plans, in a folder of its own; no server is started."""
    found: list[module.Plan] = []

    class Supervisor:
        def __init__(self, plan: module.Plan, _say: object) -> None:
            found.append(plan)

        def run(self) -> bool:
            found[-1].listening.close()
            return True

    monkeypatch.setattr(module, "Supervisor", Supervisor)
    monkeypatch.setattr("corsmith.cli.serve.signal.signal", lambda *_arguments: None)
    monkeypatch.chdir(tmp_path)
    return found
