"""What a player plays, byte by byte."""

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate

from hypothesis import given, strategies as st
import pytest
import regex

from custom_components.mi_band.band.music import (
    NOTHING_PLAYS,
    Music,
    encode_music,
    encode_volume,
)
from custom_components.mi_band.band.texts import clean
from custom_components.mi_band.band.wire import encode_chunks
from tests.vectors import Vector, music as vectors
from tests.vectors.texts import TEXTS

_SONG = vectors.PLAYING.value


@pytest.mark.parametrize("vector", [vectors.PLAYING, vectors.PAUSED], ids=str)
def test_documented_music_is_encoded(vector: Vector[Music]) -> None:
    assert encode_music(vector.value) == vector.packet


def test_volume_and_silence_are_encoded() -> None:
    assert encode_volume(vectors.VOLUME.value) == vectors.VOLUME.packet
    assert vectors.NOTHING.packet == NOTHING_PLAYS


def test_a_song_travels_in_the_documented_packet() -> None:
    packets = encode_chunks(3, encode_music(_SONG), 247)
    assert packets == (b"\x00\xc3\x00" + vectors.PLAYING.packet,)


@pytest.mark.parametrize(
    ("position", "sent"),
    [
        (timedelta(seconds=-5), 0),
        (timedelta(seconds=59.9), 59),
        (timedelta(hours=19), 0xFFFF),
    ],
    ids=str,
)
def test_a_position_is_told_in_whole_seconds_as_far_as_there_are_bits(
    position: timedelta, sent: int
) -> None:
    encoded = encode_music(replace(_SONG, position=position, duration=position))
    assert int.from_bytes(encoded[3:5], "little") == sent
    assert int.from_bytes(encoded[-2:], "little") == sent


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_volume_that_there_is_not_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="percent"):
        encode_volume(percent)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_fit_and_end_with_a_whole_character(text: str) -> None:
    encoded = encode_music(Music(playing=True, artist=text, album=text, track=text))
    if not text:
        assert encoded == bytes.fromhex("01 01 00 0000")
        return
    assert encoded[0] == 0x0F
    *texts, end = encoded[5:].split(b"\x00")
    assert len(set(texts)) == 1
    assert len(texts) == 3
    assert end == b""
    assert 1 <= len(texts[0].decode()) <= 80
    assert texts[0].decode() in set(accumulate(regex.findall(r"\X", clean(text))))


@given(artist=st.text(max_size=99), album=st.text(max_size=99), track=st.text(max_size=99))
def test_an_empty_text_is_left_out_and_no_text_ends_early(
    artist: str, album: str, track: str
) -> None:
    encoded = encode_music(Music(playing=False, artist=artist, album=album, track=track))
    assert encoded[0] == 0x01 | 0x02 * bool(artist) | 0x04 * bool(album) | 0x08 * bool(track)
    assert encoded.count(b"\x00", 5) == sum(map(bool, (artist, album, track)))
