"""Wrong bytes for every decoder: a small part of what `python -m tests.bench.fuzz` does."""

from collections.abc import Callable
from datetime import datetime

import pytest

from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.fetch import Batch
from tests.bench import fuzz
from tests.bench.fuzz import Decoder, FuzzError, decoders, fuzz_authentication, fuzz_fetch

_SEED = 4
_DECODERS = decoders()
_WHOLE = {
    "binding.decode_binding",
    "binding.decode_confirmation",
    "device_info.decode_product_version",
    "device_info.decode_serial_number",
    "events.decode_event",
    "events.decode_workout_event",
    "wire.decode_status",
    "wire.decode_zone",
}
"""Those that make something of any bytes, if only "that is not for me"."""


def test_the_decoders_are_found() -> None:
    names = {decoder.name for decoder in _DECODERS}
    assert {"battery.decode_battery", "fetch.decode_offer", "minutes.decode_minutes"} <= names
    assert {"workouts.decode_workout", "workouts.decode_track", "state.decode_packet"} <= names
    assert names >= fuzz.ANSWERS.keys()


@pytest.mark.parametrize("decoder", _DECODERS, ids=lambda decoder: decoder.name)
def test_a_decoder_makes_something_of_bytes_or_calls_them_malformed(decoder: Decoder) -> None:
    counts = fuzz._fuzz_decoder(decoder, 4000, _SEED)
    # Else it was fed something that it never even looked at.
    assert counts.decoded
    assert counts.refused or decoder.name in _WHOLE


async def test_authentication_ends_in_an_error_with_a_name_whatever_is_answered() -> None:
    assert (await fuzz_authentication(4000, _SEED)).refused


async def test_no_wrong_minute_comes_out_of_a_fetch_whatever_comes_to_harm() -> None:
    counts = await fuzz_fetch(150_000, _SEED)
    assert min(counts.whole, counts.heads, counts.errors) > 50


# What the fuzz itself would notice


def _spoiled(decode: Callable[[bytes], object]) -> Decoder:
    return Decoder("battery.decode_battery", decode, (MalformedPacket,))


def test_another_exception_is_noticed() -> None:
    with pytest.raises(FuzzError, match="IndexError"):
        fuzz._fuzz_decoder(_spoiled(lambda packet: packet[9]), 100, _SEED)


def test_a_decoder_that_cannot_be_fed_is_noticed() -> None:
    def decode_something(packet: bytes, when: datetime) -> object:
        return packet, when

    with pytest.raises(FuzzError, match="no feed"):
        fuzz._decoder("some.decode_something", decode_something)


async def test_a_wrong_minute_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(batch: Batch) -> list[bytes]:
        step = 0 if batch.complete else 1
        return [batch.records[at : at + 4] for at in range(step, len(batch.records), 4)]

    monkeypatch.setattr(fuzz, "decode_minutes", shifted)
    with pytest.raises(FuzzError, match="wrong minutes"):
        await fuzz_fetch(150_000, _SEED)
