"""Reminders: the action and the bytes that it sends."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from tests.vectors import reminders as vectors

from .house import House, until

_FIRST_SLOT = 9
"""Of those that are not the calendar's."""


@pytest.fixture
async def berlin(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")


def _sent(house: House) -> list[bytes]:
    return [
        bytes.fromhex(message["payload"])
        for message in house.on_band("messages")
        if message["type"] == 2
    ]


def _to_come(packet: bytes) -> bytes:
    """Return a documented packet for the first slot, and for a year that is not over.

    In 2080 (20 08) the days of the week are those of 2024 (e8 07).
    """
    packet = packet[:1] + bytes((_FIRST_SLOT,)) + packet[2:]
    return packet.replace(b"\xe8\x07", b"\x20\x08")


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("fields", "packet"),
    [
        ({"text": "Take pills", "when": "2080-05-20 09:00:00"}, vectors.REMINDERS[0].packet),
        (
            {"text": "Gym", "when": "2080-05-20 18:30:00", "repeat": "weekly"},
            vectors.REMINDERS[1].packet,
        ),
        # Seven in the morning in London's winter is nine in Berlin's summer.
        ({"text": "Take pills", "when": "2080-05-20T07:00:00Z"}, vectors.REMINDERS[0].packet),
        ({"remove": True}, vectors.EMPTY.packet),
    ],
    ids=["once", "weekly", "in another zone", "remove"],
)
async def test_the_action_writes_the_documented_bytes(
    house: House, fields: dict[str, object], packet: bytes
) -> None:
    await house.call("set_reminder", reminder=1, **fields)
    assert _sent(house) == [_to_come(packet)]


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ("daily", (0x7F, False, False)),
        ("weekly", (0x02, False, False)),
        ("monthly", (0, True, False)),
        ("yearly", (0, False, True)),
    ],
)
async def test_a_repetition_reaches_the_band(
    house: House, repeat: str, expected: tuple[int, bool, bool]
) -> None:
    # A Tuesday long ago: what comes again may have begun.
    await house.call(
        "set_reminder", reminder=13, text="Bins", when="2024-01-02 06:00:00", repeat=repeat
    )
    held = house.on_band("reminders", "21")
    assert (held["weekdays"], held["monthly"], held["yearly"]) == expected


async def test_a_reminder_is_removed(house: House) -> None:
    await house.call("set_reminder", reminder=2, text="Bins", when="2080-05-20 06:00:00")
    assert house.on_band("reminders").keys() == {"10"}
    await house.call("set_reminder", reminder=2, remove=True)
    assert house.on_band("reminders") == {}


async def test_a_moment_that_is_over_is_refused(house: House) -> None:
    with pytest.raises(ServiceValidationError, match="over"):
        await house.call("set_reminder", reminder=1, text="Bins", when="2024-01-02 06:00:00")
    assert _sent(house) == []


@pytest.mark.parametrize("fields", [{}, {"text": "Bins"}, {"when": "2080-05-20 06:00:00"}], ids=str)
async def test_a_reminder_without_content_is_refused(
    house: House, fields: dict[str, object]
) -> None:
    with pytest.raises(ServiceValidationError, match="needs a text"):
        await house.call("set_reminder", reminder=1, **fields)


@pytest.mark.parametrize(
    "fields",
    [{}, {"reminder": 0}, {"reminder": 14}, {"reminder": 1, "repeat": "hourly"}],
    ids=str,
)
async def test_a_reminder_that_makes_no_sense_is_refused(
    house: House, fields: dict[str, object]
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("set_reminder", **fields)


async def test_a_reminder_for_a_band_that_is_away_is_an_error(house: House) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("set_reminder", reminder=1, text="Bins", when="2080-05-20 06:00:00")
    assert caught.value.translation_key == "not_connected"


@pytest.mark.parametrize("operation", [1, 2])
async def test_a_reminder_that_is_cut_is_an_error(house: House, operation: int) -> None:
    house.band.faults.cut_after(operation)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.call("set_reminder", reminder=1, text="Bins", when="2080-05-20 06:00:00")
    assert house.entry.runtime_data.data.slots.reminders == ()


async def _cut_off(house: House, **fields: object) -> None:
    """Lose the link with the answer to a reminder, and get it back."""
    links = house.on_band("connections")
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.call("set_reminder", reminder=1, **fields)
    await until(lambda: house.on_band("connections") > links)
    await house.until_connected()


async def test_a_reminder_whose_answer_is_lost_is_there_or_not_as_was_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta(milliseconds=20))
    # From now on a reminder is one write.
    await house.call("notify", message="Hello")
    await _cut_off(house, text="Gym", when="2080-05-20 18:30:00")
    assert _sent(house), "it has reached the band"
    await until(lambda: house.on_band("reminders") == {})
    await house.call("set_reminder", reminder=1, text="Pills", when="2080-05-20 09:00:00")
    await house.call("notify", message="Hello")
    before = house.on_band("reminders")
    coordinator = house.entry.runtime_data
    await _cut_off(house, remove=True)
    await until(lambda: not coordinator.data.slots.in_doubt)
    assert house.on_band("reminders") == before
    assert [reminder.text for reminder in coordinator.data.slots.reminders] == ["Pills"]


async def test_a_doubt_outlives_a_restart(house: House) -> None:
    await house.call("notify", message="Hello")
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.call("set_reminder", reminder=1, text="Gym", when="2080-05-20 18:30:00")
    house.band.faults.out_of_range(value=True)
    assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    assert house.on_band("reminders") != {}
    await house.bring_band_back()
    await until(lambda: house.on_band("reminders") == {})
