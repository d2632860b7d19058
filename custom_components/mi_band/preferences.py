"""What a wearer prefers on a band, as a page asked it and Home Assistant's settings have it."""

from .band.settings import (
    AUTO,
    DISTANCE_UNIT,
    LANGUAGE,
    LOCALES,
    STEP_GOAL,
    TIME_FORMAT,
    WEAR_LOCATION,
    Values,
)
from .wearer import ProfileInput


def chosen_on_page(profile: ProfileInput) -> Values:
    """Return the settings that are chosen on the page about the wearer, when a band is added.

    The page decides how they begin. From then on they are what the entities show, and what is kept
    of the page tells nothing of them.
    """
    return {
        STEP_GOAL.key: int(profile["step_goal"]),
        WEAR_LOCATION.key: str(profile["wrist"]),
        LANGUAGE.key: str(profile["language"]),
        TIME_FORMAT.key: str(profile["time_format"]),
        DISTANCE_UNIT.key: str(profile["distance_unit"]),
    }


def resolved(chosen: Values, language_tag: str) -> Values:
    """Return what a band is to be told, with a language that it has in the place of none.

    Args:
        chosen: settings by their keys.
        language_tag: of Home Assistant's language.
    """
    if chosen.get(LANGUAGE.key) != AUTO:
        return chosen
    return {**chosen, LANGUAGE.key: closest_language(language_tag)}


def closest_language(tag: str) -> str:
    """Return the band's language for a tag such as pt-BR; English where it has none."""
    wanted = tag.replace("-", "_").casefold()
    if wanted in {"zh_hant", "zh_hk"}:
        return "chinese_traditional"
    same = [name for name, locale in LOCALES.items() if locale.casefold() == wanted]
    kin = [
        name
        for name, locale in LOCALES.items()
        if locale.partition("_")[0] == wanted.partition("_")[0]
    ]
    return next(iter(same + kin), "english")
