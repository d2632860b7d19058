"""The long-term statistics, in a real recorder: they say what the store says, whatever happens."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mi_band import ledger, statistics as module
from custom_components.mi_band.archive import Archive
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.history import History
from custom_components.mi_band.series import statistic_id
from custom_components.mi_band.statistics import async_clear_statistics

from .projected import (
    ACTIVE,
    ADA,
    BOB,
    DAY,
    DEEP,
    FIRST,
    HOUR,
    LIGHT,
    NO_CHANGE,
    WOKE_UP,
    Band,
    run,
)


@pytest.fixture(autouse=True)
def find_our_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components."""


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Make the recorder ready before Home Assistant is."""


@pytest.fixture
async def recorder(recorder_mock: Recorder) -> Recorder:
    """Provide the recorder, started."""
    return recorder_mock


@pytest.fixture
def archive(recorder: Recorder, hass: HomeAssistant, history: History) -> Archive:
    """Provide the store as the event loop uses it."""
    return Archive(hass, history, lambda damaged: damaged)


@pytest.fixture
def ada(hass: HomeAssistant, archive: Archive) -> Band:
    return Band(hass, archive)


async def test_each_hour_tells_what_its_minutes_add_up_to(ada: Band) -> None:
    await ada.commit(DAY)
    await ada.project()
    told = await ada.told()
    assert told["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}
    # 0.415 of 2 m a step.
    assert told["distance"] == {0: (0.498,), 6: (0.996,), 7: (0.996,)}
    assert told["calories"] == {0: (19.92,), 6: (39.84,), 7: (39.84,)}
    assert told["heart_rate"] == {
        0: (70, 70, 70),
        2: (50, 50, 50),
        3: (49, 48, 50),
        4: (48, 48, 48),
        6: (90, 90, 90),
        7: (90, 90, 90),
    }
    assert told["sleep_light"] == {2: (60,), 3: (30,)}
    assert told["sleep_deep"] == {3: (30,), 4: (60,)}
    assert "sleep_awake" not in told
    assert not await ada.marked()


async def test_a_statistic_is_named_after_the_band_and_has_its_unit(
    hass: HomeAssistant, ada: Band
) -> None:
    await ada.commit(DAY)
    await ada.project()
    metadata = await _metadata(hass)
    assert {
        which: (one["name"], one["unit_of_measurement"], one["source"])
        for which, one in metadata.items()
    } == {
        f"mi_band:{ADA}_steps": ("Ada Steps (history)", "steps", "mi_band"),
        f"mi_band:{ADA}_distance": ("Ada Distance (history)", "km", "mi_band"),
        f"mi_band:{ADA}_calories": ("Ada Calories (history)", "kcal", "mi_band"),
        f"mi_band:{ADA}_heart_rate": ("Ada Heart rate (history)", "bpm", "mi_band"),
        f"mi_band:{ADA}_sleep_light": ("Ada Light sleep (history)", "min", "mi_band"),
        f"mi_band:{ADA}_sleep_deep": ("Ada Deep sleep (history)", "min", "mi_band"),
    }


async def test_a_new_name_of_the_band_is_taken_over(hass: HomeAssistant, ada: Band) -> None:
    await ada.commit(DAY)
    await ada.project()
    before = await ada.told()
    ada.name = "Ada's new band"
    ada.restart()
    await ada.project()
    names = {one["name"] for one in (await _metadata(hass)).values()}
    assert "Ada's new band Steps (history)" in names
    assert all(name and name.startswith("Ada's new band ") for name in names)
    assert await ada.told() == before


async def test_a_unit_that_somebody_changed_is_put_right(hass: HomeAssistant, ada: Band) -> None:
    await ada.commit(DAY)
    await ada.project()
    before = await ada.told()
    get_instance(hass).async_change_statistics_unit(
        statistic_id(ADA, "distance"), new_unit_of_measurement="mi", old_unit_of_measurement="km"
    )
    await get_instance(hass).async_block_till_done()
    await ada.commit(run(FIRST + 480, 1, ACTIVE))
    await ada.project()
    assert await ada.told() == before


async def test_what_is_there_already_is_not_written_again(
    ada: Band, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.commit(DAY)
    await ada.project()
    written: list[datetime] = []

    def write(
        hass: HomeAssistant, metadata: StatisticMetaData, rows: Sequence[StatisticData]
    ) -> None:
        written.extend(row["start"] for row in rows)
        async_add_external_statistics(hass, metadata, rows)

    monkeypatch.setattr(module, "async_add_external_statistics", write)
    await ada.commit([*DAY, *run(FIRST + 480, 20, ACTIVE, steps=1)])
    await ada.project()
    assert {round(start.timestamp()) // 3600 - HOUR for start in written} == {8}
    ada.restart()
    await ada.project()
    assert len(written) == len(("steps", "distance", "calories"))


async def test_minutes_that_come_late_move_everything_after_them(ada: Band) -> None:
    await ada.commit(DAY[60:])
    await ada.project()
    assert (await ada.told())["steps"] == {6: (1200,), 7: (1200,)}
    await ada.commit(DAY[:60])
    await ada.project()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


async def test_a_night_that_goes_on_changes_hours_before_its_new_minutes(ada: Band) -> None:
    await ada.commit([*run(FIRST, 58, ACTIVE), *run(FIRST + 58, 4, LIGHT)])
    await ada.project()
    assert "sleep_light" not in await ada.told()
    await ada.commit(run(FIRST + 62, 10, NO_CHANGE))
    await ada.project()
    assert (await ada.told())["sleep_light"] == {0: (2,), 1: (12,)}


async def test_a_reading_that_was_none_loses_its_row(ada: Band) -> None:
    await ada.commit(DAY)
    await ada.project()
    await ada.commit(run(FIRST, 60, ACTIVE, steps=10, bpm=255))
    await ada.project()
    told = await ada.told()
    assert [*told["heart_rate"]] == [2, 3, 4, 6, 7]
    assert told["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


# What people cut, and how it comes


def _life(random: Random) -> list[Minute]:
    minutes: list[Minute] = []
    at = FIRST
    for _ in range(random.randrange(2, 25)):
        at += random.choice((0, 0, 0, 1, 6, 59, 60, 61, 200))
        count = random.randrange(1, 100)
        kind = random.choice((ACTIVE, 0x02, 0x03, NO_CHANGE, NO_CHANGE, LIGHT, DEEP, WOKE_UP))
        steps, bpm = random.choice((0, 0, 30)), random.choice((255, 0, 60, 75))
        minutes += run(at, count, kind, steps=steps, bpm=bpm)
        at += count
    return minutes


@pytest.mark.parametrize("seed", range(25))
async def test_the_order_in_which_minutes_come_does_not_matter(
    hass: HomeAssistant, archive: Archive, ada: Band, seed: int
) -> None:
    random = Random(seed)  # noqa: S311  the same life for a seed, no secret
    minutes = _life(random)
    cuts = sorted(random.choices(range(len(minutes)), k=random.randrange(1, 6)))
    pieces = [
        minutes[max(0, start - 10) : end]
        for start, end in zip([0, *cuts], [*cuts, len(minutes)], strict=True)
    ]
    if seed % 2:
        random.shuffle(pieces)
    for piece in pieces:
        await ada.commit(piece)
        await ada.project()
    bob = Band(hass, archive, BOB)
    await bob.commit(minutes)
    await bob.project()
    told = await ada.told()
    assert told == await bob.told()
    await ada.rebuild()
    assert await ada.told() == told


# What goes wrong


async def test_without_a_recorder_everything_waits_for_one(hass: HomeAssistant, ada: Band) -> None:
    hass.config.components.remove("recorder")
    await ada.commit(DAY)
    await ada.project()
    assert await ada.marked()
    with pytest.raises(HomeAssistantError) as caught:
        await ada.rebuild()
    assert caught.value.translation_key == "no_recorder"
    hass.config.components.add("recorder")
    await ada.project()
    assert not await ada.marked()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


async def test_a_recorder_that_is_held_up_gets_it_later(
    hass: HomeAssistant, ada: Band, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.commit(DAY)
    recorder = get_instance(hass)
    # As a backup does.
    assert await recorder.lock_database()
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "TIMEOUT", timedelta(milliseconds=50))
        with pytest.raises(HomeAssistantError) as caught:
            await ada.project()
    assert caught.value.translation_key == "statistics_unavailable"
    assert await ada.marked()
    assert recorder.unlock_database()
    await ada.project()
    assert not await ada.marked()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


async def test_a_recorder_that_never_came_up_is_told(
    hass: HomeAssistant, ada: Band, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.commit(DAY)
    ready = hass.loop.create_future()
    ready.set_result(False)
    monkeypatch.setattr(get_instance(hass), "async_db_ready", ready)
    with pytest.raises(HomeAssistantError) as caught:
        await ada.project()
    assert caught.value.translation_key == "statistics_unavailable"
    assert await ada.marked()


async def test_rows_that_the_recorder_lost_are_missed(
    ada: Band, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.commit(DAY)
    with monkeypatch.context() as patch:
        patch.setattr(
            module,
            "async_add_external_statistics",
            lambda hass, metadata, rows: async_add_external_statistics(hass, metadata, rows[:1]),
        )
        with pytest.raises(HomeAssistantError) as caught:
            await ada.project()
    assert caught.value.translation_key == "statistics_unavailable"
    assert await ada.marked()
    await ada.project()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


async def test_it_can_be_cut_at_every_write(ada: Band, monkeypatch: pytest.MonkeyPatch) -> None:
    await ada.commit(DAY[:200])
    await ada.project()
    await ada.commit([*run(FIRST - 60, 60, ACTIVE, steps=1), *DAY])
    writes = 0
    for cut in range(20):
        left = cut

        def write(
            hass: HomeAssistant, metadata: StatisticMetaData, rows: Sequence[StatisticData]
        ) -> None:
            nonlocal left, writes
            if not left:
                raise asyncio.CancelledError
            left -= 1
            writes += 1
            async_add_external_statistics(hass, metadata, rows)

        ada.restart()
        with monkeypatch.context() as patch:
            patch.setattr(module, "async_add_external_statistics", write)
            patch.setattr(module, "ROWS_AT_ONCE", 2)
            try:
                await ada.project()
            except asyncio.CancelledError:
                assert await ada.marked()
            else:
                break
    assert not await ada.marked()
    assert writes > 5
    told = await ada.told()
    assert told["steps"] == {-1: (60,), 0: (600,), 6: (1200,), 7: (1200,)}
    await ada.rebuild()
    assert await ada.told() == told


async def test_building_anew_can_be_cut_after_clearing(
    ada: Band, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.commit(DAY)
    await ada.project()
    before = await ada.told()

    def write(hass: HomeAssistant, metadata: object, rows: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(module, "async_add_external_statistics", write)
        with pytest.raises(asyncio.CancelledError):
            await ada.rebuild()
    assert await ada.told() == {}
    ada.restart()
    await ada.project()
    assert await ada.told() == before


async def test_minutes_that_come_meanwhile_are_projected_next(
    ada: Band, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.commit(DAY[:120])

    def write(
        hass: HomeAssistant, metadata: StatisticMetaData, rows: Sequence[StatisticData]
    ) -> None:
        history.commit_minutes(ADA, DAY)
        async_add_external_statistics(hass, metadata, rows)

    with monkeypatch.context() as patch:
        patch.setattr(module, "async_add_external_statistics", write)
        await ada.project()
    assert await ada.marked()
    await ada.project()
    assert not await ada.marked()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


async def test_two_at_once_take_turns(ada: Band) -> None:
    await ada.commit(DAY)
    await asyncio.gather(ada.project(), ada.rebuild(), ada.project())
    assert not await ada.marked()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


# A recorder and a store that do not know the same


@pytest.mark.parametrize("comes_more", [False, True])
async def test_a_recorder_with_another_database_gets_everything_again(
    hass: HomeAssistant, ada: Band, *, comes_more: bool
) -> None:
    await ada.commit(DAY)
    await ada.project()
    before = await ada.told()
    await async_clear_statistics(hass, ADA)
    ada.restart()
    if comes_more:
        await ada.commit(run(FIRST + 480, 60, ACTIVE, steps=1))
    await ada.project()
    told = await ada.told()
    if comes_more:
        assert told["steps"].pop(8) == (60,)
        assert told["distance"].pop(8)
        assert told["calories"].pop(8)
    assert told == before


async def test_a_store_that_was_lost_goes_on_where_the_statistics_ended(
    hass: HomeAssistant, archive: Archive, history: History, ada: Band
) -> None:
    await ada.commit(DAY)
    await ada.project()
    before = await ada.told()
    history.forget(ADA)
    ada.restart()
    await ada.project()
    assert await ada.told() == before
    await ada.commit(run(FIRST + 1440, 60, ACTIVE, steps=1))
    await ada.project()
    told = await ada.told()
    assert told["steps"] == {0: (600,), 6: (1200,), 7: (1200,), 24: (60,)}
    await ada.rebuild()
    assert await ada.told() == told
    await ada.rebuild()
    assert await ada.told() == told


async def test_hours_that_lie_between_lost_ones_are_taken_in(history: History, ada: Band) -> None:
    await ada.commit(DAY)
    await ada.project()
    history.forget(ADA)
    # The band still had these; it had told more of them than now.
    await ada.commit(DAY[:60])
    await ada.project()
    told = await ada.told()
    assert told["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}
    assert told["sleep_deep"] == {3: (30,), 4: (60,)}


async def test_folded_hours_keep_their_statistics(history: History, ada: Band) -> None:
    await ada.commit(DAY)
    await ada.project()
    before = await ada.told()
    assert await ada.projection.async_fold(ada.archive, FIRST + 420) == 420
    assert history.first_minute(ADA) == FIRST + 420
    await ada.rebuild()
    assert await ada.told() == before
    await ada.commit(run(FIRST + 480, 60, ACTIVE, steps=1))
    await ada.project()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,), 8: (60,)}


async def test_what_is_cleared_is_that_of_one_band(
    hass: HomeAssistant, archive: Archive, ada: Band
) -> None:
    bob = Band(hass, archive, BOB)
    await ada.commit(DAY)
    await bob.commit(DAY)
    await ada.project()
    await bob.project()
    await async_clear_statistics(hass, ADA)
    assert await ada.told() == {}
    assert (await bob.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}
    assert all(BOB in which for which in await _metadata(hass))


async def test_a_band_without_minutes_has_no_statistics(hass: HomeAssistant, ada: Band) -> None:
    await ada.project()
    await ada.rebuild()
    assert await _metadata(hass) == {}
    await ada.commit(DAY)
    await ada.project()
    assert (await ada.told())["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}


async def _metadata(hass: HomeAssistant) -> dict[str, StatisticMetaData]:
    found = await get_instance(hass).async_add_executor_job(lambda: get_metadata(hass))
    return {which: one for which, (_, one) in found.items()}
