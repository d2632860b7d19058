"""What goes to the wrist and comes from it, in a real Home Assistant.

    python -m tests.bench.alerts

From the call of an action to the last acknowledged byte of its alert: operations and time. From a
notification of the heart rate to the state that shows it: time and CPU. The band, its radio and
Home Assistant share one process and one thread, so that the CPU is that of all three together.
"""

from pathlib import Path
import sys

import pytest


def main() -> None:
    """Run everything and say what came of it."""
    measurements = Path(__file__).with_name("measure_alerts.py")
    sys.exit(pytest.main([str(measurements), "-q", "-s", "-p", "no:cacheprovider"]))


if __name__ == "__main__":
    main()
