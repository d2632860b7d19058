"""A band whose long-term statistics are looked at, and a day of its life."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant

from custom_components.mi_band.archive import Archive
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.profile import Profile, Sex
from custom_components.mi_band.history import History
from custom_components.mi_band.series import SERIES, statistic_id
from custom_components.mi_band.statistics import Projection

ADA = "0123456789abcdef"
BOB = "fedcba9876543210"
FIRST = 29_000_040
"""A minute of 2025 at which an hour begins."""
HOUR = FIRST // 60
ACTIVE, LIGHT, DEEP, WOKE_UP, NO_CHANGE = 0x01, 0x79, 0x7B, 0x1C, 0x70
MAN = Profile(born=date(1990, 1, 1), sex=Sex.MALE, height_cm=200, weight_kg=80.0, user_id=1)

type Told = dict[str, dict[int, tuple[float | None, ...]]]


def run(first: int, count: int, kind: int, *, steps: int = 0, bpm: int = 255) -> list[Minute]:
    return [
        Minute(minute=minute, zone=4, kind=kind, intensity=9, steps=steps, heart_rate=bpm)
        for minute in range(first, first + count)
    ]


DAY = [
    *run(FIRST, 60, ACTIVE, steps=10, bpm=70),
    *run(FIRST + 60, 60, ACTIVE),
    *run(FIRST + 120, 90, LIGHT, bpm=50),
    *run(FIRST + 210, 90, DEEP, bpm=48),
    *run(FIRST + 300, 10, WOKE_UP),
    *run(FIRST + 310, 50, NO_CHANGE),
    *run(FIRST + 360, 120, ACTIVE, steps=20, bpm=90),
]
"""Eight hours: a walk, a rest, three hours asleep, an hour awake, two hours of walking."""


class Band:
    """A band whose statistics are looked at."""

    def __init__(self, hass: HomeAssistant, archive: Archive, identity: str = ADA) -> None:
        self.hass = hass
        self.archive = archive
        self.identity = identity
        self.name = "Ada"
        self.profile = MAN
        self.restart()

    def restart(self) -> None:
        """Begin as after a restart of Home Assistant."""
        self.projection = Projection(
            self.hass, self.identity, name=lambda: self.name, profile=lambda: self.profile
        )

    async def commit(self, minutes: Sequence[Minute]) -> None:
        await self.archive.async_run(History.commit_minutes, self.identity, minutes)

    async def project(self) -> None:
        await self.projection.async_project(self.archive)

    async def rebuild(self) -> None:
        await self.projection.async_rebuild(self.archive)

    async def marked(self) -> bool:
        return await self.archive.async_run(History.unprojected, self.identity) is not None

    async def told(self) -> Told:
        """Return all rows, by series and hour after the first: changes, or heart rates."""
        ids = {statistic_id(self.identity, series.key): series.key for series in SERIES}
        found = await get_instance(self.hass).async_add_executor_job(
            lambda: statistics_during_period(
                self.hass,
                datetime.fromtimestamp(0, UTC),
                None,
                {*ids},
                "hour",
                None,
                {"change", "mean", "min", "max"},
            )
        )
        return {
            ids[which]: {
                round(row["start"]) // 3600 - HOUR: (
                    tuple(row[column] for column in ("mean", "min", "max"))
                    if ids[which] == "heart_rate"
                    else (round(row["change"] or 0, 6),)
                )
                for row in rows
            }
            for which, rows in found.items()
        }
