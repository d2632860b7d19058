"""Which dialog has a band in hands, so that two people do not pair it at the same time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

LONGEST_PAUSE: Final = timedelta(minutes=15)
"""How long a dialog keeps a band in which nobody does anything: a browser that was closed does not
end its dialog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    flow_id: str
    until: float


_CLAIMS: Final[HassKey[dict[str, _Claim]]] = HassKey("mi_band_claims")


@callback
def async_claim(hass: HomeAssistant, address: str, flow_id: str) -> bool:
    """Take a band in hands, or keep it there; returns whether no other dialog has it."""
    claims = hass.data.setdefault(_CLAIMS, {})
    now = hass.loop.time()
    held = claims.get(address)
    if held is not None and held.flow_id != flow_id and now < held.until:
        return False
    claims[address] = _Claim(flow_id=flow_id, until=now + LONGEST_PAUSE.total_seconds())
    return True


@callback
def async_release(hass: HomeAssistant, flow_id: str) -> None:
    """Let go of every band that a dialog had in hands."""
    claims = hass.data.get(_CLAIMS, {})
    for address in [address for address, held in claims.items() if held.flow_id == flow_id]:
        del claims[address]


@callback
def async_end_offers(hass: HomeAssistant, address: str, *, but: str | None = None) -> None:
    """End every dialog that would set up the band of an address, but for one."""
    flows = hass.config_entries.flow
    for flow in flows.async_progress_by_handler(DOMAIN, include_uninitialized=True):
        if flow["context"].get("unique_id") == address and flow["flow_id"] != but:
            flows.async_abort(flow["flow_id"])


@callback
def async_end_dialogs(hass: HomeAssistant, entry_id: str) -> None:
    """End every dialog that would change the band of an entry."""
    flows = hass.config_entries.flow
    for flow in flows.async_progress_by_handler(DOMAIN, include_uninitialized=True):
        if flow["context"].get("entry_id") == entry_id:
            flows.async_abort(flow["flow_id"])
