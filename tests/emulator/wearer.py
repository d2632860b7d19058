"""The person who wears the emulated band: everything a hand, an arm or a charger can do to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, unique

from .gatt.alerts import Alerts
from .gatt.auth import Authentication
from .gatt.battery import Battery
from .gatt.body import Body
from .gatt.configuration import Configuration
from .gatt.events import Events
from .gatt.feeds import Feeds
from .gatt.find import Find
from .gatt.heart_rate import HeartRate
from .gatt.steps import Steps
from .life import ASLEEP, Doing
from .screen import Content, Kind
from .sports import Sport
from .workouts import Workout

# In minutes.
_DAY, _YEAR = 1440, 366 * 1440


@unique
class Policy(StrEnum):
    """What the wearer does by themselves when the band asks for a tap."""

    MANUAL = "manual"
    """Nothing; the test or the person at the page decides."""
    ACCEPT = "accept"
    REFUSE = "refuse"
    IGNORE = "ignore"
    """Let the time pass, which takes no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organs:
    """The parts of the band that a wearer gets hold of."""

    body: Body
    alerts: Alerts
    auth: Authentication
    battery: Battery
    configuration: Configuration
    events: Events
    feeds: Feeds
    find: Find
    heart_rate: HeartRate
    steps: Steps
    reset: Callable[[], None]


class Wearer:
    """What the wearer does. Nothing here waits: the band does the rest in its own time."""

    def __init__(self, organs: Organs) -> None:
        self._band = organs
        self.policy = Policy.MANUAL
        self._looked = organs.body.clock.wall
        organs.auth.on_question = self._asked
        organs.steps.on_steps = self._stepped

    def _asked(self) -> None:
        answers: dict[Policy, Callable[[], None]] = {
            Policy.ACCEPT: self._band.auth.confirm,
            Policy.REFUSE: self._band.auth.refuse,
            Policy.IGNORE: self._band.auth.ignore,
        }
        if answer := answers.get(self.policy):
            # A person reads before they tap; by then everything before the question is sent.
            self._band.body.tasks.later(0, answer)

    def _stepped(self, before: int, after: int) -> None:
        goal = self._band.configuration.goal()
        if before < goal <= after:
            self._band.events.send("goal_reached")
            if self._band.configuration.is_on("goal_notification"):
                self._show("Goal", f"{goal} steps")

    def _show(self, title: str, text: str) -> None:
        self._band.body.screen.show(
            Kind.NOTIFICATION, Content(title=title, body=text, label="Band")
        )
        self._band.body.vibrate()

    # A finger

    def tap(self) -> None:
        """Tap: yes to a question, stop to a vibration, away with an alert."""
        band = self._band
        if band.auth.asking:
            band.auth.confirm()
        elif band.configuration.alarms.ringing:
            band.configuration.alarms.stop()
        elif band.find.ringing:
            band.find.stop()
        elif band.events.searching:
            band.events.found_phone()
        elif band.alerts.calling is None:
            self._put_away()
        band.body.changed()

    def _put_away(self) -> None:
        """Put away what lies on top: a reminder, an alert, the weather."""
        screen = self._band.body.screen
        for kind in (Kind.REMINDER, Kind.NOTIFICATION, Kind.WEATHER):
            if screen.shows(kind):
                screen.clear(kind)
                return

    def refuse(self) -> None:
        """Swipe: no to a question, no to a call, away with an alert."""
        band = self._band
        if band.auth.asking:
            band.auth.refuse()
        elif band.alerts.calling is not None:
            self.answer_call("reject")
        elif band.configuration.alarms.ringing:
            band.configuration.alarms.stop()
        else:
            self._put_away()
        band.body.changed()

    def ignore(self) -> None:
        """Do nothing until the band asks no more."""
        band = self._band
        if band.auth.asking:
            band.auth.ignore()
        elif band.alerts.calling is not None:
            self.answer_call("ignore")
        band.body.changed()

    def answer_call(self, answer: str) -> None:
        """Reject a call or silence it.

        Raises:
            ValueError: Nobody calls, or the answer is neither "reject" nor "ignore".
        """
        if answer not in {"reject", "ignore"}:
            raise ValueError("a call can be rejected or ignored")
        if self._band.alerts.calling is None:
            raise ValueError("nobody calls")
        self._band.events.send(f"call_{answer}")
        if answer == "reject":
            self._band.alerts.end_call()
        else:
            self._band.body.still()

    def find_phone(self) -> None:
        """Look for the phone from the band."""
        self._band.events.search_phone()

    def stop_finding_phone(self) -> None:
        """End the search on the band."""
        self._band.events.found_phone()

    def press_music(self, key: str) -> None:
        """Press a key of the music screen: play, pause, next, ...; open or close the screen."""
        self._band.events.press_music(key)

    def event(self, name: str) -> None:
        """Make the band tell something, whatever else is going on."""
        self._band.events.send(name)

    def open_weather(self) -> None:
        """Swipe to the weather."""
        self._band.feeds.show_weather()

    def ring_alarm(self, slot: int) -> None:
        """Live up to an alarm."""
        self._band.configuration.alarms.ring(slot)
        self._band.body.changed()

    def look_at_the_clock(self) -> None:
        """Let everything happen whose time has come since this was called last.

        The band's own minutes do not do so: a test decides when time has passed.
        """
        since, now = self._looked, self._band.body.clock.wall
        self._looked = now
        for slot in list(self._band.configuration.alarms.due(since, now)):
            self._band.configuration.alarms.ring(slot)
        for text in list(self._band.feeds.due(since, now)):
            self._band.feeds.remind(text)

    def toggle_alarm(self, slot: int) -> None:
        """Switch an alarm on or off on the band."""
        self._band.configuration.alarms.toggle(slot)
        self._band.events.send("alarm_toggled")

    def edit_alarm(self, slot: int, hour: int, minute: int) -> None:
        """Change the time of an alarm on the band."""
        self._band.configuration.alarms.edit(slot, hour, minute)
        self._band.events.send("alarm_edited")

    # Sport

    def workout(self, step: str, kind: int = 0x01) -> None:
        """Open a workout's screen, then start, pause, resume or end the workout.

        One that was started is stored when it ends.
        """
        if step == "open":
            self._band.events.open_workout(kind, phone_gps=True)
            return
        self._band.events.workout_step(step)
        self._band.body.training.step(step, Sport.of_live(kind))

    def work_out(
        self, sport: Sport, minutes: int, *, phone: bool = False, paused: int = 0
    ) -> Workout:
        """Have done a workout that ends now: the last minutes become it, and the band tells.

        Args:
            sport: Which.
            minutes: How long.
            phone: The phone came along and fed positions.
            paused: Seconds of a pause in the middle.

        Returns:
            What was stored.

        Raises:
            ValueError: It has no length or more than a day's, or its pause is longer than four
                minutes.
        """
        if minutes > _DAY:
            raise ValueError("a workout of more than a day")
        events = self._band.events
        with self._steps_of_today():
            workout = self._band.body.training.have_done(sport, minutes, phone=phone, paused=paused)
        events.open_workout(sport.live, phone_gps=phone)
        for step in ("start", *(("pause", "resume") if paused else ()), "end"):
            events.workout_step(step)
        return workout

    def live(self, hours: float, doing: Doing) -> None:
        """Have spent the last hours with one thing, which takes no time.

        Nobody moves the clock: the minutes before now become what they would have been, so a
        test asks for it before they are fetched. Sleep gets its stages; who slept is awake now.

        Raises:
            ValueError: The hours hold no minute or more than a year's, or the band cannot note
                this.
        """
        if hours * 60 > _YEAR:
            raise ValueError("more than a year of it")
        with self._steps_of_today():
            self._band.body.history.live(round(hours * 60), doing)
        if doing in ASLEEP:
            self._band.events.send("fell_asleep")
            self.wake_up()

    @contextmanager
    def _steps_of_today(self) -> Iterator[None]:
        """Let the counter follow minutes that are rewritten; it never goes back."""
        body = self._band.body
        midnight = body.clock.wall.replace(hour=0, minute=0, second=0, microsecond=0)
        before = body.history.steps_since(midnight)
        yield
        if (made := body.history.steps_since(midnight) - before) > 0:
            self._band.steps.have_made(made)
        body.changed()

    # An arm

    def walk(self, steps: int) -> None:
        """Walk a number of steps in the band's next seconds."""
        if not self._band.body.posture.worn:
            raise ValueError("the band is not worn")
        self._band.steps.walk(steps)

    def set_heart_rate(self, bpm: int) -> None:
        """Have another pulse.

        Raises:
            ValueError: Nobody has such a pulse.
        """
        if not 30 <= bpm <= 230:
            raise ValueError("a pulse is 30 to 230")
        self._change(lambda: setattr(self._band.body.posture, "heart_rate", bpm))

    def wear_loosely(self, searches: int) -> None:
        """Let the sensor find nothing so many times before a pulse that was asked for."""
        self._band.heart_rate.searches = searches

    def fall_asleep(self) -> None:
        """Fall asleep."""
        self._sleep(asleep=True)
        self._band.events.send("fell_asleep")

    def wake_up(self) -> None:
        """Wake up."""
        self._sleep(asleep=False)
        self._band.events.send("woke_up")

    def take_off(self) -> None:
        """Take the band off."""
        self._change(lambda: setattr(self._band.body.posture, "worn", False))
        self._sleep(asleep=False)
        self._band.events.send("not_worn")

    def put_on(self) -> None:
        """Put the band on, which it keeps to itself."""
        self._change(lambda: setattr(self._band.body.posture, "worn", True))

    def _sleep(self, *, asleep: bool) -> None:
        self._change(lambda: setattr(self._band.body.posture, "asleep", asleep))

    def _change(self, change: Callable[[], None]) -> None:
        self._band.body.history.advance()
        change()
        self._band.body.changed()

    # A charger, and the menu

    def charge(self, charging: bool) -> None:  # noqa: FBT001  there are two ways, both plain
        """Put the band on its charger or take it off."""
        if charging:
            self._band.battery.plug_in()
        else:
            self._band.battery.unplug()

    def set_battery(self, percent: int) -> None:
        """Let the battery be as full as this."""
        self._band.battery.set_level(percent)

    def pair_elsewhere(self, key: bytes) -> None:
        """Pair the band with another phone, which gives it a key of its own."""
        self._band.auth.pair_elsewhere(key)
        self._band.body.changed()

    def shift_clock(self, minutes: int) -> None:
        """Let the band's clock be ahead by so much more, as one that had no power for a while.

        Raises:
            ValueError: It is more than a year.
        """
        if abs(minutes) > _YEAR:
            raise ValueError("a clock is shifted by a year at most")
        body = self._band.body
        body.history.advance()
        with self._band.steps.kept():
            body.clock.have(body.clock.error + timedelta(minutes=minutes), None)
        body.history.restart()
        body.changed()

    def reset(self) -> None:
        """Reset the band from its own menu: no key, no data, a new address."""
        self._band.reset()
