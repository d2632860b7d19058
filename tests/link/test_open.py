"""Opening a session: everything that stands between us and a band."""

from datetime import timedelta

import bleak_retry_connector
from bleak_retry_connector import BleakClientWithServiceCache
import pytest

from custom_components.mi_band.band import session
from custom_components.mi_band.band.errors import (
    BandError,
    BandNotFound,
    KeyRejected,
    LinkLost,
    NoConnectionSlot,
    NotSupported,
)
from custom_components.mi_band.band.session import open_session
from tests.emulated.gadget import Gadget
from tests.emulator.backend import bleak_device
from tests.emulator.gatt import server
from tests.emulator.gatt.table import HUAMI, TABLE, Access, Row, Service

from .lab import KEY, OTHER_KEY, Lab


def _raises[E: BandError](error: type[E]) -> pytest.RaisesExc[E]:
    """Expect an error of just this kind, and none that is derived from it."""
    return pytest.raises(error, check=lambda err: type(err) is error)


async def test_a_band_that_nobody_hears_is_not_found(lab: Lab) -> None:
    with _raises(BandNotFound):
        async with open_session(lambda: None, name="nobody", client_class=lab.client_class):
            pytest.fail("there is no band")


async def test_an_adapter_without_a_free_connection_is_told_apart(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It waits for a connection to become free, nine times and however many attempts are allowed.
    monkeypatch.setattr(bleak_retry_connector, "BLEAK_OUT_OF_SLOTS_BACKOFF_TIME", 0)
    band = await lab.band()
    lab.adapter.slots = 0
    with _raises(NoConnectionSlot):
        async with lab.open(band):
            pytest.fail("there was no slot")


async def test_a_band_out_of_reach_is_a_lost_link(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    device = bleak_device(lab.radio, band.address)
    band.faults.out_of_range(value=True)
    with monkeypatch.context() as impatient, _raises(LinkLost):
        impatient.setattr(session, "CONNECT_TIMEOUT", timedelta(milliseconds=100))
        async with open_session(lambda: device, name="away", client_class=lab.client_class):
            pytest.fail("the band is away")
    assert lab.all_free()
    band.faults.out_of_range(value=False)
    async with lab.open(band):
        assert band.authenticated


async def test_a_band_that_does_not_answer_in_time_is_not_found(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bleak_retry_connector, "BLEAK_TIMEOUT", 0.1)
    band = await lab.band()
    device = bleak_device(lab.radio, band.address)
    band.faults.out_of_range(value=True)
    with _raises(BandNotFound):
        async with open_session(
            lambda: device, name="away", attempts=1, client_class=lab.client_class
        ):
            pytest.fail("the band is away")
    assert lab.all_free()


async def test_a_connection_that_fails_is_a_lost_link(lab: Lab) -> None:
    band = await lab.band()
    lab.adapter.fail_next_connects = 1
    with _raises(LinkLost):
        async with lab.open(band, attempts=1):
            pytest.fail("it was to fail")
    assert lab.all_free()


async def test_an_attempt_that_fails_is_repeated(lab: Lab) -> None:
    band = await lab.band()
    lab.adapter.fail_next_connects = 2
    async with lab.open(band, attempts=3):
        assert band.authenticated


async def test_there_are_no_more_attempts_than_allowed(lab: Lab) -> None:
    band = await lab.band()
    lab.adapter.fail_next_connects = 9
    with _raises(LinkLost):
        async with lab.open(band, attempts=2):
            pytest.fail("it was to fail")
    assert lab.adapter.fail_next_connects == 7


@pytest.mark.parametrize("operation", range(1, 4))
async def test_a_link_that_breaks_while_authenticating_is_a_lost_link(
    lab: Lab, operation: int
) -> None:
    band = await lab.band()
    band.faults.cut_after(operation)
    with _raises(LinkLost):
        async with lab.open(band):
            pytest.fail("the link was cut")
    assert lab.all_free()
    async with lab.open(band):
        assert band.authenticated


async def test_what_is_no_band_is_not_supported_and_its_table_is_forgotten(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    gadget = Gadget(lab.radio)
    await gadget.power_on()
    forgotten = []

    async def clear_cache(self: BleakClientWithServiceCache) -> bool:
        forgotten.append(self.address)
        return True

    monkeypatch.setattr(lab.client_class, "clear_cache", clear_cache)
    with _raises(NotSupported):
        async with open_session(
            lambda: bleak_device(lab.radio, gadget.address),
            name="gadget",
            key=KEY,
            client_class=lab.client_class,
        ):
            pytest.fail("that is no band")
    assert forgotten == [gadget.address]
    assert lab.all_free()


@pytest.fixture
def later_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give bands the characteristic of the protocol of 2021."""
    row = Row(
        name="0016",
        uuid=HUAMI.format("0016"),
        letters="CN",
        read=Access.OPEN,
        write=Access.OPEN,
        value=b"",
        description=None,
        configurable=True,
    )
    later = Service(HUAMI.format("fee2"), (row,))
    monkeypatch.setattr(server, "TABLE", (*TABLE, later))


@pytest.mark.usefixtures("later_protocol")
async def test_a_band_of_the_later_protocol_that_rejects_the_key_is_not_supported(
    lab: Lab,
) -> None:
    band = await lab.band(key=OTHER_KEY)
    with _raises(NotSupported):
        async with lab.open(band):
            pytest.fail("the band took a wrong key")


@pytest.mark.usefixtures("later_protocol")
async def test_a_band_of_the_later_protocol_that_takes_the_key_is_used(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band):
        assert band.authenticated


async def test_a_rejected_key_lets_the_band_go(lab: Lab) -> None:
    band = await lab.band(key=OTHER_KEY)
    with _raises(KeyRejected):
        async with lab.open(band):
            pytest.fail("the band took a wrong key")
    assert lab.all_free()
    await band.wait_for(lambda: not band.connected)
