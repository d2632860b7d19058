"""Sees all that Home Assistant writes down or shows while somebody deals with a band.

Everything comes from where a person or a thief would find it: the complete debug log of every
library, the pages and diagnostics as a browser gets them, the files and the storage, and every
error that was made, with those behind it.
"""

from collections.abc import AsyncIterator, Iterator
import json
import logging
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.mi_band.account_errors import AccountError
from custom_components.mi_band.band.errors import BandError
from custom_components.mi_band.system_health import async_info
from tests.account.lab import texts_of
from tests.leaks import texts_of_file

from .flow import DOMAIN
from .http_pages import Browser

# The other side of the air and the storage of the tests, which may say what they like.
_ELSEWHERE = ("bumble", "pytest_homeassistant_custom_component", "tests")
ENTRIES = "core.config_entries"

type Text = tuple[str, str]
"""Where it was seen, and what it says."""


class Witness:
    """Collects what is written and shown."""

    def __init__(
        self, hass: HomeAssistant, storage: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        self.hass = hass
        self._storage = storage
        self._caplog = caplog
        self._errors: list[BaseException] = []

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """See every line of every logger, and every error that may be told, from now on."""
        self._caplog.set_level(logging.DEBUG)
        for name, logger in logging.root.manager.loggerDict.items():
            # Those without a level of their own follow the root.
            quiet = isinstance(logger, logging.Logger) and logger.level > logging.DEBUG
            if quiet and not name.startswith(_ELSEWHERE):
                self._caplog.set_level(logging.DEBUG, name)
        for kind in (BandError, AccountError, HomeAssistantError):
            self._watch_errors(kind, monkeypatch)

    def _watch_errors(self, kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
        make = kind.__init__

        def made(error: Exception, *args: Any, **kwargs: Any) -> None:
            make(error, *args, **kwargs)
            self._errors.append(error)

        monkeypatch.setattr(kind, "__init__", made)

    async def async_texts(self, browser: Browser) -> list[Text]:
        """Return everything that was seen, and what there is to see now."""
        self.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await self.hass.async_block_till_done()
        diagnostics = [text async for text in self._async_diagnostics(browser.client)]
        return [
            *browser.sent,
            *diagnostics,
            *self._stored(),
            *self._files(),
            *self._issues(),
            ("entry", self._entries()),
            ("states", json_dumps([state.as_dict() for state in self.hass.states.async_all()])),
            ("system information", json_dumps(await async_info(self.hass))),
            *(("error", texts_of(error)) for error in self._errors),
            # The last, for what came before may have been logged, too.
            ("log", self._log()),
        ]

    def _log(self) -> str:
        return "\n".join(
            self._caplog.handler.format(record)
            for record in self._caplog.records
            if not record.name.startswith(_ELSEWHERE)
        )

    async def _async_diagnostics(self, client: TestClient[Any, Any]) -> AsyncIterator[Text]:
        registry = dr.async_get(self.hass)
        for entry in self.hass.config_entries.async_loaded_entries(DOMAIN):
            path = f"/api/diagnostics/config_entry/{entry.entry_id}"
            async with client.get(path) as response:
                assert response.status == 200
                yield "diagnostics of the entry", await response.text()
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
                async with client.get(f"{path}/device/{device.id}") as response:
                    # Where an integration has none of its own for a device, there are none.
                    assert response.status in {200, 404}
                    yield "diagnostics of the device", await response.text()

    def _entries(self) -> str:
        """Return the config entries but for the one place that a key has."""
        entries = [entry.as_dict() for entry in self.hass.config_entries.async_entries(DOMAIN)]
        return json_dumps([_without_key(entry) for entry in entries])

    def _stored(self) -> Iterator[Text]:
        for name, content in self._storage.items():
            if name == ENTRIES:
                entries = content["data"]["entries"]
                yield f"storage {name}", json_dumps([_without_key(entry) for entry in entries])
            else:
                yield f"storage {name}", json.dumps(content, default=repr)

    def _files(self) -> Iterator[Text]:
        for path in Path(self.hass.config.config_dir).rglob("*"):
            if path.is_file():
                for text in texts_of_file(path.read_bytes()):
                    yield f"file {path.name}", text

    def _issues(self) -> Iterator[Text]:
        for issue in ir.async_get(self.hass).issues.values():
            yield f"issue {issue.translation_key}", repr(issue)


def _without_key(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["domain"] != DOMAIN:
        return entry
    return {**entry, "data": {**entry["data"], "key": None}}
