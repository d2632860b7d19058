"""The options of a band, by clicking: its link is let go, and made again for a message."""

from pathlib import Path

import pytest

from .pages import Visit
from .street import Street, add_with_key, entities, until_connected

LONGEST_VISIT_S = 300.0
"""Two weeks of minutes, and the time that the link lingers."""
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def until_let_go(wearer: Visit) -> None:
    """Wait until everything is read and nobody holds the band; that takes as long as it lingers."""
    here = wearer.home
    (last_sync,) = (one for one in await entities(here) if one.endswith("_last_sync"))

    async def let_go() -> bool:
        synced = (await here.server.states())[last_sync].state not in {"unknown", "unavailable"}
        return synced and not (await here.lab.state())["connected"]

    await here.server.until(let_go, what="the band is let go", timeout_s=LONGEST_VISIT_S)


async def test_a_band_is_let_go_and_reached_again_for_a_message(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await add_with_key(wearer)
        await until_connected(wearer)
        await wearer.ha.goto(f"{wearer.home.server.url}/config/integrations/integration/mi_band")
        await wearer.ha.get_by_role("button", name="Configure").click()
        await wearer.choose("Options")
        await wearer.see("Hold the connection", "options")
        await wearer.choose("From time to time: to read the band, and for what is sent to it")
        await wearer.shoot(wearer.ha, "chosen")
        await wearer.press("Submit")
        await wearer.see("Options successfully saved.", "saved")
        await until_let_go(wearer)
        await wearer.open_device()
        await wearer.see_value("Connected", "Disconnected", "device")
        await wearer.send_message("Kitchen", "The soup is ready")
        await wearer.see_on_band("The soup is ready", "on-band")
        await wearer.ha.bring_to_front()
        await until_let_go(wearer)
        states = await wearer.home.server.states()
        acting = [name for name in states if name.startswith(("button.", "notify.", "switch."))]
        assert acting
        assert [name for name in acting if states[name].state == "unavailable"] == []
