"""The laws are slow: `make check` leaves them to `make laws` and `make test`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every law."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
