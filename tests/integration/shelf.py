"""The library of files, as tests fill it."""

from collections.abc import AsyncGenerator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mi_band.firmware_library import async_get_library

from .house import House


@pytest.fixture
async def folder(hass: HomeAssistant) -> AsyncGenerator[Path]:
    """Provide the folder of the library, which is empty after the test."""
    folder = Path(hass.config.path("mi_band"))
    await hass.async_add_executor_job(lambda: folder.mkdir(exist_ok=True))
    yield folder

    def clear() -> None:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    await hass.async_add_executor_job(clear)


async def put(house: House, folder: Path, name: str, content: bytes) -> str:
    """Copy a file into the library; returns how an action names it."""
    await house.hass.async_add_executor_job((folder / name).write_bytes, content)
    await async_get_library(house.hass).async_look()
    return f"{folder.name}/{name}"
