"""Commands of the 06 family."""

from custom_components.mi_band.band.settings import DistanceUnit, Language, Setting, TimeFormat

from . import Origin, Vector


def _setting(
    setting: Setting, packet: str, origin: Origin = Origin.COMPUTED, section: str = "9.4"
) -> Vector[Setting]:
    return Vector(
        name=setting.name.lower(),
        packet=bytes.fromhex(packet),
        value=setting,
        origin=origin,
        source=f"protocol-control.md section {section}",
    )


SETTINGS = (
    _setting(Language.ENGLISH, "061700 656e5f5553", Origin.CAPTURED, "9.5"),
    _setting(Language.CHINESE_TRADITIONAL, "061700 7a685f5457", section="9.5"),
    _setting(Language.GERMAN, "061700 64655f4445", section="9.5"),
    _setting(TimeFormat.TWELVE_HOURS, "06020000"),
    _setting(TimeFormat.TWENTY_FOUR_HOURS, "06020001", Origin.CAPTURED, "4.1"),
    _setting(DistanceUnit.METRIC, "06030000"),
    _setting(DistanceUnit.IMPERIAL, "06030001", Origin.CAPTURED, "4.1"),
)

LANGUAGES = (
    "ar_SA de_DE el_GR en_US es_ES fr_FR id_ID it_IT pt_PT pl_PL ru_RU th_TH tr_TR uk_UA vi_VN "
    "zh_CN zh_TW"
)
"""The locales of this model, protocol-control.md section 9.5."""
