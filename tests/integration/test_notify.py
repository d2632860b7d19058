"""Messages appear on the wrist, whole or cut, and never break."""

import asyncio
from datetime import timedelta
from functools import partial

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
import voluptuous as vol

from custom_components.mi_band import alert_queue
from custom_components.mi_band.wrist_actions import LOOKS
from tests.emulator.backend import AttachedScanner

from .bands import MakeBand
from .flow import KEY
from .house import House, entry_of, until


async def test_a_message_appears_with_its_title(house: House) -> None:
    await house.act(
        "notify", "wrist", "send_message", message="The washing is done", title="Laundry"
    )
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert (alert["title"], alert["body"]) == ("Laundry", "The washing is done")
    assert "The washing is done" in house.band.screen.text
    assert house.band.vibrations == 1


async def test_a_message_without_a_title_comes_from_home_assistant(house: House) -> None:
    await house.act("notify", "wrist", "send_message", message="Dinner")
    await until(lambda: house.on_band("alerts"))
    assert house.on_band("alerts")[0]["title"] == "Home Assistant"


@pytest.mark.parametrize(
    "text", ["x" * 600, "Ω" * 300, "🎉" * 200, "a" + "家" * 400], ids=str.__len__
)
async def test_a_long_message_is_cut_between_two_characters(house: House, text: str) -> None:
    await house.act("notify", "wrist", "send_message", message=text)
    await until(lambda: house.on_band("alerts"))
    body = house.on_band("alerts")[0]["body"]
    assert text.startswith(body)
    assert len(body.encode()) > 180


async def test_the_entity_tells_when_the_last_message_went_out(house: House) -> None:
    assert house.value("notify", "wrist") == STATE_UNKNOWN
    await house.act("notify", "wrist", "send_message", message="Dinner")
    assert house.value("notify", "wrist") != STATE_UNKNOWN


async def test_a_message_that_did_not_arrive_is_an_error(house: House) -> None:
    house.band.faults.cut_after(1)
    # Long enough for two chunks; the second does not get through.
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.act("notify", "wrist", "send_message", message="x" * 300)
    assert house.value("notify", "wrist") in {STATE_UNAVAILABLE, STATE_UNKNOWN}


async def test_the_wrist_is_unavailable_without_the_band(house: House) -> None:
    await house.lose_band()
    assert house.value("notify", "wrist") == STATE_UNAVAILABLE


# The action of the integration


async def test_the_action_shows_title_icon_and_app(house: House) -> None:
    await house.call(
        "notify", message="It rains", title="Garden", icon="weather", app_name="Rain sensor"
    )
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert (alert["title"], alert["body"]) == ("Garden", "It rains")
    assert (alert["icon"], alert["app"]) == (LOOKS["weather"].value, "Rain sensor")


async def test_the_action_leaves_out_what_is_not_given(house: House) -> None:
    await house.call("notify", message="It rains")
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert (alert["title"], alert["app"]) == ("Home Assistant", "Home Assistant")
    assert alert["icon"] == LOOKS["app"].value


async def test_every_look_reaches_the_screen(house: House) -> None:
    for number, look in enumerate(LOOKS, start=1):
        # There are more looks than a wrist gets alerts of one priority within an hour.
        priority = "high" if number % 2 else "normal"
        await house.call("notify", message=f"As {look}", icon=look, priority=priority)
        await until(partial(_has_alerts, house, number))
        assert f"As {look}" in house.band.screen.text


def _is_last_alert(house: House, body: str) -> bool:
    return [alert["body"] for alert in house.on_band("alerts")][-1:] == [body]


def _has_alerts(house: House, number: int) -> bool:
    return len(house.on_band("alerts")) == number


async def test_the_action_counts_as_the_last_message_too(house: House) -> None:
    await house.call("notify", message="It rains")
    assert house.value("notify", "wrist") != STATE_UNKNOWN


async def test_a_long_text_is_split_into_numbered_alerts(house: House) -> None:
    words = [f"word{number:02}" for number in range(60)]
    answer = await house.call("notify", message=" ".join(words), title="News", split=True)
    assert answer == {"outcome": "shown"}
    alerts = house.on_band("alerts")
    assert [alert["title"] for alert in alerts] == ["News 1/2", "News 2/2"]
    assert " ".join(alert["body"] for alert in alerts).split() == words
    assert house.band.vibrations == 2


async def test_a_message_is_repeated_as_often_as_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_queue, "REPEAT_PAUSE", timedelta())
    await house.call("notify", message="It rains", repeat=3)
    assert [alert["body"] for alert in house.on_band("alerts")] == ["It rains"] * 3


async def test_a_message_that_is_cancelled_half_way_does_not_spoil_the_next_one(
    make_band: MakeBand, bluetooth_scanner: AttachedScanner, hass: HomeAssistant
) -> None:
    band = await make_band(key=KEY, mtu=23)
    house = House(hass, band, entry_of(hass, band))
    await house.set_up()
    await house.until_connected()
    await house.until_synced()
    for turns in range(12):
        sending = hass.async_create_task(house.call("notify", message="x" * 150))
        # As a script does that is started anew.
        for _ in range(turns):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        await house.call("notify", message=f"Next {turns}", priority="high")
        await until(partial(_is_last_alert, house, f"Next {turns}"))
    assert not band.violations
    await house.unload()


@pytest.mark.parametrize("fields", [{"repeat": 0}, {"repeat": 6}, {"priority": "urgent"}], ids=str)
async def test_fields_that_make_no_sense_are_refused(
    house: House, fields: dict[str, object]
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("notify", message="It rains", **fields)


async def test_what_the_font_lacks_is_replaced_when_asked(house: House) -> None:
    fields = {"message": "שלום \N{BELL} Ada", "title": "한국", "app_name": "\N{DOOR}"}
    await house.call("notify", **fields, transliterate=True)
    await house.call("notify", **fields)
    written, as_it_is = house.on_band("alerts")
    assert (written["title"], written["body"], written["app"]) == ("hangug", "shlvm Ada", "door")
    assert as_it_is["body"] == "שלום \N{BELL} Ada"


async def test_the_option_replaces_where_a_message_does_not_say(house: House) -> None:
    await house.choose(transliterate=True)
    await house.act("notify", "wrist", "send_message", message="\N{BELL} 한국", title="\N{DOOR}")
    await house.call("notify", message="한국")
    await house.call("notify", message="한국", transliterate=False)
    assert [(alert["title"], alert["body"]) for alert in house.on_band("alerts")] == [
        ("door", "hangug"),
        ("Home Assistant", "hangug"),
        ("Home Assistant", "한국"),
    ]


# While the band is away


async def test_a_message_waits_for_the_band_when_that_was_chosen(house: House) -> None:
    await house.choose(notify_when_away=10)
    await house.lose_band()
    assert await house.call("notify", message="Later", title="T") == {"outcome": "waiting"}
    await house.act("notify", "wrist", "send_message", message="Later still")
    urgent = await house.call("notify", message="First", priority="high")
    assert urgent == {"outcome": "waiting"}
    assert house.on_band("alerts") == []
    await house.bring_band_back()
    await until(partial(_has_alerts, house, 3))
    assert [alert["body"] for alert in house.on_band("alerts")] == ["First", "Later", "Later still"]


async def test_a_message_waits_on_while_the_options_change(house: House) -> None:
    await house.choose(notify_when_away=10)
    await house.lose_band()
    assert await house.call("notify", message="Fire", priority="high") == {"outcome": "waiting"}
    assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.bring_band_back()
    await until(partial(_has_alerts, house, 1))


async def test_nothing_waits_for_a_band_that_was_removed(house: House) -> None:
    await house.choose(notify_when_away=10)
    await house.lose_band()
    await house.call("notify", message="Fire")
    assert await house.hass.config_entries.async_remove(house.entry.entry_id)
    again = House(house.hass, house.band, entry_of(house.hass, house.band))
    await again.set_up()
    await again.bring_band_back()
    await again.until_synced()
    assert again.entry.runtime_data.alerts.waiting == 0
    assert house.on_band("alerts") == []
    await again.unload()


async def test_what_was_shown_when_the_link_broke_is_not_shown_again(house: House) -> None:
    await house.choose(notify_when_away=10)
    # The first of three alerts arrives; the second is cut off within.
    house.band.faults.cut_after(2)
    answer = await house.call("notify", message="word " * 100, split=True, title="T")
    assert answer == {"outcome": "waiting"}
    await until(partial(_has_alerts, house, 3))
    assert [alert["title"] for alert in house.on_band("alerts")] == ["T 1/3", "T 2/3", "T 3/3"]


async def test_where_nothing_waits_the_notifier_is_unavailable_and_where_it_waits_it_is_not(
    house: House,
) -> None:
    await house.lose_band()
    assert house.value("notify", "wrist") == STATE_UNAVAILABLE
    await house.bring_band_back()
    await house.choose(notify_when_away=10)
    await house.lose_band()
    assert house.value("notify", "wrist") != STATE_UNAVAILABLE


async def test_an_automation_that_does_not_come_to_rest_is_held_up_and_told_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = [(await house.call("notify", message="Flap"))["outcome"] for _ in range(34)]
    assert outcomes == ["shown"] * 30 + ["limited"] * 4
    await house.act("notify", "wrist", "send_message", message="Flap")
    assert house.band.vibrations == 30
    assert caplog.text.count("more than 30 alerts an hour") == 1
