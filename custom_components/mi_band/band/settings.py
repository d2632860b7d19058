"""Settings of the 06 family: `06 id 00 value` on the configuration characteristic.

    id   setting        value
    02   time format    00 12 hours, 01 24 hours
    03   distance unit  00 metric, 01 imperial
    17   language       five ASCII characters such as en_US

The band replies `10 06 id 00 01`. Source: protocol-control.md sections 9.4 and 9.5.
"""

from enum import Enum, IntEnum, unique
from typing import Final

from .link import Link
from .wire import write_configuration

_FAMILY = 0x06
_ECHOED = 3


@unique
class TimeFormat(IntEnum):
    """How the band writes the hour."""

    TWELVE_HOURS = 0
    TWENTY_FOUR_HOURS = 1


@unique
class DistanceUnit(IntEnum):
    """In what the band shows a distance."""

    METRIC = 0
    IMPERIAL = 1


@unique
class Language(Enum):
    """The languages that the band's firmware has."""

    ARABIC = "ar_SA"
    GERMAN = "de_DE"
    GREEK = "el_GR"
    ENGLISH = "en_US"
    SPANISH = "es_ES"
    FRENCH = "fr_FR"
    INDONESIAN = "id_ID"
    ITALIAN = "it_IT"
    POLISH = "pl_PL"
    PORTUGUESE = "pt_PT"
    RUSSIAN = "ru_RU"
    THAI = "th_TH"
    TURKISH = "tr_TR"
    UKRAINIAN = "uk_UA"
    VIETNAMESE = "vi_VN"
    CHINESE_SIMPLIFIED = "zh_CN"
    CHINESE_TRADITIONAL = "zh_TW"


type Setting = TimeFormat | DistanceUnit | Language

_IDS: Final[dict[type[Setting], int]] = {TimeFormat: 0x02, DistanceUnit: 0x03, Language: 0x17}


def encode_setting(setting: Setting) -> bytes:
    """Encode a setting as the command that makes it so."""
    value = (
        setting.value.encode("ascii") if isinstance(setting, Language) else bytes((setting.value,))
    )
    return bytes((_FAMILY, _IDS[type(setting)], 0x00)) + value


async def apply_setting(link: Link, setting: Setting) -> None:
    """Make a setting so.

    Raises:
        CommandRefused: the band answered no, for instance for a language it lacks.
    """
    await write_configuration(
        link,
        encode_setting(setting),
        echoed=_ECHOED,
        words=f"the setting {setting.name.lower()}",
    )
