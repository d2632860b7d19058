"""The stored minutes as long-term statistics of Home Assistant's recorder, hour by hour.

They are external statistics, `mi_band:<identity>_<key>`: only those can be written for hours that
are long over, which is when a band's minutes come. All of it follows from the store and can be
built anew from there.

What the recorder holds already is read first, and only what differs is written, from the last place
that the changed minutes cannot reach (see `hours`). What it holds is read again in the end. Only
then the store takes note that its minutes are projected: whatever happens before that, all of it is
done again.

Rows cannot be taken away one by one. Where one has to go, everything is cleared and written anew.
Hours that only the recorder still knows of, since the store was lost, are kept in the store first.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations

from .archive import Archive
from .band.profile import Profile
from .const import DOMAIN
from .history import History, Hour
from .hours import all_hours, find_place, fold, hours_from
from .ledger import (
    EARLIEST,
    async_clear,
    async_read,
    async_until_written,
    has_recorder,
    read_curves,
    read_holdings,
    translated,
    unavailable,
)
from .series import (
    SERIES,
    Curve,
    Holdings,
    is_alike,
    must_begin_anew,
    rows_to_write,
    statistic_id,
    unknown_hours,
    wanted_curves,
)

ROWS_AT_ONCE: Final = 500
"""The loop checks them and the recorder writes them without a pause."""
READINGS: Final = 3
"""A write that met a lock is put at the end of the recorder's queue, where the next wait is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What has to be done so that the recorder holds what it should."""

    begin_anew: bool
    wanted: Mapping[str, Curve]
    """The rows that there have to be, by series."""
    pieces: Mapping[str, Sequence[list[StatisticData]]]
    """Those that are missing or other, in pieces."""


class Projection:
    """Keeps the statistics of one band like what is stored of it."""

    def __init__(
        self,
        hass: HomeAssistant,
        band: str,
        *,
        name: Callable[[], str],
        profile: Callable[[], Profile],
    ) -> None:
        """Make it.

        Args:
            hass: Home Assistant.
            band: its identity.
            name: what the band is called now.
            profile: who wears it now; distance and energy are estimated by that.
        """
        self._hass = hass
        self._band = band
        self._name = name
        self._profile = profile
        self._turn = asyncio.Lock()
        self._is_checked = False

    async def async_project(self, archive: Archive) -> None:
        """Bring the statistics up to what is stored; returns when they are on disk.

        Without a recorder there is nothing to bring up, and what has changed stays marked. The
        first call looks at the end of the statistics even if nothing has changed, for the recorder
        may have got another database in the meantime.

        Raises:
            HomeAssistantError: translated; the recorder does not take them now.
            HistoryError: the store cannot be read.
        """
        if not has_recorder(self._hass):
            return
        async with self._turn:
            mark = await archive.async_run(History.unprojected, self._band)
            if mark is None and self._is_checked:
                return
            last = await archive.async_run(History.last_minute, self._band)
            since = last if mark is None else mark.since
            if since is not None:
                with translated():
                    await self._async_bring_up(archive, since)
            if mark is not None:
                await archive.async_run(History.mark_projected, self._band, mark.token)
            self._is_checked = True

    async def async_rebuild(self, archive: Archive) -> None:
        """Clear the statistics and build them anew from all that is stored.

        Raises:
            HomeAssistantError: translated; the recorder does not take them now, or there is none.
            HistoryError: the store cannot be read.
        """
        if not has_recorder(self._hass):
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        async with self._turn:
            with translated():
                await self._async_build_anew(archive)

    async def async_fold(self, archive: Archive, before: int) -> int:
        """Replace the minutes before one by what they add up to; returns how many went.

        Their statistics stay, also when these are built anew.

        Raises:
            HistoryError: the store cannot be read or written.
        """
        async with self._turn:
            return await archive.async_run(fold, self._band, before, self._profile())

    async def _async_bring_up(self, archive: Archive, since: int) -> None:
        place = await archive.async_run(find_place, self._band, since)
        hours = await archive.async_run(hours_from, self._band, place, self._profile())
        found = await async_read(self._hass, read_holdings, self._band, place.hour)
        plan = await archive.async_run(_plan, self._band, place.hour, hours=hours, found=found)
        if plan.begin_anew:
            await self._async_build_anew(archive)
        else:
            await self._async_carry_out(plan, found)

    async def _async_build_anew(self, archive: Archive) -> None:
        # From here on it is done again after whatever may happen.
        token = await archive.async_run(History.mark_all, self._band)
        hours = await archive.async_run(all_hours, self._band, self._profile())
        found = await async_read(self._hass, read_holdings, self._band, EARLIEST)
        known = await archive.async_run(_keep_unknown, self._band, hours, found)
        await async_clear_statistics(self._hass, self._band)
        found = await async_read(self._hass, read_holdings, self._band, EARLIEST)
        plan = await archive.async_run(_plan, self._band, EARLIEST, hours=known, found=found)
        await self._async_carry_out(plan, found)
        await archive.async_run(History.mark_projected, self._band, token)

    async def _async_carry_out(self, plan: Plan, found: Holdings) -> None:
        """Write what is missing, and see that it is there."""
        metadata = await self._async_metadata()
        waiting = 0
        for series in SERIES:
            held = found[series.key].metadata
            renamed = held is not None and held["name"] != metadata[series.key]["name"]
            for rows in plan.pieces[series.key] or ([[]] if renamed else []):
                async_add_external_statistics(self._hass, metadata[series.key], rows)
                # What only tells a new name is a task as well.
                waiting += max(1, len(rows))
                if waiting >= ROWS_AT_ONCE:
                    await async_until_written(self._hass)
                    waiting = 0
        if not waiting and not any(plan.pieces.values()):
            return
        first = min((hour for curve in plan.wanted.values() for hour in curve), default=EARLIEST)
        for _ in range(READINGS):
            await async_until_written(self._hass)
            held_now = await async_read(self._hass, read_curves, self._band, first)
            if await self._hass.async_add_executor_job(_are_alike, held_now, plan.wanted):
                return
        raise unavailable()

    async def _async_metadata(self) -> dict[str, StatisticMetaData]:
        path = f"component.{DOMAIN}.selector.statistics.options"
        texts = await async_get_translations(
            self._hass, self._hass.config.language, "selector", {DOMAIN}
        )
        return {
            series.key: StatisticMetaData(
                source=DOMAIN,
                statistic_id=statistic_id(self._band, series.key),
                name=f"{self._name()} {texts[f'{path}.{series.key}']}",
                unit_of_measurement=series.unit,
                unit_class=series.unit_class,
                has_sum=series.is_sum,
                mean_type=StatisticMeanType.NONE if series.is_sum else StatisticMeanType.ARITHMETIC,
            )
            for series in SERIES
        }


async def async_clear_statistics(hass: HomeAssistant, band: str) -> None:
    """Delete the statistics of a band; does nothing where there is no recorder.

    Raises:
        HomeAssistantError: translated; the recorder does not do it now.
    """
    if has_recorder(hass):
        with translated():
            await async_clear(hass, [statistic_id(band, series.key) for series in SERIES])


# What runs in threads


def _plan(
    history: History, band: str, first: int, *, hours: Sequence[Hour], found: Holdings
) -> Plan:
    known = _keep_unknown(history, band, hours, found)
    wanted = wanted_curves(known, found)
    return Plan(
        begin_anew=must_begin_anew(found, known, history.last_hour_with_steps(band, first)),
        wanted=wanted,
        pieces={
            series.key: [
                list(piece)
                for piece in batched(
                    rows_to_write(series, wanted[series.key], found[series.key].rows),
                    ROWS_AT_ONCE,
                    strict=False,
                )
            ]
            for series in SERIES
        },
    )


def _keep_unknown(
    history: History, band: str, hours: Sequence[Hour], found: Holdings
) -> list[Hour]:
    """Keep hours in the store of which only the recorder knows; returns all hours."""
    unknown = unknown_hours(found, {hour.hour for hour in hours})
    if unknown:
        history.keep_hours(band, unknown)
    return sorted([*hours, *unknown], key=lambda hour: hour.hour)


def _are_alike(held: Mapping[str, Curve], wanted: Mapping[str, Curve]) -> bool:
    return all(is_alike(held[key], curve) for key, curve in wanted.items())
