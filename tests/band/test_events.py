"""Device events, byte by byte."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.events import (
    DeviceEvent,
    UnknownEvent,
    WorkoutEvent,
    decode_event,
    decode_workout_event,
)
from tests.vectors import Vector, events as vectors


@pytest.mark.parametrize("vector", vectors.EVENTS, ids=str)
def test_a_documented_event_is_decoded(vector: Vector[DeviceEvent]) -> None:
    assert decode_event(vector.packet) is vector.value


def test_every_event_has_a_vector() -> None:
    assert {vector.value for vector in vectors.EVENTS} == set(DeviceEvent)


@pytest.mark.parametrize("vector", vectors.UNKNOWN, ids=str)
def test_what_no_entity_needs_is_kept_as_it_came(vector: Vector[UnknownEvent]) -> None:
    assert decode_event(vector.packet) == vector.value


@given(event=st.sampled_from(DeviceEvent), rest=st.binary(max_size=17))
def test_bytes_behind_an_event_are_passed_over(event: DeviceEvent, rest: bytes) -> None:
    assert decode_event(event.value + rest) is event


@given(st.binary(max_size=20))
def test_arbitrary_bytes_are_an_event_or_kept(value: bytes) -> None:
    match decode_event(value):
        case UnknownEvent(kept):
            assert kept == value
        case event:
            assert value.startswith(event.value)


@pytest.mark.parametrize("vector", vectors.WORKOUTS, ids=str)
def test_what_becomes_of_a_workout_is_decoded(vector: Vector[WorkoutEvent]) -> None:
    assert decode_workout_event(vector.packet) is vector.value
    assert decode_workout_event(vector.packet + b"\x00") is vector.value


def test_every_event_of_a_workout_has_a_vector() -> None:
    assert {vector.value for vector in vectors.WORKOUTS} == set(WorkoutEvent)


@pytest.mark.parametrize("packet", ["", "11", "1100", "1101", "1106", "1002", "0211", "02"])
def test_what_is_no_event_of_a_workout_is_kept_as_it_came(packet: str) -> None:
    value = bytes.fromhex(packet)
    assert decode_workout_event(value) == UnknownEvent(value)


@given(st.binary(max_size=20))
def test_arbitrary_bytes_are_an_event_of_a_workout_or_kept(value: bytes) -> None:
    match decode_workout_event(value):
        case UnknownEvent(kept):
            assert kept == value
        case event:
            assert value.startswith(bytes((0x11, event)))
