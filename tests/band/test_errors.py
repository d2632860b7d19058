"""What errors tell, and what they keep to themselves."""

from custom_components.mi_band.band.errors import (
    BandError,
    CommandRefused,
    KeyRejected,
    LowBattery,
    MalformedPacket,
)
from custom_components.mi_band.band.uuids import Characteristic


def _all(kind: type[BandError]) -> set[type[BandError]]:
    return {kind}.union(*(_all(child) for child in kind.__subclasses__()))


def test_every_error_has_a_word_of_its_own_form() -> None:
    for kind in _all(BandError):
        assert kind.code
        assert kind.code == kind.code.lower()
        assert " " not in kind.code


def test_a_malformed_packet_does_not_print_health_values() -> None:
    err = MalformedPacket(Characteristic.HEART_RATE_MEASUREMENT, b"\xde\xad\xbe")
    assert str(err) == "3 bytes of HEART_RATE_MEASUREMENT break the layout"
    assert err.packet == b"\xde\xad\xbe"


def test_a_refusal_names_command_and_status() -> None:
    assert str(CommandRefused("the unit", 5)) == "the band refused the unit with status 0x05"
    assert str(KeyRejected(8)) == "the band refused the key with status 0x08"


def test_a_low_battery_tells_both_numbers() -> None:
    assert str(LowBattery(12, 30)) == "the battery is at 12 %, 30 % is needed"
