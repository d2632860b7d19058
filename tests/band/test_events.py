"""Device events, byte by byte."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.events import DeviceEvent, UnknownEvent, decode_event
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
