"""What the tests of the stored history share."""

from collections.abc import Generator
from pathlib import Path
import warnings

from hypothesis import given, settings, strategies as st
from hypothesis.errors import HypothesisWarning
import pytest

from custom_components.mi_band.history import History

settings.register_profile("history", deadline=None, derandomize=True, database=None)
settings.load_profile("history")


@given(st.none())
def _warm_up(_: None) -> None:
    """Do nothing."""


# On Python 3.14 Hypothesis warns, when it first runs, of a random number generator of its own.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", HypothesisWarning)
    _warm_up()


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
