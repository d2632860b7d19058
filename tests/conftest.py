"""What all tests share: our `custom_components` is found before anybody else's.

The pytest plugin for custom integrations ships a package of that name, and the first one wins.
How fast the machine is does not matter: neither to the loop, nor to Hypothesis.
"""

from collections.abc import Mapping
import warnings

from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.errors import HypothesisWarning
import pytest

import custom_components  # noqa: F401  imported for the effect that the docstring tells
from tests.patience import PatientLoop, keep_clocks_together

keep_clocks_together()

# The same examples on every run.
settings.register_profile(
    "patient",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@given(st.none())
def _warm_up(_: None) -> None:
    """Do nothing."""


# On Python 3.14 Hypothesis warns, when it first runs, of a random number generator of its own.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", HypothesisWarning)
    _warm_up()


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, type[PatientLoop]]:
    """Run every test in a loop that does not mind a slow machine."""
    return {"patient": PatientLoop}
