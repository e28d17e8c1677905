"""Nothing of a browser outlives its test: neither a failing one nor one that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.browsers.drivers import Engine, open_browser
from tests.browsers.processes import Household

ROOT = Path(__file__).parents[2]


def test_nothing_is_left_of_a_browser_when_a_test_fails(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    houses: list[Household] = []
    sizes: list[int] = []
    close = Household.close

    def close_and_tell(house: Household) -> None:
        houses.append(house)
        sizes.append(len(house.members()))
        close(house)

    monkeypatch.setattr(Household, "close", close_and_tell)
    with pytest.raises(ZeroDivisionError), open_browser(engine) as browser:
        _ = 1 / len(browser.console())
    assert sizes[0] > 3
    assert [house.members() for house in houses] == [set()]
    assert not houses[0].home.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_nothing_runs_on_when_the_test_run_is_killed(engine: Engine) -> None:
    script = (
        "import time\n"
        "from tests.browsers.drivers import open_browser\n"
        f"with open_browser({engine!r}):\n"
        "    print('open', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as run:
            assert run.stdout is not None
            line = run.stdout.readline()
            run.kill()
        assert line == b"open\n"
        (home,) = Path(folder).iterdir()
        house = Household(home)
        deadline = time.monotonic() + 10
        while house.members() and time.monotonic() < deadline:
            time.sleep(0.02)
        left = house.members()
        house.close()
        assert left == set()
