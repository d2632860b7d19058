"""Restart and reset: what is written, and what the band's answers mean."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from custom_components.mi_band.band import reset
from custom_components.mi_band.band.errors import CommandRefused, LinkLost
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.reset import factory_reset, reboot
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import reset as vectors

from .scripted import ScriptedLink

type Ending = Callable[[Link], Coroutine[Any, Any, object]]

ENDINGS = [
    pytest.param(
        reboot, Characteristic.FIRMWARE, vectors.REBOOT, vectors.REBOOT_REPLY, id="reboot"
    ),
    pytest.param(
        factory_reset,
        Characteristic.CONFIGURATION,
        vectors.FACTORY_RESET,
        vectors.FACTORY_RESET_REPLY,
        id="factory reset",
    ),
]


@pytest.fixture(autouse=True)
def _short_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reset, "LEAVING_TIMEOUT", timedelta(milliseconds=20))


def _refused(reply: bytes, status: int) -> bytes:
    return reply[:-1] + bytes((status,))


@pytest.mark.parametrize(("ending", "characteristic", "command", "reply"), ENDINGS)
async def test_one_command_is_written(
    ending: Ending, characteristic: Characteristic, command: bytes, reply: bytes
) -> None:
    link = ScriptedLink(lambda _: (reply,))
    await ending(link)
    assert link.written == [(characteristic, command)]


@pytest.mark.parametrize(("ending", "characteristic", "command", "reply"), ENDINGS)
async def test_wrong_replies_first_are_passed_over(
    ending: Ending, characteristic: Characteristic, command: bytes, reply: bytes
) -> None:
    noise = (b"", b"\x10", reply[:-1], b"\x10\x06\x17\x00\x06", _refused(reply, 0x05))
    link = ScriptedLink(lambda _: noise)
    with pytest.raises(CommandRefused) as caught:
        await ending(link)
    assert caught.value.status == 0x05


@pytest.mark.parametrize("status", [0x00, 0x05, 0x06, 0xFF])
async def test_any_status_but_one_refuses_a_restart(status: int) -> None:
    link = ScriptedLink(lambda _: (_refused(vectors.REBOOT_REPLY, status),))
    with pytest.raises(CommandRefused) as caught:
        await reboot(link)
    assert caught.value.status == status


@pytest.mark.parametrize("status", [0x00, 0x05, 0x06, 0xFF])
async def test_any_status_but_one_refuses_a_reset(status: int) -> None:
    link = ScriptedLink(lambda _: (_refused(vectors.FACTORY_RESET_REPLY, status),))
    with pytest.raises(CommandRefused) as caught:
        await factory_reset(link)
    assert caught.value.status == status


@pytest.mark.parametrize(("ending", "characteristic", "command", "reply"), ENDINGS)
async def test_a_link_that_breaks_under_the_write_is_told(
    ending: Ending, characteristic: Characteristic, command: bytes, reply: bytes
) -> None:
    link = ScriptedLink()
    link.refusals |= {command: LinkLost("under the write")}
    with pytest.raises(LinkLost):
        await ending(link)


async def test_a_reset_that_the_band_confirms_is_said_to_be_so() -> None:
    link = ScriptedLink(lambda _: (vectors.FACTORY_RESET_REPLY,))
    assert await factory_reset(link) is True


async def test_a_reset_without_a_reply_is_no_failure_and_not_confirmed() -> None:
    assert await factory_reset(ScriptedLink()) is False


async def test_a_reset_whose_link_breaks_before_the_reply_is_not_confirmed() -> None:
    link = ScriptedLink()

    def hang_up(_: bytes) -> tuple[bytes, ...]:
        link.break_off()
        return ()

    link._replies = hang_up
    assert await factory_reset(link) is False
