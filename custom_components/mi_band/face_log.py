"""Which watch faces were put on a band from here, and a picture of the last one.

A band does not tell what it shows, and takes another one from any telephone: this is what was
installed, not what is there.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .band.errors import FileRefused
from .band.files import BandFile
from .const import DOMAIN
from .face_picture import draw_face

MOST_FACES: Final = 20
"""Those before are forgotten."""
VERSION: Final = 1

type _Kept = dict[str, Any]
"""Any, because that is what Home Assistant's storage takes and gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledFace:
    """A watch face that a band took."""

    name: str
    """What its file is called, or its checksum where nobody told."""
    installed_at: datetime
    size: int
    """Bytes."""


def face_store(hass: HomeAssistant, entry_id: str) -> Store[_Kept]:
    """Return where the faces of an entry's band are kept."""
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}.watch_faces", private=True)


class FaceLog:
    """The faces of one band."""

    def __init__(self, hass: HomeAssistant, entry_id: str, changed: Callable[[], None]) -> None:
        self.installed: tuple[InstalledFace, ...] = ()
        """The last one first."""
        self.picture: bytes | None = None
        """The last one as a PNG file; None when nothing of it can be drawn."""
        self._hass = hass
        self._store = face_store(hass, entry_id)
        self._changed = changed

    async def async_load(self) -> None:
        """Remember what was kept."""
        kept = await self._store.async_load()
        if kept is None:
            return
        self.installed = tuple(_face(face) for face in kept["installed"])
        self.picture = b64decode(kept["picture"]) if kept["picture"] else None

    async def async_note(self, file: BandFile) -> None:
        """Note a face that the band has taken now."""
        face = InstalledFace(
            name=file.name or f"{file.checksum:08x}",
            installed_at=dt_util.utcnow(),
            size=len(file.content),
        )
        try:
            picture = await self._hass.async_add_executor_job(draw_face, file.content)
        except FileRefused:
            # The band took it, so it is good; it only has something that nobody here knows.
            picture = None
        await self._async_keep((face, *self.installed)[:MOST_FACES], picture)

    async def async_forget(self) -> None:
        """Forget all of them."""
        if self.installed:
            await self._async_keep((), None)

    async def _async_keep(
        self, installed: tuple[InstalledFace, ...], picture: bytes | None
    ) -> None:
        self.installed, self.picture = installed, picture
        self._changed()
        await self._store.async_save(
            {
                "installed": [asdict(face) for face in installed],
                "picture": b64encode(picture).decode("ascii") if picture else None,
            }
        )


def _face(kept: _Kept) -> InstalledFace:
    moment = dt_util.parse_datetime(kept["installed_at"], raise_on_error=True)
    return replace(InstalledFace(**kept), installed_at=moment)
