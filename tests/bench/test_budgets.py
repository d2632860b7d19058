"""The budgets of bringing records home, and a firmware into a band.

They are several times as wide as what is aimed at, for other tests run beside these, and wider
still where the machine is slower.
"""

import asyncio
from collections.abc import Generator
import logging
from pathlib import Path

import pytest

from custom_components.mi_band.band.minutes import decode_minutes
from tests.emulator import files
from tests.lab import loopback

from . import firmware
from .history import DAY, Life, cost, decode_plainly, decoding, transfer, work
from .yardstick import budget_s, least

__all__ = ["loopback"]


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Do not write down every query: it takes longer than the query."""
    logger = logging.getLogger("sqlalchemy.engine")
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)


def test_two_weeks_cost_little_cpu_and_memory_and_do_not_hold_the_loop_up() -> None:
    """One second, 30 MiB and 10 ms are aimed at."""
    done = asyncio.run(work(Life.of(14)))
    assert done.cpu_s < budget_s(4)
    assert done.cpu_s - done.recorder_cpu_s < budget_s(1.5)
    assert done.memory < 60 * 2**20
    assert done.held_up.longest_cpu_s < budget_s(0.03), done.held_up.what


def test_a_minute_costs_the_same_however_many_there_are() -> None:
    """A year is aimed at to be built anew in 15 s, a day of it to be read in 50 ms."""
    few, many = (asyncio.run(cost(Life.of(days))) for days in (7, 28))
    assert many.store_s / many.minutes < 4 * few.store_s / few.minutes
    assert many.add_up_s / many.minutes < 4 * few.add_up_s / few.minutes
    assert many.rebuild_cpu_s < budget_s(5)
    assert many.day_s < budget_s(0.2)


def test_minutes_are_decoded_faster_than_plainly() -> None:
    life = Life.of(30)
    assert decoding(life, decode_minutes) * 2 < decoding(life, decode_plainly)
    assert len(decode_minutes(life.batch(3))) == DAY


def test_a_sync_hardly_takes_longer_than_the_link() -> None:
    """95 % of the link's rate are aimed at: a tenth of a second for a day's round."""

    def longer_s() -> float:
        one = asyncio.run(transfer(1, 6))
        assert one.bare.packets == 360
        return one.ours - one.bare.seconds

    assert least(longer_s, 0.6) < budget_s(0.6)


@pytest.mark.parametrize("mtu", firmware.MTUS)
def test_a_firmware_hardly_takes_longer_than_the_link(mtu: int) -> None:
    """95 % of the link's rate are aimed at."""

    def longer_s() -> float:
        one = asyncio.run(firmware.transfer((mtu - 3) * 300, mtu, paced=True))
        assert one.packets == 300
        return one.ours_s - 1.3 * one.bare_s

    assert least(longer_s, 0.3) < budget_s(0.3)


@pytest.mark.usefixtures("loopback")
def test_a_firmware_takes_little_more_memory_than_it_has_bytes(tmp_path: Path) -> None:
    """Its bytes and 2 MiB are aimed at, and 10 ms for which the loop is held up."""
    size = 4 * 2**20
    path = tmp_path / "firmware"
    path.write_bytes(files.firmware(size=size))
    done = firmware.work_apart(path, 247)
    assert size < done.memory < size + 4 * 2**20
    assert done.held_up.longest_cpu_s < budget_s(0.03), done.held_up.what
    assert done.cpu_s < budget_s(2)
