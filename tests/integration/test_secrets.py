"""Secrets stay where they belong, whatever somebody does with a band and however it fails.

Each way in, back and out is gone over the pages that the browser gets, with the log of every
library at its most talkative. Then everything that was written or shown is searched for passwords,
codes, tokens, signatures, seeds and keys. One place may hold a key, the data of the config entry,
and one page may show it, the one that was asked for it.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
import logging
from pathlib import Path
import re
import secrets
from typing import Any
from unittest.mock import AsyncMock

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mi_band import PLATFORMS
from custom_components.mi_band.account import sign_in_with_mi, sign_in_with_password
from custom_components.mi_band.account_constants import Vendor
from custom_components.mi_band.signing import signer_with_mi, signer_with_password
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand, Options
from tests.emulator.vendor import Cut, EmulatedVendor, Fault, Owner, Scenario, Step
from tests.emulator.wearer import Policy
from tests.leaks import Secret, find

from .bands import MakeBand, held
from .flow import DOMAIN, KEY, PROFILE, async_until_heard
from .house import House, entry_of, until
from .http_pages import Answers, Browser, Given
from .witness import ENTRIES, Witness

_LOGGER = logging.getLogger("bleak.planted")
MI_BAND = "custom_components.mi_band"
OTHER_KEY = bytes.fromhex("fb721110280a4394d2b6fcd076b59818")
NEW_ADDRESS = "F3:4E:C4:00:00:99"
OWNER = Owner()
RIGHT = {"account": OWNER.account, "password": OWNER.password}
BY_PHONE: Given = {"account": OWNER.phone, "password": OWNER.password}
WRONG = {"account": OWNER.account, "password": "n0t the+right&one"}
RETRY: Given = {"next_step": "retry"}
CONSENT: Given = {"was_reset": True, "experiment": True}


def choose(step: str) -> Given:
    return {"next_step_id": step}


@dataclass(slots=True, kw_only=True)
class Scene:
    """A person in front of a browser, a thief behind them, and bands."""

    hass: HomeAssistant
    browser: Browser
    witness: Witness
    vendor: EmulatedVendor
    make_band: MakeBand
    secrets: dict[str, Secret] = field(
        default_factory=lambda: {
            "the key": KEY,
            "another key": OTHER_KEY,
            "the password": OWNER.password,
            "a wrong password": WRONG["password"],
        }
    )
    bands: list[EmulatedBand] = field(default_factory=list)

    async def new_band(self, options: Options) -> EmulatedBand:
        """Switch a band on, which takes the signature of this maker."""
        band = await self.make_band(**({"verify_key": self.vendor.verify_key} | options))
        self.bands.append(band)
        return band

    async def known_band(self) -> House:
        """Set a band up that was added with its key."""
        band = await self.new_band({"key": KEY})
        house = House(self.hass, band, entry_of(self.hass, band))
        await house.set_up()
        await house.until_connected()
        return house

    async def until_added(self) -> ConfigEntry:
        """Wait until the one band that was added is read; return its entry."""
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        await until(lambda: entry.state is ConfigEntryState.LOADED)
        await until(lambda: entry.runtime_data.data.connected)
        return entry

    def with_codes(self, answers: Answers) -> Answers:
        """Put a fresh code into each pasted address."""
        return {
            step: [{name: self._with_code(value) for name, value in each.items()} for each in given]
            for step, given in answers.items()
        }

    def _with_code(self, value: object) -> object:
        return value.replace("CODE", self.vendor.issue_code()) if isinstance(value, str) else value

    def tap_if_asked(self) -> None:
        """Tap the band that asks for it, unless its wearer has made up their mind."""
        for band in self.bands:
            if held(band)["asking"] and band.wearer.policy is Policy.MANUAL:
                band.wearer.tap()

    async def leaks(self) -> list[str]:
        """Tell what may not be seen, and where it is seen."""
        await self.hass.async_block_till_done()
        hidden = self.secrets | {text: _plain(text) for text in self.vendor.secrets}
        hidden |= {f"the key of {band.address}": band.key for band in self.bands if band.key}
        private = {text: text for text in (OWNER.account, OWNER.phone, OWNER.user_id)}
        wanted = {
            "": hidden | private,
            # The owner's name is offered again to who mistyped the password.
            "page account_email": hidden,
            "page key_shown": {name: text for name, text in hidden.items() if text != KEY},
        }
        texts = await self.witness.async_texts(self.browser)
        return [
            found
            for place, text in texts
            for found in find([(place, text)], wanted.get(place, wanted[""]))
        ]


def _plain(text: str) -> Secret:
    """Return the bytes of a secret that the vendor has as digits."""
    return bytes.fromhex(text) if re.fullmatch("([0-9a-f]{2}){16,}", text) else text


@pytest.fixture
async def vendor(loopback: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[EmulatedVendor]:
    """Provide the maker's service in its place; it found nothing wrong with us."""
    async with EmulatedVendor(key=KEY) as vendor:
        there = Vendor(base=vendor.base, timeout=timedelta(seconds=0.5))
        for ask in (sign_in_with_password, sign_in_with_mi, signer_with_password, signer_with_mi):
            monkeypatch.setattr(f"{MI_BAND}.config_flow.{ask.__name__}", partial(ask, vendor=there))
        yield vendor
        assert not vendor.violations


@pytest.fixture
def witness(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Witness:
    """Provide who sees everything from the test's beginning."""
    witness = Witness(hass, hass_storage, caplog)
    witness.watch(monkeypatch)
    return witness


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for what gives a person or a real band its time."""
    for name, short in (
        ("config_flow.NAME_SCAN_SECONDS", 0.1),
        ("reach.LISTENING", timedelta(seconds=0.3)),
        ("keeper.FIRST_PAUSE", timedelta(milliseconds=20)),
        ("farewell.NEW_LIFE_TIMEOUT", timedelta(seconds=1)),
        ("band.binding.TAP_TIMEOUT", timedelta(seconds=0.3)),
        ("band.auth.EXCHANGE_TIMEOUT", timedelta(seconds=0.3)),
    ):
        monkeypatch.setattr(f"{MI_BAND}.{name}", short)


@pytest.fixture
async def client(
    bluetooth_scanner: AttachedScanner, hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """Provide a browser in a house that hears bands."""
    # Whatever has pages comes before they are served; afterwards it is too late.
    for component in ("config", "diagnostics", "file_upload", "repairs", *PLATFORMS):
        assert await async_setup_component(hass, component, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


@pytest.fixture
async def scene(
    client: TestClient[Any, Any], witness: Witness, vendor: EmulatedVendor, make_band: MakeBand
) -> AsyncGenerator[Scene]:
    """Provide the scene, which nobody leaves with a page open."""
    hass = witness.hass
    browser = Browser(hass, client)
    scene = Scene(hass=hass, browser=browser, witness=witness, vendor=vendor, make_band=make_band)
    browser.meanwhile = scene.tap_if_asked
    yield scene
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        hass.config_entries.flow.async_abort(flow["flow_id"])
    await hass.async_block_till_done()


@pytest.fixture(autouse=True)
def chosen_at_random(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what bands choose: what they make their key from, and what they ask of who knows it."""
    choose_bytes = secrets.SystemRandom().randbytes

    def chosen(count: int) -> bytes:
        seed = choose_bytes(count)
        scene.secrets[f"the seed {seed.hex()}"] = seed
        return seed

    monkeypatch.setattr("tests.emulator.gatt.auth.secrets.token_bytes", chosen)


# Adding a band


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How somebody adds a band, and how that ends."""

    answers: Answers
    ends: str
    band: Options = field(default_factory=lambda: Options(key=KEY))
    scenario: Scenario = Scenario.OK_EMAIL
    fault: tuple[Step, Cut] | None = None
    cut_after: int | None = None


MI_ADDRESS: Given = {"pasted": "https://landing.example/not?state=x&code=CODE"}
NONSENSE: Given = {"pasted": "https://landing.example/not?error=1"}
TAP: Answers = {"method": [choose("tap")]}
TYPED: Answers = {"method": [choose("key")]}
RIGHT_KEY: Given = {"key": KEY.hex()}
WRONG_KEY: Given = {"key": OTHER_KEY.hex()}
EMAIL: Answers = {
    "method": [choose("account")],
    "account": [choose("account_email")] * 2,
    "account_email": [RIGHT, RIGHT],
    "account_sign_in_failed": [],
}
MI: Answers = {
    "method": [choose("account")],
    "account": [choose("account_mi")] * 2,
    "account_mi": [MI_ADDRESS] * 2,
}
SIGNED: Answers = {
    "method": [choose("tap")],
    "vendor_signature_needed": [choose("sign")],
    "sign": [CONSENT],
    "account": [choose("account_email")] * 2,
    "account_email": [RIGHT, RIGHT],
}
SIGNED_MI: Answers = {**SIGNED, "account": [choose("account_mi")], "account_mi": [MI_ADDRESS]}
V1 = Options(profile="v1_new")
V2 = Options(profile="v2_new")
ADDED = "create_entry"
AGAIN: Answers = {
    "account_sign_in_failed": [RETRY],
    "pair_failed": [RETRY],
    "first_sync_failed": [RETRY],
}

WAYS: Mapping[str, Way] = {
    "a tap": Way(answers=TAP, ends=ADDED, band=V1),
    "a tap that is refused": Way(
        answers=TAP,
        ends="pair_failed/confirm_refused",
        band=Options(profile="v1_new", policy=Policy.REFUSE),
    ),
    "a tap that never comes": Way(
        answers=TAP,
        ends="pair_failed/confirm_timeout",
        band=Options(profile="v1_new", policy=Policy.IGNORE),
    ),
    "a tap whose link is cut": Way(answers={**TAP, **AGAIN}, ends=ADDED, band=V1, cut_after=4),
    "a typed key": Way(answers={**TYPED, "key": [RIGHT_KEY]}, ends=ADDED),
    "a wrong key, then the right one": Way(
        answers={**TYPED, "key": [WRONG_KEY, RIGHT_KEY], "pair_failed": [{"next_step": "key"}]},
        ends=ADDED,
    ),
    "a key of another band": Way(
        answers={**TYPED, "key": [{"key": f"{NEW_ADDRESS};{KEY.hex()}"}]},
        ends="key/key_other_band",
    ),
    "a key without its end": Way(
        answers={**TYPED, "key": [{"key": KEY.hex()[:-2]}]}, ends="key/key_truncated"
    ),
    "a key with a wrong digit": Way(
        answers={**TYPED, "key": [{"key": f"{KEY.hex()[:-1]}g"}]}, ends="key/invalid_key_format"
    ),
    "a key for a silent band": Way(
        answers={**TYPED, "key": [RIGHT_KEY]},
        ends="pair_failed/cannot_connect",
        band=Options(profile="silent_auth", key=KEY),
    ),
    "a key for a band that hangs up": Way(
        answers={**TYPED, "key": [RIGHT_KEY]},
        ends="pair_failed/cannot_connect",
        band=Options(profile="drops_on_auth", key=KEY),
    ),
    "a first sync whose link is cut": Way(
        answers={**TYPED, **AGAIN, "key": [RIGHT_KEY]}, ends=ADDED, cut_after=12
    ),
    "an account by e-mail": Way(answers=EMAIL, ends=ADDED),
    "an account by phone number": Way(answers={**EMAIL, "account_email": [BY_PHONE]}, ends=ADDED),
    "a wrong password, then the right one": Way(
        answers={**EMAIL, **AGAIN, "account_email": [WRONG, RIGHT]}, ends=ADDED
    ),
    **{
        f"an account: {scenario.value}": Way(
            answers=EMAIL, ends=f"account_sign_in_failed/{code}", scenario=scenario
        )
        for scenario, code in (
            (Scenario.RATE_LIMITED, "account_rate_limited"),
            (Scenario.NOWHERE_REGISTERED, "account_not_registered"),
            (Scenario.FROZEN, "account_frozen"),
            (Scenario.BINARY_400, "account_auth_failed"),
            (Scenario.HTML, "account_unreachable"),
            (Scenario.NO_LOCATION, "account_unreachable"),
            (Scenario.NO_BANDS, "account_no_bands"),
            (Scenario.KEY_EMPTY, "account_no_key"),
        )
    },
    **{
        f"an account: {step.value} {cut.value}": Way(
            answers=EMAIL, ends="account_sign_in_failed/account_unreachable", fault=(step, cut)
        )
        for step in (Step.TOKENS, Step.LOGIN)
        for cut in Cut
    },
    "an account: devices closed in the body": Way(
        answers=EMAIL,
        ends="account_sign_in_failed/account_unreachable",
        fault=(Step.DEVICES, Cut.IN_BODY),
    ),
    "an account: logout closed in the body": Way(
        answers=EMAIL, ends=ADDED, fault=(Step.LOGOUT, Cut.IN_BODY)
    ),
    "an account whose key is old": Way(
        answers=EMAIL, ends="pair_failed/wrong_key", band=Options(profile="bound_08")
    ),
    "an account with the key of another address": Way(
        answers={**EMAIL, "account_bands": [{"band": "F3:4E:C4:1E:46:0F"}]},
        ends=ADDED,
        band=Options(key=KEY, address=NEW_ADDRESS),
    ),
    "a Mi account": Way(answers=MI, ends=ADDED),
    "a Mi account with a used code": Way(
        answers=MI, ends="account_sign_in_failed/account_code_used", scenario=Scenario.CODE_USED
    ),
    "a Mi account without a code": Way(
        answers={**MI, "account_mi": [NONSENSE]}, ends="account_sign_in_failed/account_code_missing"
    ),
    "a Mi account: login closed in the body": Way(
        answers=MI,
        ends="account_sign_in_failed/account_unreachable",
        fault=(Step.LOGIN, Cut.IN_BODY),
    ),
    "a signature": Way(answers=SIGNED, ends=ADDED, band=V2),
    "a signature by a Mi account": Way(answers=SIGNED_MI, ends=ADDED, band=V2),
    "a signature with a wrong password": Way(
        answers={**SIGNED, "account_email": [WRONG]},
        ends="account_sign_in_failed/account_auth_failed",
        band=V2,
    ),
    "a signature that the maker refuses": Way(
        answers=SIGNED,
        ends="account_sign_in_failed/account_sign_refused",
        band=V2,
        scenario=Scenario.SIGN_REFUSED,
    ),
    "a signature that does not come": Way(
        answers=SIGNED,
        ends="account_sign_in_failed/account_unreachable",
        band=V2,
        fault=(Step.SIGN, Cut.IN_BODY),
    ),
    "a signature that the band refuses": Way(
        answers=SIGNED,
        ends="pair_failed/confirm_refused",
        band=Options(profile="v2_new", verify_key=None),
    ),
    "a signature and a refused tap": Way(
        answers=SIGNED,
        ends="pair_failed/confirm_refused",
        band=Options(profile="v2_new", policy=Policy.REFUSE),
    ),
    "a signature whose link is cut": Way(
        answers={**SIGNED, **AGAIN}, ends=ADDED, band=V2, cut_after=12
    ),
    "a signature that is not registered": Way(
        answers=SIGNED, ends=ADDED, band=V2, scenario=Scenario.COMPLETE_FAILS
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_nothing_secret_is_seen_when_a_band_is_added(scene: Scene, way: Way) -> None:
    band = await scene.new_band(way.band)
    scene.vendor.scenario = way.scenario
    if way.fault is not None:
        step, cut = way.fault
        scene.vendor.faults[step] = Fault(cut)
    page = await scene.browser.open_card("bluetooth", band.address)
    # Before there was a page, the radio was listened to.
    band.faults.cut_after(way.cut_after)
    answers: Answers = {
        "bluetooth_confirm": [{}],
        "profile": [PROFILE],
        **scene.with_codes(way.answers),
    }
    ends = await scene.browser.walk(page, answers)
    assert ends == way.ends
    if ends == ADDED:
        entry = await scene.until_added()
        assert band.key is not None
        assert entry.data["key"] == band.key.hex()
    assert await scene.leaks() == []


# A band that Home Assistant knows


def again(**answers: Sequence[Given]) -> Answers:
    return {"reauth_confirm": [{}], **answers}


REAUTHENTICATIONS: Mapping[str, tuple[Answers, bytes, str]] = {
    "with the new key": (
        again(method=[choose("key")], key=[WRONG_KEY]),
        OTHER_KEY,
        "reauth_successful",
    ),
    "with the old key": (
        again(method=[choose("key")], key=[RIGHT_KEY]),
        OTHER_KEY,
        "pair_failed/wrong_key",
    ),
    "with the account": ({**again(), **EMAIL}, OTHER_KEY, "reauth_successful"),
    "with the account that has the old key": ({**again(), **EMAIL}, KEY, "pair_failed/wrong_key"),
    "with a wrong password": (
        {**again(), **EMAIL, "account_email": [WRONG]},
        OTHER_KEY,
        "account_sign_in_failed/account_auth_failed",
    ),
    "with a Mi account": ({**again(), **MI}, OTHER_KEY, "reauth_successful"),
    "for a band that takes a key": (
        again(method=[choose("tap")]),
        OTHER_KEY,
        "vendor_signature_needed",
    ),
}


@pytest.mark.parametrize("row", REAUTHENTICATIONS.values(), ids=REAUTHENTICATIONS)
async def test_nothing_secret_is_seen_when_a_band_refuses_its_key(
    scene: Scene, row: tuple[Answers, bytes, str]
) -> None:
    answers, scene.vendor.key, ends = row
    house = await scene.known_band()
    house.band.wearer.pair_elsewhere(OTHER_KEY)
    page = await scene.browser.open_card("reauth", house.band.address)
    assert await scene.browser.walk(page, scene.with_codes(answers)) == ends
    if ends == "reauth_successful":
        await scene.until_added()
    assert await scene.leaks() == []


RECONFIGURATIONS: Mapping[str, tuple[Answers, str]] = {
    "a new key": (
        {"reconfigure": [choose("new_key")], "method": [choose("key")], "key": [WRONG_KEY]},
        "pair_failed/wrong_key",
    ),
    "the same key": (
        {"reconfigure": [choose("new_key")], "method": [choose("key")], "key": [RIGHT_KEY]},
        "reconfigure_successful",
    ),
    "the account": ({"reconfigure": [choose("new_key")], **EMAIL}, "reconfigure_successful"),
    "another address": (
        {
            "reconfigure": [choose("new_address")],
            "new_address": [{CONF_ADDRESS: NEW_ADDRESS}],
            "method": [choose("key")],
            "key": [WRONG_KEY],
        },
        "reconfigure_successful",
    ),
    "show the key": (
        {
            "reconfigure": [choose("show_key")],
            "show_key": [{"confirm": True}],
            "key_shown": [{}],
        },
        "reconfigure_successful",
    ),
    "rather not": (
        {"reconfigure": [choose("show_key")], "show_key": [{"confirm": False}]},
        "reconfigure",
    ),
}


@pytest.mark.parametrize("row", RECONFIGURATIONS.values(), ids=RECONFIGURATIONS)
async def test_nothing_secret_is_seen_when_a_band_is_reconfigured(
    scene: Scene, row: tuple[Answers, str]
) -> None:
    answers, ends = row
    house = await scene.known_band()
    other = await scene.new_band({"key": OTHER_KEY, "address": NEW_ADDRESS})
    await async_until_heard(scene.hass, other)
    page = await scene.browser.open_reconfigure(house.entry.entry_id)
    assert await scene.browser.walk(page, answers) == ends
    if ends == "reconfigure_successful":
        await scene.until_added()
    shown = [text for place, text in scene.browser.sent if place == "page key_shown"]
    assert [KEY.hex() in text for text in shown] == [True] * ("key_shown" in answers)
    assert await scene.leaks() == []


RESETS: Mapping[str, tuple[Answers, Policy, str]] = {
    "with a signature": (SIGNED, Policy.ACCEPT, "reconfigure_successful"),
    "with a signature by a Mi account": (SIGNED_MI, Policy.ACCEPT, "reconfigure_successful"),
    "and refused": (SIGNED, Policy.REFUSE, "pair_failed/confirm_refused"),
    "and given its old key": (
        {**TYPED, "key": [RIGHT_KEY]},
        Policy.ACCEPT,
        "pair_failed/wrong_key",
    ),
}


@pytest.mark.parametrize("row", RESETS.values(), ids=RESETS)
async def test_nothing_secret_is_seen_when_a_band_was_reset(
    scene: Scene, row: tuple[Answers, Policy, str]
) -> None:
    answers, policy, ends = row
    house = await scene.known_band()
    house.band.wearer.policy = policy
    old = house.band.address
    house.band.wearer.reset()
    await house.band.wait_for(lambda: house.band.address != old and house.band.powered)
    page = await scene.browser.open_card("bluetooth", house.band.address)
    known: Answers = {
        "bluetooth_confirm": [{}],
        "known_band": [{"known_band": house.entry.entry_id}],
    }
    assert await scene.browser.walk(page, scene.with_codes({**known, **answers})) == ends
    if ends == "reconfigure_successful":
        await scene.until_added()
    assert await scene.leaks() == []


# Daily use, and the ways out


async def use(house: House) -> None:
    await house.act("notify", "wrist", "send_message", message="Hello")
    await house.call("sync")
    await house.act("button", "measure_heart_rate", "press")


async def lose(house: House) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError):
        await house.call("sync")
    await until(lambda: ir.async_get(house.hass).issues)


async def cut(house: House) -> None:
    connections = house.on_band("connections")
    house.band.faults.cut_after(0)
    with pytest.raises(HomeAssistantError):
        await house.call("sync")
    await until(lambda: house.on_band("connections") > connections)
    house.band.faults.cut_after(None)
    await house.until_connected()


async def reset(house: House) -> None:
    assert (await house.call("factory_reset"))["heard_as_new"]


async def unbind(house: House) -> None:
    assert (await house.call("unbind"))["heard_as_new"]
    assert not house.hass.config_entries.async_entries(DOMAIN)


async def unbind_what_is_away(house: House) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError) as raised:
        await house.call("unbind")
    assert raised.value.translation_key == "last_sync_failed"


async def unbind_by_force_what_is_away(house: House) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError):
        await house.call("unbind", force=True)


async def remove(house: House) -> None:
    await house.hass.config_entries.async_remove(house.entry.entry_id)


@pytest.mark.parametrize(
    "act",
    [use, lose, cut, reset, unbind, unbind_what_is_away, unbind_by_force_what_is_away, remove],
)
async def test_nothing_secret_is_seen_in_daily_use_and_at_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, act: Callable[[House], Awaitable[None]]
) -> None:
    monkeypatch.setattr(f"{MI_BAND}.troubles.LONG_SILENCE", timedelta())
    monkeypatch.setattr(f"{MI_BAND}.troubles.CHECK_INTERVAL", timedelta(milliseconds=20))
    house = await scene.known_band()
    await act(house)
    assert await scene.leaks() == []


# Whether a secret would be seen


async def test_a_secret_would_be_seen_in_each_place(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await scene.known_band()
    hass, entry = scene.hass, house.entry
    _LOGGER.debug("a packet: %s", b"\x01\x00" + KEY)
    told = HomeAssistantError("told without what is behind it")
    told.__cause__ = ValueError(RIGHT)
    hass.states.async_set("sensor.planted", "on", {"numbers": list(KEY)})
    (Path(hass.config.config_dir) / "planted.db").write_bytes(b"\x00" + KEY)
    ir.async_create_issue(
        hass,
        DOMAIN,
        "planted",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="not_heard",
        translation_placeholders={
            "name": KEY.hex("-"),
            "since": "",
            "reason": "",
        },
    )
    hass.config_entries.async_update_entry(
        entry, title=f"Ada {KEY.hex(' ')}", options={"planted": b64encode(KEY).decode()}
    )
    await scene.browser.open_reconfigure(entry.entry_id)
    monkeypatch.setattr(f"{MI_BAND}.diagnostics._troubles", lambda *_: [RIGHT["password"].upper()])
    info = {"planted": f"{int.from_bytes(KEY)}"}
    monkeypatch.setattr("tests.integration.witness.async_info", AsyncMock(return_value=info))
    places = {found.partition(":")[0] for found in await scene.leaks()}
    assert places == {
        "diagnostics of the entry",
        "entry",
        "error",
        "file planted.db",
        "issue not_heard",
        "log",
        "page reconfigure",
        "states",
        f"storage {ENTRIES}",
        "system information",
    }
