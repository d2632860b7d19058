"""How fast this machine is, and the best that it can do: for what may take only so long."""

from collections.abc import Callable
from functools import cache
from time import process_time
from typing import Final

TRIES: Final = 3
_REFERENCE_S: Final = 0.016
"""What `_work` takes on the machine that the budgets are for."""


def least(measure: Callable[[], float], enough: float) -> float:
    """Measure until it is less than enough, some times at most; return the least.

    Others on the machine can only make it more.
    """
    found: list[float] = []
    while len(found) < TRIES:
        found.append(measure())
        if found[-1] < enough:
            break
    return min(found)


def budget_s(seconds: float) -> float:
    """Return what a budget of CPU time is on this machine: more where it is slower."""
    return seconds * _slowness()


@cache
def _slowness() -> float:
    begun = process_time()
    for _ in range(TRIES):
        _work()
    return max(1.0, (process_time() - begun) / TRIES / _REFERENCE_S)


def _work() -> int:
    return len({str(number) for number in range(100_000)})
