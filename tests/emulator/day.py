"""A picture of the last day that the wearer lived: sleep, steps and pulse, minute by minute."""

from datetime import UTC, datetime

from .life import DAY, Doing
from .truth import Lived, Truth

_WIDTH, _HEIGHT, _BASE = 1440, 220, 168
# What is drawn of a minute, and how high its bar reaches.
_COLOURS: dict[Doing, tuple[str, int]] = {
    Doing.DEEP_SLEEP: ("#4f46e5", 44),
    Doing.LIGHT_SLEEP: ("#818cf8", 30),
    Doing.AWAKE_IN_BED: ("#fbbf24", 16),
    Doing.NOT_WORN: ("#334155", 8),
    Doing.CHARGING: ("#166534", 8),
    Doing.RUNNING: ("#f87171", 0),
    Doing.CYCLING: ("#a78bfa", 30),
    Doing.EXERCISING: ("#fb923c", 30),
    Doing.SWIMMING: ("#22d3ee", 30),
}
_STEPS = "#4ade80"
_GROUND = "#0b1427"


def draw_day(truth: Truth) -> str:
    """Draw the day up to now as SVG, time in UTC."""
    end = truth.span[1]
    start = end - DAY
    minutes = truth.minutes(max(start, truth.span[0]), end)
    parts = [
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{_GROUND}"/>',
        *_bars(minutes, start),
        *_pulse(minutes, start),
        *_hours(start, end),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' font-family="DejaVu Sans, sans-serif">{"".join(parts)}</svg>'
    )


def _bars(minutes: list[Lived], start: int) -> list[str]:
    """Draw runs of minutes that look the same as one bar."""
    bars: list[tuple[int, int, str, int]] = []
    for minute in minutes:
        colour, height = _COLOURS.get(minute.doing, (_STEPS, 0))
        height = max(height, minute.steps * 100 // 200)
        at = minute.minute - start
        if bars and bars[-1][0] + bars[-1][1] == at and bars[-1][2:] == (colour, height):
            bars[-1] = bars[-1][0], bars[-1][1] + 1, colour, height
        elif height:
            bars.append((at, 1, colour, height))
    return [
        f'<rect x="{at}" y="{_BASE - height}" width="{width}" height="{height}" fill="{colour}"/>'
        for at, width, colour, height in bars
    ]


def _pulse(minutes: list[Lived], start: int) -> list[str]:
    return [
        f'<circle cx="{one.minute - start}" cy="{_BASE - one.heart_rate * 0.8:.0f}" r="2"'
        ' fill="#f472b6"/>'
        for one in minutes
        if 30 <= one.heart_rate <= 230
    ]


def _hours(start: int, end: int) -> list[str]:
    first = -(-start // 180) * 180
    return [
        f'<rect x="{at - start}" y="{_BASE}" width="2" height="8" fill="#8da2c0"/>'
        f'<text x="{at - start + 4}" y="{_BASE + 32}" fill="#8da2c0" font-size="22">'
        f"{datetime.fromtimestamp(at * 60, tz=UTC):%H:%M}</text>"
        for at in range(first, end, 180)
    ]
