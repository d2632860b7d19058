"""The pages that add a band, and those that give a known one a new key."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
import logging
from typing import Any, Final, override
from uuid import uuid4

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .account import sign_in_with_mi, sign_in_with_password, sort_bands
from .account_answers import AccountBand
from .account_errors import AccountError
from .band.errors import BandError, SignatureRequired
from .band.keys import InvalidKeyFormat, parse_key
from .band.settings import Values
from .claims import async_claim, async_end_offers, async_release
from .const import (
    CONF_BINDING,
    CONF_IDENTITY,
    CONF_KEY,
    CONF_PROFILE,
    CONF_REFUSED,
    DOMAIN,
    MODEL,
)
from .coordinator import MiBandConfigEntry
from .forms import (
    ACCOUNT_SCHEMA,
    CONF_KNOWN_BAND,
    CONF_NEXT_STEP,
    CONSENT_SCHEMA,
    KEY_SCHEMA,
    PASTED_SCHEMA,
    AccountAnswers,
    account_bands_schema,
    band_list_schema,
    known_band_schema,
    mi_link_placeholders,
    way_on_schema,
)
from .known_band import KnownBand, async_silent_entries
from .options_flow import MiBandOptionsFlow
from .pairing import (
    BINDING_NOT_ASKED,
    LOWEST_BATTERY_PERCENT,
    AccountRequest,
    FirstSettings,
    FirstSync,
    Pairing,
    SignedPairing,
    SignIn,
    SigningRequest,
)
from .preferences import chosen_on_page, resolved
from .profile_form import is_birth_date, profile_defaults, profile_schema
from .progress import Procedure
from .reach import bands_held_by_system, is_band_4
from .signing import Zone, signer_with_mi, signer_with_password
from .wearer import ProfileInput

_LOGGER = logging.getLogger(__name__)

WEAK_SIGNAL_DBM: Final = -75
NAME_SCAN_SECONDS: Final = 5.0
FINISHING_S: Final = 0.1


class MiBandConfigFlow(ConfigFlow, domain=DOMAIN):
    """One person's way to a band that Home Assistant knows and may talk to."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        self._address = ""
        self._known: KnownBand | None = None
        self._warned_of_signal = False
        self._sign_in: SignIn | None = None
        self._account = AccountAnswers()
        self._to_sign = False
        self._pairing: Pairing | SignedPairing | None = None
        self._binding = BINDING_NOT_ASKED
        self._first_sync: FirstSync | None = None
        self._profile: ProfileInput = {}
        self._procedure: Procedure | None = None
        self._creating = False
        self._fault: BandError | AccountError | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> MiBandOptionsFlow:
        """Return the page of a band's options."""
        return MiBandOptionsFlow()

    # Which band

    @override
    async def async_step_bluetooth(
        self, discovery_info: BluetoothServiceInfoBleak
    ) -> ConfigFlowResult:
        """Offer a band that was heard."""
        await self.async_set_unique_id(discovery_info.address)
        self._abort_if_unique_id_configured()
        if discovery_info.name == discovery_info.address:
            # A proxy that listens passively does not ask for the name. Without the question it
            # would come minutes later, for every maker's device of this chip alike.
            await bluetooth.async_request_active_scan(self.hass, NAME_SCAN_SECONDS)
        heard = bluetooth.async_last_service_info(self.hass, discovery_info.address)
        if not is_band_4(heard or discovery_info):
            return self.async_abort(reason="not_supported")
        return await self._async_confirm(discovery_info.address)

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """List the bands in range, strongest first."""
        if user_input and CONF_ADDRESS in user_input:
            await self.async_set_unique_id(user_input[CONF_ADDRESS], raise_on_progress=False)
            self._abort_if_unique_id_configured()
            return await self._async_confirm(user_input[CONF_ADDRESS])
        return await self._async_list_bands("user", set())

    async def _async_list_bands(self, step_id: str, without: set[str | None]) -> ConfigFlowResult:
        if not bluetooth.async_scanner_count(self.hass, connectable=True):
            return self._show_empty_list(step_id, "no_adapter")
        await bluetooth.async_request_active_scan(self.hass, NAME_SCAN_SECONDS)
        bands = [
            heard
            for heard in bluetooth.async_discovered_service_info(self.hass, connectable=True)
            if is_band_4(heard) and heard.address not in without
        ]
        if not bands:
            return self._show_empty_list(step_id, *_why_no_band(self.hass))
        schema = band_list_schema(bands, self._async_current_ids(include_ignore=False))
        return self.async_show_form(step_id=step_id, data_schema=schema, last_step=False)

    def _show_empty_list(
        self, step_id: str, error: str, placeholders: dict[str, str] | None = None
    ) -> ConfigFlowResult:
        # Submitting the empty form looks again.
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors={"base": error},
            description_placeholders=placeholders,
            last_step=False,
        )

    async def _async_confirm(self, address: str) -> ConfigFlowResult:
        self._address = address
        self.context["title_placeholders"] = {"name": f"{MODEL} {_short(address)}"}
        return await self.async_step_bluetooth_confirm()

    async def async_step_bluetooth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether this band is meant, and say what makes pairing succeed."""
        heard = bluetooth.async_last_service_info(self.hass, self._address, connectable=True)
        errors: dict[str, str] = {}
        if user_input is not None:
            weak = heard is not None and heard.rssi < WEAK_SIGNAL_DBM
            if not weak or self._warned_of_signal:
                self._claim()
                return await self.async_step_known_band()
            self._warned_of_signal = True
            errors["base"] = "weak_signal"
        return self.async_show_form(
            step_id="bluetooth_confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={
                "name": MODEL,
                "address": self._address,
                "signal": str(heard.rssi) if heard else "?",
                "lowest_battery": str(LOWEST_BATTERY_PERCENT),
            },
            last_step=False,
        )

    async def async_step_known_band(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether this is a band that was reset: a reset gives it a new address."""
        if user_input is not None:
            if entry := self.hass.config_entries.async_get_entry(user_input[CONF_KNOWN_BAND]):
                self._known = KnownBand(self.hass, entry)
                # A proxy makes one connection at a time: whoever still looks for the old address
                # would keep the new one waiting.
                await self._known.async_release()
            return await self.async_step_method()
        silent = [] if self._known else await async_silent_entries(self.hass)
        if not silent:
            return await self.async_step_method()
        schema = known_band_schema(silent)
        return self.async_show_form(step_id="known_band", data_schema=schema, last_step=False)

    def _claim(self) -> None:
        """Take the band in hands, or end this dialog while another one has it, or an entry."""
        owner = self._owner()
        if owner is not None and owner.source != SOURCE_IGNORE:
            raise AbortFlow("already_configured")
        if not async_claim(self.hass, self._address, self.flow_id):
            raise AbortFlow("already_in_progress")

    def _owner(self) -> ConfigEntry | None:
        """Return whose address it is, unless that is the band that this dialog is about."""
        entries = self.hass.config_entries
        owner = entries.async_entry_for_domain_unique_id(DOMAIN, self._address)
        return None if self._known is not None and owner is self._known.entry else owner

    # How to get its key

    async def async_step_method(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the band comes from, for that decides where its key does."""
        self._claim()
        if self._known is not None:
            await self._known.async_keep()
        self._to_sign = False
        return self.async_show_menu(step_id="method", menu_options=["tap", "account", "key"])

    async def async_step_tap(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give the band a key of our own, if it takes one."""
        self._pairing = Pairing(self.hass, self._address)
        return await self.async_step_pair()

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the key from the person who has it."""
        self._to_sign = False
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {"digits": ""}
        if user_input is not None:
            try:
                key = parse_key(user_input[CONF_KEY], self._address)
            except InvalidKeyFormat as err:
                errors[CONF_KEY] = err.code
                placeholders["digits"] = str(getattr(err, "digits", ""))
            else:
                self._pairing = Pairing(self.hass, self._address, key)
                return await self.async_step_pair()
        return self.async_show_form(
            step_id="key",
            data_schema=KEY_SCHEMA,
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which account the band was used with."""
        return self.async_show_menu(step_id="account", menu_options=["account_email", "account_mi"])

    async def async_step_account_email(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take e-mail address or phone number and password, which lives as long as this call."""
        if user_input is None:
            schema = self.add_suggested_values_to_schema(
                ACCOUNT_SCHEMA, {"account": self._account.name}
            )
            return self.async_show_form(
                step_id="account_email", data_schema=schema, last_step=False
            )
        self._account = self._account.with_name(user_input["account"])
        who = {"account": user_input["account"], "password": user_input["password"]}
        if self._to_sign:
            return await self._async_pair_signed(
                partial(signer_with_password, **who, zone=_zone(self.hass))
            )
        return await self._async_sign_in(
            partial(sign_in_with_password, **who, address=self._address)
        )

    async def async_step_account_mi(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the address on which the browser ended after the wearer signed in there."""
        if user_input and user_input["other_page"]:
            self._account = self._account.with_other_page()
            user_input = None
        if user_input is None:
            return self.async_show_form(
                step_id="account_mi",
                data_schema=PASTED_SCHEMA,
                description_placeholders=mi_link_placeholders(self._account.link),
                last_step=False,
            )
        self._account = self._account.with_link_followed()
        what = {"pasted": user_input["pasted"], "link": self._account.link}
        if self._to_sign:
            return await self._async_pair_signed(
                partial(signer_with_mi, **what, zone=_zone(self.hass))
            )
        return await self._async_sign_in(partial(sign_in_with_mi, **what))

    async def async_step_sign(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the person say that the band was reset, and that an experiment is welcome."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if all(user_input.values()):
                self._to_sign = True
                return await self.async_step_account()
            if not any(user_input.values()):
                return await self.async_step_method()
            errors["base"] = "consent_needed"
        return self.async_show_form(
            step_id="sign",
            data_schema=self.add_suggested_values_to_schema(CONSENT_SCHEMA, user_input),
            errors=errors,
            last_step=False,
        )

    async def _async_pair_signed(self, request: SigningRequest) -> ConfigFlowResult:
        earlier = self._pairing.key if isinstance(self._pairing, SignedPairing) else b""
        self._pairing = SignedPairing(self.hass, self._address, earlier)
        self._procedure = Procedure(self.hass, self._pairing.run(request))
        return await self.async_step_pair()

    async def _async_sign_in(self, request: AccountRequest) -> ConfigFlowResult:
        self._sign_in = SignIn(self.hass)
        self._procedure = Procedure(self.hass, self._sign_in.run(request))
        return await self.async_step_account_sign_in()

    async def async_step_account_sign_in(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the sign-in while it runs."""
        return await self._async_show_phases("account_sign_in", done="account_bands")

    async def async_step_account_sign_in_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say why it failed, and offer the ways on."""
        return await self._async_offer_way_on("account_sign_in_failed", user_input)

    async def async_step_account_bands(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the key of this band; let the person pick where the addresses do not tell."""
        bands = {} if self._sign_in is None else _with_keys(self._sign_in.bands, self._address)
        if user_input is None and self._address not in bands:
            return self.async_show_form(
                step_id="account_bands",
                data_schema=account_bands_schema(bands.values()),
                description_placeholders={"address": self._address},
                last_step=False,
            )
        chosen = bands[self._address if user_input is None else user_input["band"]]
        self._sign_in = None
        self._pairing = Pairing(self.hass, self._address, chosen.key)
        return await self.async_step_pair()

    async def async_step_pair(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the pairing while it runs."""
        # One that failed before has the key and the wearer of then.
        self._first_sync = None
        if self._procedure is None and isinstance(self._pairing, Pairing):
            self._procedure = Procedure(self.hass, self._pairing.run())
        return await self._async_show_phases(
            "pair", done="first_sync" if self._known else "profile"
        )

    async def async_step_pair_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say why it failed, and offer the ways on."""
        return await self._async_offer_way_on("pair_failed", user_input)

    async def async_step_vendor_signature_needed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Explain that this band takes no key of our own."""
        return self.async_show_menu(
            step_id="vendor_signature_needed", menu_options=["account", "key", "sign", "tap"]
        )

    # Who wears it

    async def async_step_profile(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask who wears the band: the band counts distance and energy from that."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if is_birth_date(user_input["birth_date"]):
                self._profile = user_input
                return await self.async_step_first_sync()
            errors["birth_date"] = "invalid_birth_date"
        schema = self.add_suggested_values_to_schema(
            profile_schema(), user_input or profile_defaults(self.hass)
        )
        return self.async_show_form(
            step_id="profile", data_schema=schema, errors=errors, last_step=True
        )

    async def async_step_first_sync(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the first sync while it runs."""
        if self._procedure is None and self._pairing is not None:
            if self._first_sync is None:
                self._first_sync = FirstSync(
                    self.hass, self._address, self._pairing.key, await self._async_settings()
                )
            self._procedure = Procedure(self.hass, self._first_sync.run(self.async_update_progress))
        return await self._async_show_phases(
            "first_sync", done="update_known" if self._known else "create"
        )

    async def _async_settings(self) -> FirstSettings:
        """Return what goes on the band: for a known one, what it had."""
        profile: ProfileInput = self._profile
        chosen: Values = {}
        if self._known is not None:
            profile, chosen = self._known.profile, await self._known.async_chosen()
        wanted = chosen or chosen_on_page(profile)
        return FirstSettings(profile, resolved(wanted, self.hass.config.language))

    async def async_step_first_sync_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say why it failed, and offer the ways on."""
        return await self._async_offer_way_on("first_sync_failed", user_input)

    async def async_step_create(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make the config entry: the key is proven and the settings are on the band."""
        if self._creating:
            # Home Assistant comes here by itself when the sync ends, and a page that asks at that
            # moment does too. The first of them makes the entry, the others wait for it.
            await asyncio.sleep(FINISHING_S)
            return self.async_show_progress_done(next_step_id="create")
        self._creating = True
        self._abort_if_unique_id_configured()
        name = self._profile["name"].strip()
        data = {
            CONF_ADDRESS: self._address,
            CONF_KEY: self._proven_key(),
            CONF_IDENTITY: uuid4().hex,
            CONF_PROFILE: self._profile,
            CONF_BINDING: self._binding,
        }
        if self._first_sync is not None and self._first_sync.refused:
            data[CONF_REFUSED] = self._first_sync.refused
        return self.async_create_entry(title=f"{MODEL} {name}".strip(), data=data)

    # A known band that has a new key, or a new address

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin when the band refused its key in daily use."""
        self._know(self._get_reauth_entry())
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what happened before the ways to a key are offered."""
        if user_input is None:
            return self.async_show_form(
                step_id="reauth_confirm", data_schema=vol.Schema({}), last_step=False
            )
        return await self.async_step_method()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer what can change in a band's life, and its key for the next owner."""
        self._know(self._get_reconfigure_entry())
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=["new_key", "new_address", "show_key"],
            description_placeholders={"name": self._get_reconfigure_entry().title},
        )

    async def async_step_new_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the band go, so that the pairing can have it."""
        self._claim()
        if self._known is not None:
            await self._known.async_release()
        return await self.async_step_method()

    async def async_step_new_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the person pick the band that this one became."""
        if user_input and CONF_ADDRESS in user_input:
            self._address = user_input[CONF_ADDRESS]
            self._claim()
            if self._known is not None:
                await self._known.async_release()
            return await self.async_step_method()
        known = self._async_current_ids(include_ignore=False)
        return await self._async_list_bands("new_address", known)

    async def async_step_show_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the key once somebody has said that it may be seen."""
        if user_input is None:
            return self.async_show_form(
                step_id="show_key",
                data_schema=vol.Schema({vol.Required("confirm", default=False): bool}),
                last_step=False,
            )
        if not user_input["confirm"]:
            return await self.async_step_reconfigure()
        return self.async_show_form(
            step_id="key_shown",
            data_schema=vol.Schema({}),
            description_placeholders={"key": self._get_reconfigure_entry().data[CONF_KEY]},
        )

    async def async_step_key_shown(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """End without a change."""
        return self.async_abort(reason="reconfigure_successful")

    def _know(self, entry: MiBandConfigEntry) -> None:
        self._known = KnownBand(self.hass, entry)
        self._address = self._address or self._known.address

    async def async_step_update_known(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Keep everything of the band but its key and its address."""
        if self._known is None:
            raise RuntimeError("this step is for a known band")
        if self._known.is_gone:
            # Somebody has removed it meanwhile, so this is a band of its own.
            self._known = self._first_sync = None
            return await self.async_step_profile()
        if (ignored := self._owner()) is not None:
            # Somebody has dismissed the card of the new address, not the band.
            await self.hass.config_entries.async_remove(ignored.entry_id)
        result = self.async_update_reload_and_abort(
            self._known.entry,
            unique_id=self._address,
            data_updates=self._known.async_take_over(
                self._address, self._proven_key(), self._binding
            ),
            reason=(
                "reauth_successful" if self.source == SOURCE_REAUTH else "reconfigure_successful"
            ),
        )
        async_end_offers(self.hass, self._address, but=self.flow_id)
        return result

    def _proven_key(self) -> str:
        if self._pairing is None:
            raise RuntimeError("this step comes after a pairing")
        return self._pairing.key.hex()

    # Progress

    async def _async_show_phases(self, step_id: str, *, done: str) -> ConfigFlowResult:
        """Show each phase of the running procedure until it ends, then go on.

        Home Assistant comes back here when a phase ends, and whenever the page is loaded anew.
        """
        if self._procedure is None:
            raise RuntimeError("this step shows a procedure")
        self._claim()
        if self._known is not None:
            await self._known.async_keep()
        try:
            phase = await self._procedure.async_phase()
        except (BandError, AccountError) as err:
            done = self._failed(step_id, err)
        except Exception:
            _LOGGER.exception("Unexpected error in %s", step_id)
            done = self._failed(step_id, BandError("unexpected"))
        else:
            if phase is not None:
                return self.async_show_progress(
                    step_id=step_id, progress_action=phase.name, progress_task=phase.task
                )
        self._procedure = None
        if self._pairing is not None and self._pairing.binding != BINDING_NOT_ASKED:
            # The answer that led to the account or the key outlives the pairing that got it.
            self._binding = self._pairing.binding
        return self.async_show_progress_done(next_step_id=done)

    @override
    @callback
    def async_remove(self) -> None:
        """Let the band go when the dialog is closed: that takes the question off its screen."""
        async_release(self.hass, self.flow_id)
        if self._known is not None:
            self._known.async_give_back(ask=self.source != SOURCE_REAUTH)
        if self._procedure is not None:
            self._procedure.async_close()

    def _failed(self, step_id: str, err: BandError | AccountError) -> str:
        self._fault = err
        _LOGGER.debug("%s ended: %s", step_id, err)
        if isinstance(err, AccountError):
            self._account = self._account.after(err)
            return "account_sign_in_failed"
        return (
            "vendor_signature_needed" if isinstance(err, SignatureRequired) else f"{step_id}_failed"
        )

    async def _async_offer_way_on(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is None and self._fault is not None:
            return self._show_fault(step_id, self._fault)
        self._fault = None
        match (user_input or {}).get(CONF_NEXT_STEP):
            case "method":
                return await self.async_step_method()
            case "key":
                return await self.async_step_key()
            case _ if step_id == "first_sync_failed":
                return await self.async_step_first_sync()
            case _ if step_id == "pair_failed" and not self._to_sign:
                return await self.async_step_pair()
            case _:
                # Password and code are not kept, so they are asked for again.
                return await self.async_step_account()

    def _show_fault(self, step_id: str, fault: BandError | AccountError) -> ConfigFlowResult:
        firmware = getattr(fault, "firmware_version", "")
        return self.async_show_form(
            step_id=step_id,
            data_schema=way_on_schema(fault),
            errors={"base": fault.code},
            description_placeholders={
                "firmware": f" {firmware}" if firmware else "",
                "level": str(getattr(fault, "level_percent", "")),
                "needed": str(LOWEST_BATTERY_PERCENT),
                "address": self._address,
            },
            last_step=False,
        )


def _why_no_band(hass: HomeAssistant) -> tuple[str, dict[str, str]]:
    held = next(bands_held_by_system(hass), None)
    return ("held_by_system", {"address": held}) if held else ("band_not_found", {})


def _zone(hass: HomeAssistant) -> Zone:
    """Return where the band is bound."""
    offset = dt_util.now().utcoffset() or timedelta()
    return Zone(hass.config.time_zone, offset // timedelta(minutes=15))


def _with_keys(bands: Iterable[AccountBand], address: str) -> dict[str, AccountBand]:
    return {band.address: band for band in sort_bands(bands, address)}


def _short(address: str) -> str:
    return address[-5:].replace(":", "")
