"""What the stored minutes add up to, hour by hour, so that it does not matter how they came.

A minute can change hours that are long over: a kind that it hands on, a night that it makes longer
or joins with the one before. Only what lies before the last quiet place is out of its reach: a
minute before which nobody slept for an hour, see `quiet_since`. Adding up begins there, so that
hours which are added up in pieces are the same as those of all minutes at once.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from .band.estimates import distance_m, energy_kcal
from .band.kinds import Kind, kind_before, resolve_kinds
from .band.minutes import Minute, heart_rate_bpm
from .band.profile import Profile
from .band.sleep import SleepSession, Stage, find_sleep, quiet_since
from .history import History, Hour

HOUR_MINUTES: Final = 60
PIECE_MINUTES: Final = 20_160
"""Two weeks of minutes are added up at once; a year takes little memory that way."""

_LOOK_BACK_MINUTES = 1_440
_RUN_MINUTES = 240
_FOLD_TRIES = 48


class Place(NamedTuple):
    """Where adding up begins."""

    minute: int
    """The first minute of an hour: from here on hours are wanted."""
    quiet: int
    """Within that hour. No sleep session spans it, and none begins in between."""

    @property
    def hour(self) -> int:
        """The hour that begins here, since 1970-01-01 00:00 UTC."""
        return self.minute // HOUR_MINUTES


class Piece(NamedTuple):
    """Some hours, and where it goes on."""

    hours: list[Hour]
    """In time order; only those that have minutes."""
    rest: Place | None
    """None when all minutes are added up."""


def kinds_of(history: History, band: str, minutes: Sequence[Minute]) -> list[Kind]:
    """Return the kinds of stored minutes that follow each other, with what the first inherits."""
    if not minutes:
        return []
    first = minutes[0].minute
    return resolve_kinds(minutes, kind_before(_newest_first(history, band, first), first))


def find_place(history: History, band: str, since: int) -> Place:
    """Return from where on to add up, when the minutes from `since` on have changed."""
    count = _LOOK_BACK_MINUTES
    while True:
        minutes = history.minutes_before(band, since, count)
        if minutes:
            kinds = kinds_of(history, band, minutes)
            if (quiet := quiet_since(minutes, kinds, since)) is not None:
                return _place(quiet)
        if len(minutes) < count:
            # Before the first minute nobody slept that we know of.
            return _place(minutes[0].minute if minutes else since)
        count *= 2


def add_up(history: History, band: str, place: Place, profile: Profile) -> Piece:
    """Add up the minutes from a place on, as far as one piece goes."""
    count = PIECE_MINUTES
    while True:
        minutes = history.minutes_from(band, place.minute, count)
        kinds = kinds_of(history, band, minutes)
        awake = sum(1 for minute in minutes[:HOUR_MINUTES] if minute.minute < place.quiet)
        rest = None
        if len(minutes) == count:
            until = minutes[-1].minute + 1
            quiet = quiet_since(minutes[awake:], kinds[awake:], until)
            if quiet is None or _place(quiet).minute <= place.minute:
                # Asleep, or at least nothing else, for so long: look at more of it.
                count *= 2
                continue
            rest = _place(quiet)
        sessions = find_sleep(minutes[awake:], kinds[awake:])
        hours = _hours(minutes, kinds, sessions, profile)
        return Piece([hour for hour in hours if rest is None or hour.hour < rest.hour], rest)


def hours_from(history: History, band: str, place: Place, profile: Profile) -> list[Hour]:
    """Return the hours from a place on, those included that have outlived their minutes."""
    hours = {hour.hour: hour for hour in history.hours(band, place.hour)}
    rest: Place | None = place
    while rest is not None:
        piece = add_up(history, band, rest, profile)
        hours |= {hour.hour: hour for hour in piece.hours}
        rest = piece.rest
    return [hours[hour] for hour in sorted(hours)]


def all_hours(history: History, band: str, profile: Profile) -> list[Hour]:
    """Return all hours of a band."""
    kept = [hour.hour * HOUR_MINUTES for hour in history.hours(band)[:1]]
    first = history.first_minute(band)
    begin = min([*kept, *([] if first is None else [first])], default=None)
    return [] if begin is None else hours_from(history, band, _place(begin), profile)


def find_fold(history: History, band: str, before: int) -> int | None:
    """Return the latest full hour up to `before` whose minutes and later ones need no earlier ones.

    None when there is none in the days before it; a later `before` will do.
    """
    for _ in range(_FOLD_TRIES):
        place = find_place(history, band, before)
        first = history.minutes_from(band, place.minute, 1)
        if not first or not history.minutes_before(band, place.minute, 1):
            return None
        if resolve_kinds(first) == kinds_of(history, band, first):
            return place.minute
        before = place.minute - 1
    return None


def fold(history: History, band: str, before: int, profile: Profile) -> int:
    """Replace the minutes that are older than `before` by their hours; returns how many went."""
    end = find_fold(history, band, before)
    first = history.first_minute(band)
    if end is None or first is None:
        return 0
    hours: list[Hour] = []
    place: Place | None = _place(first)
    while place is not None and place.minute < end:
        piece = add_up(history, band, place, profile)
        hours += [hour for hour in piece.hours if hour.hour * HOUR_MINUTES < end]
        place = piece.rest
    return history.fold(band, end, hours)


def are_of(hour: Hour, minutes: Sequence[Minute]) -> bool:
    """Tell whether minutes may be those, or some of those, that were added up to an hour."""
    steps = sum(sample.steps for sample in minutes)
    pulses = [bpm for sample in minutes if (bpm := heart_rate_bpm(sample.heart_rate)) is not None]
    extremes = min(pulses, default=None), max(pulses, default=None)
    if len(minutes) == HOUR_MINUTES:
        return steps == hour.steps and extremes == (hour.heart_rate_min, hour.heart_rate_max)
    if hour.heart_rate_min is None or hour.heart_rate_max is None:
        return steps <= hour.steps and not pulses
    return steps <= hour.steps and all(
        hour.heart_rate_min <= bpm <= hour.heart_rate_max for bpm in pulses
    )


def _place(quiet: int) -> Place:
    return Place(quiet - quiet % HOUR_MINUTES, quiet)


def _newest_first(history: History, band: str, end: int) -> Iterator[Minute]:
    while minutes := history.minutes_before(band, end, _RUN_MINUTES):
        yield from reversed(minutes)
        end = minutes[0].minute


def _hours(
    minutes: Sequence[Minute],
    kinds: Sequence[Kind],
    sessions: Sequence[SleepSession],
    profile: Profile,
) -> Iterator[Hour]:
    slept = _sleep_by_hour(sessions)
    for number, both in groupby(
        zip(minutes, kinds, strict=True), lambda pair: pair[0].minute // HOUR_MINUTES
    ):
        yield _add_up_hour(number, list(both), slept.get(number, {}), profile)


def _add_up_hour(
    number: int, both: Sequence[tuple[Minute, Kind]], slept: dict[Stage, int], profile: Profile
) -> Hour:
    samples = [sample for sample, _ in both]
    kinds = [kind for _, kind in both]
    running = sum(sample.steps for sample, kind in both if kind is Kind.RUNNING)
    steps = sum(sample.steps for sample in samples)
    pulses = [bpm for sample in samples if (bpm := heart_rate_bpm(sample.heart_rate)) is not None]
    return Hour(
        hour=number,
        steps=steps,
        distance_m=distance_m(steps - running, profile.height_cm, profile.sex)
        + distance_m(running, profile.height_cm, profile.sex, Kind.RUNNING),
        energy_kcal=energy_kcal(samples, kinds, profile),
        light_sleep=slept.get(Stage.LIGHT, 0),
        deep_sleep=slept.get(Stage.DEEP, 0),
        awake=slept.get(Stage.AWAKE, 0),
        heart_rate_mean=sum(pulses) / len(pulses) if pulses else None,
        heart_rate_min=min(pulses, default=None),
        heart_rate_max=max(pulses, default=None),
    )


def _sleep_by_hour(sessions: Sequence[SleepSession]) -> dict[int, dict[Stage, int]]:
    slept: dict[int, dict[Stage, int]] = {}
    for session in sessions:
        for start, length, stage in session.stages:
            minute = start
            while minute < start + length:
                hour = minute // HOUR_MINUTES
                following = min(start + length, (hour + 1) * HOUR_MINUTES)
                stages = slept.setdefault(hour, {})
                stages[stage] = stages.get(stage, 0) + following - minute
                minute = following
    return slept
