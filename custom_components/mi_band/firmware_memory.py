"""What the maker said about a band's firmware, as the JSON of Home Assistant's storage."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .catalogue import Offer, Part, RemoteFile
from .const import DOMAIN

VERSION: Final = 1
FRESH: Final = timedelta(hours=36)
"""How long an answer holds when no other follows it."""

type Kept = dict[str, Any]
"""Any, because that is what Home Assistant's storage takes and gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the maker knew when it was asked."""

    asked: datetime
    about: str
    """The version that the band had."""
    offer: Offer | None
    """None when there was nothing newer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What outlives a restart."""

    due: datetime | None = None
    """When to ask again; None when nobody has asked yet."""
    failures: int = 0
    """Questions in a row that nobody answered."""
    answer: Answer | None = None
    """To the last question, if there was one."""

    @property
    def fresh(self) -> Answer | None:
        """The answer, while it holds."""
        if self.answer is None:
            return None
        # One from the future was given under a clock that was wrong.
        age = abs(dt_util.utcnow() - self.answer.asked)
        return self.answer if age < FRESH else None


def firmware_store(hass: HomeAssistant, entry_id: str) -> Store[Kept]:
    """Return where it is kept what the maker said of an entry's band."""
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}.firmware", private=True)


async def async_load_memory(hass: HomeAssistant, entry_id: str) -> Memory:
    """Return what is known of the maker's answers."""
    kept = await firmware_store(hass, entry_id).async_load()
    if kept is None:
        return Memory()
    answer = kept["answer"]
    return Memory(
        due=_moment(kept["due"]),
        failures=kept["failures"],
        answer=None if answer is None else _decode_answer(answer),
    )


def _decode_answer(kept: Kept) -> Answer | None:
    asked = _moment(kept["asked"])
    offer = kept["offer"]
    if asked is None:
        return None
    return Answer(
        asked=asked,
        about=kept["about"],
        offer=(
            Offer(
                **offer
                | {
                    "files": tuple(
                        RemoteFile(**file | {"part": Part(file["part"])}) for file in offer["files"]
                    )
                }
            )
            if offer
            else None
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return dt_util.parse_datetime(text) if text else None


async def async_told(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, Any]:
    """Return what helps to find out why newer firmware is or is not known."""
    memory = await async_load_memory(hass, entry.entry_id)
    answer = memory.answer
    offer = answer.offer if answer else None
    return {
        "due": memory.due.isoformat() if memory.due else None,
        "unanswered_in_a_row": memory.failures,
        "answered": answer.asked.isoformat() if answer else None,
        "about": answer.about if answer else None,
        "offered": offer.version if offer else None,
        "fault": offer.fault if offer else None,
    }
