"""What the tests of the stored history share."""

from collections.abc import Generator
from pathlib import Path

import pytest

from custom_components.mi_band.history import History


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Provide where the store is kept."""
    return tmp_path / "mi_band.db"


@pytest.fixture
def history(path: Path) -> Generator[History]:
    """Provide an open store."""
    history = History.open(path)
    yield history
    history.close()
