"""How Hypothesis works here: the same examples on every run, however slow the machine."""

import warnings

from hypothesis import given, settings, strategies as st
from hypothesis.errors import HypothesisWarning

settings.register_profile("pictures", deadline=None, derandomize=True, database=None)
settings.load_profile("pictures")


@given(st.none())
def _warm_up(_: None) -> None:
    """Do nothing."""


# On Python 3.14 Hypothesis warns, when it first runs, of a random number generator of its own.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", HypothesisWarning)
    _warm_up()
