"""The emulator as the process that the demonstration starts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.demo.lab import TIME_ZONE, BandOptions, Lab
from tests.demo.process import free_port
from tests.emulated.phone import KEY, authenticated
from tests.emulator.__main__ import main
from tests.emulator.radio import Radio

HOME = ZoneInfo(TIME_ZONE)
AFTER_MIDNIGHT = datetime(2026, 11, 22, 23, 47, 5, tzinfo=UTC)
"""A Monday at 00:47 at home."""


@pytest.mark.usefixtures("loopback")
async def test_the_wearer_lives_where_home_assistant_is_and_not_where_the_machine_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """14 hours from UTC, so that it is another time there, and mostly another day."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    band = BandOptions(profile="bound", key=KEY.hex(), days=2)
    log = tmp_path / "emulator.log"
    async with Lab(band, log=log, proxy_port=free_port(), control_port=free_port()) as lab:
        await lab.ready()
        before = datetime.now(HOME).replace(tzinfo=None, microsecond=0)
        shown = datetime.fromisoformat((await lab.state())["time"]["wall"])
        assert before <= shown <= before + timedelta(minutes=1)


async def test_just_after_midnight_the_steps_are_those_of_the_new_day(radio: Radio) -> None:
    """Setting the clock of the day before would have kept the steps of that."""
    async with authenticated(radio, now=lambda: AFTER_MIDNIGHT, zone=HOME, days=3) as here:
        midnight = int(datetime(2026, 11, 23, tzinfo=HOME).timestamp()) // 60
        new_day = sum(one.steps for one in here.band.truth.minutes() if one.minute >= midnight)
        day_before = sum(
            one.steps for one in here.band.truth.minutes() if 0 < midnight - one.minute <= 1440
        )
        assert here.band.steps == new_day < 100
        assert day_before > 3000
        await here.phone.write("2A2B", "ea 07 0b 17 00 2f 05 01 00 00 04")
        assert here.band.steps == new_day
        assert f"{new_day} steps" in here.band.screen.text


@pytest.mark.parametrize("name", ["Europe/Nowhere", "/etc/localtime", ""])
def test_a_zone_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr("sys.argv", ["emulator", "--zone", name])
    with pytest.raises(SystemExit):
        main()
    assert f"no time zone is called {name!r}" in capsys.readouterr().err
