"""A connection that breaks or stalls at each place of each answer."""

import asyncio
from collections import Counter

import pytest

from custom_components.mi_band.account_errors import AccountNoBands, AccountUnreachable
from tests.emulator.vendor import HOME_HOST, Cut, Fault, Scenario, Step

from .lab import KEY, Lab, Way

PATIENCE_S = 0.1
CASES = [
    (way, step, cut)
    for way, steps in {
        Way.EMAIL: (Step.TOKENS, Step.LOGIN, Step.DEVICES),
        Way.PHONE: (Step.TOKENS, Step.LOGIN, Step.DEVICES),
        Way.MI: (Step.LOGIN, Step.DEVICES),
    }.items()
    for step in steps
    for cut in Cut
]


@pytest.mark.parametrize(("way", "step", "cut"), CASES)
async def test_every_cut_ends_as_unreachable_in_time(
    lab: Lab, way: Way, step: Step, cut: Cut
) -> None:
    lab.hurry()
    lab.service.faults[step] = Fault(cut)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(AccountUnreachable) as caught:
        await lab.sign_in(way)
    assert caught.value.code == "account_unreachable"
    assert asyncio.get_running_loop().time() - begun < PATIENCE_S + 1
    # A login whose answer was lost cannot be ended by anybody; all others are.
    assert lab.service.open_logins == (step is Step.LOGIN)


@pytest.mark.parametrize("step", [Step.TOKENS, Step.LOGIN, Step.DEVICES])
@pytest.mark.parametrize("cut", Cut)
async def test_a_cut_at_the_second_app_is_not_taken_for_an_empty_account(
    lab: Lab, step: Step, cut: Cut
) -> None:
    lab.hurry()
    lab.service.scenario = Scenario.NOT_REGISTERED
    # The first app is refused at the login; the cut strikes the second.
    lab.service.skip[step] = 0 if step is Step.DEVICES else 1
    lab.service.faults[step] = Fault(cut)
    assert isinstance(await _failure(lab), AccountUnreachable)


async def _failure(lab: Lab) -> AccountUnreachable:
    with pytest.raises(AccountUnreachable) as caught:
        await lab.sign_in()
    return caught.value


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("way", [Way.EMAIL, Way.MI])
async def test_a_log_out_that_breaks_takes_nothing_away(lab: Lab, way: Way, cut: Cut) -> None:
    lab.hurry()
    lab.service.faults[Step.LOGOUT] = Fault(cut)
    assert (await lab.sign_in(way))[0].key == KEY


BREAKS = [Cut.BEFORE, Cut.IN_HEADERS, Cut.IN_BODY]


@pytest.mark.parametrize("cut", BREAKS)
async def test_the_list_is_asked_for_once_more_when_its_connection_breaks(
    lab: Lab, cut: Cut
) -> None:
    lab.service.faults[Step.DEVICES] = Fault(cut, times=1)
    assert (await lab.sign_in())[0].key == KEY
    assert lab.service.steps[Step.DEVICES] == 2


@pytest.mark.parametrize("cut", BREAKS)
async def test_no_host_is_asked_for_the_list_a_third_time(lab: Lab, cut: Cut) -> None:
    lab.service.faults[Step.DEVICES] = Fault(cut)
    await _failure(lab)
    hosts = Counter(host for step, host in lab.service.requests if step is Step.DEVICES)
    assert hosts[HOME_HOST] == 2
    assert max(hosts.values()) == 2


@pytest.mark.parametrize("step", [Step.TOKENS, Step.LOGIN])
@pytest.mark.parametrize("cut", BREAKS)
async def test_nothing_else_is_asked_for_again(lab: Lab, step: Step, cut: Cut) -> None:
    lab.service.faults[step] = Fault(cut)
    await _failure(lab)
    assert lab.service.steps[step] == 1


async def test_silence_is_not_asked_again(lab: Lab) -> None:
    lab.hurry()
    lab.service.faults[Step.DEVICES] = Fault(Cut.SILENT)
    await _failure(lab)
    assert lab.service.steps[Step.DEVICES] == 1


@pytest.mark.parametrize("cut", BREAKS)
async def test_other_regions_cannot_say_that_there_is_no_band(lab: Lab, cut: Cut) -> None:
    # Asked and asked again: the region of the account does not answer; the others know nothing.
    lab.service.faults[Step.DEVICES] = Fault(cut, times=2)
    await _failure(lab)
    assert lab.service.steps[Step.DEVICES] > 2


async def test_other_regions_faults_do_not_hide_that_there_is_no_band(lab: Lab) -> None:
    lab.service.scenario = Scenario.NO_BANDS
    # The login names two hosts, and both answer.
    lab.service.skip[Step.DEVICES] = 2
    lab.service.faults[Step.DEVICES] = Fault(Cut.BEFORE)
    with pytest.raises(AccountNoBands):
        await lab.sign_in(Way.MI)


async def test_nobody_listening_is_unreachable(lab: Lab) -> None:
    await lab.service.stop()
    await _failure(lab)
