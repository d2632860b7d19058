"""Going through pages as a browser does: over HTTP, with every answer kept as it was sent."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant

from .flow import DOMAIN, shown
from .house import until

_FLOW = "/api/config/config_entries/flow"
_ENDS = {"create_entry", "abort"}

type Page = dict[str, Any]
type Given = Mapping[str, object]
type Answers = Mapping[str, Sequence[Given]]
"""What is answered on each page: at first, then, ..."""


class Browser:
    """Shows the pages of the config flow.

    Attributes:
        sent: what the browser was sent, by the name of the page.
        meanwhile: what is done while a progress page is shown.
    """

    def __init__(self, hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
        self.hass = hass
        self.client = client
        self.sent: list[tuple[str, str]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def open_card(self, source: str, unique_id: str) -> Page:
        """Open the card that a discovery or a refused key has made."""

        def cards() -> list[str]:
            return [
                flow["flow_id"]
                for flow in self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
                if (flow["context"]["source"], flow["context"].get("unique_id"))
                == (source, unique_id)
            ]

        await until(cards)
        return await self._get(cards()[0])

    async def open_reconfigure(self, entry_id: str) -> Page:
        """Choose to reconfigure a band."""
        return await self._post(_FLOW, {"handler": DOMAIN, "entry_id": entry_id})

    async def walk(self, page: Page, answers: Answers) -> str:
        """Answer page after page.

        Returns:
            How it ended; or the page that has no answer left, with its error.
        """
        left = {step: list(given) for step, given in answers.items()}
        while (page := await self._wait_out(page))["type"] not in _ENDS:
            if not left.get(page["step_id"]):
                self.hass.config_entries.flow.async_abort(page["flow_id"])
                return "/".join((page["step_id"], *(page.get("errors") or {}).values()))
            answer = left[page["step_id"]].pop(0)
            page = await self._post(f"{_FLOW}/{page['flow_id']}", answer)
        return str(page.get("reason", page["type"]))

    async def _wait_out(self, page: Page) -> Page:
        """Come back when a progress page has changed, and not before."""
        async with asyncio.timeout(60):
            while page["type"] == "progress":
                self.meanwhile()
                await asyncio.sleep(0.005)
                if shown(self.hass, page["flow_id"]) != (page["step_id"], page["progress_action"]):
                    page = await self._get(page["flow_id"])
        return page

    async def _get(self, flow_id: str) -> Page:
        async with self.client.get(f"{_FLOW}/{flow_id}") as response:
            return self._keep(await response.text(), await response.json())

    async def _post(self, path: str, data: Given) -> Page:
        async with self.client.post(path, json=data) as response:
            assert response.status == 200, await response.text()
            return self._keep(await response.text(), await response.json())

    def _keep(self, text: str, page: Page) -> Page:
        self.sent.append((f"page {page.get('step_id', page['type'])}", text))
        return page
