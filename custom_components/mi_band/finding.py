"""Who looks for what: somebody for the band, which vibrates, and its wearer for a phone."""

from datetime import timedelta

from homeassistant.core import callback

from .band.events import DeviceEvent
from .band.find import answer_find_phone, keep_vibrating, stop_vibrating, vibrate_once
from .coordinator import MiBandConfigEntry, MiBandCoordinator

_NAME = "find"


async def async_find(coordinator: MiBandCoordinator, duration: timedelta) -> None:
    """Make the band vibrate for a while; returns when it has begun."""
    await coordinator.companions.dismiss(_NAME)
    await coordinator.async_run(vibrate_once)
    coordinator.companions.start(
        _NAME, coordinator.lease.run(lambda link: keep_vibrating(link, duration))
    )


async def async_stop_find(coordinator: MiBandCoordinator) -> None:
    """End the vibration, whoever began it."""
    await coordinator.companions.dismiss(_NAME)
    await coordinator.async_run(stop_vibrating)
    # What was asked for before this may have begun only now, with the link.
    await coordinator.companions.dismiss(_NAME)


@callback
def async_answer_find_phone(entry: MiBandConfigEntry) -> None:
    """Tell the band that its looking for a phone was heard; ends with the entry."""
    coordinator = entry.runtime_data

    @callback
    def answer(event: DeviceEvent) -> None:
        if event in {DeviceEvent.FIND_PHONE_STARTED, DeviceEvent.FIND_PHONE_STOPPED}:
            found = event is DeviceEvent.FIND_PHONE_STOPPED
            coordinator.companions.start(
                "find phone",
                coordinator.lease.run(lambda link: answer_find_phone(link, found=found)),
            )

    entry.async_on_unload(coordinator.async_listen_event(answer))
