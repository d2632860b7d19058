"""The forms of the config flow, but for the wearer's: what a page asks for, and how."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.const import CONF_ADDRESS
from homeassistant.helpers import selector
import voluptuous as vol

from .account import mi_sign_in_address, next_mi_link
from .account_answers import AccountBand
from .account_constants import MI_LINKS, MiLink
from .account_errors import AccountError
from .band.errors import BandError, KeyRejected
from .const import CONF_KEY, MODEL
from .coordinator import MiBandConfigEntry

CONF_NEXT_STEP: Final = "next_step"
CONF_KNOWN_BAND: Final = "known_band"
NEW_BAND: Final = "new"

KEY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_KEY): selector.TextSelector(
            selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD, autocomplete="off")
        )
    }
)
ACCOUNT_SCHEMA: Final = vol.Schema(
    {
        vol.Required("account"): selector.TextSelector(
            selector.TextSelectorConfig(autocomplete="username")
        ),
        vol.Required("password"): selector.TextSelector(
            selector.TextSelectorConfig(
                type=selector.TextSelectorType.PASSWORD, autocomplete="current-password"
            )
        ),
    }
)
PASTED_SCHEMA: Final = vol.Schema(
    {
        # Whoever wants another page has nothing to paste.
        vol.Optional("pasted", default=""): selector.TextSelector(
            selector.TextSelectorConfig(autocomplete="off")
        ),
        vol.Required("other_page", default=False): bool,
    }
)
CONSENT_SCHEMA: Final = vol.Schema(
    {
        vol.Required("was_reset", default=False): bool,
        vol.Required("experiment", default=False): bool,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAnswers:
    """What the pages about an account were told. No password is among it, nor what was pasted."""

    name: str = ""
    """E-mail address or phone number; suggested when it is asked for again."""
    link: MiLink = MI_LINKS[0]
    """The one on the page for a Mi account."""
    followed: MiLink | None = None
    """The one that the last sign-in came from; None when that was with a name."""

    def with_name(self, name: str) -> AccountAnswers:
        """Return them after a sign-in with a name."""
        return replace(self, name=name, followed=None)

    def with_link_followed(self) -> AccountAnswers:
        """Return them after the link on the page was followed."""
        return replace(self, followed=self.link)

    def with_other_page(self) -> AccountAnswers:
        """Return them for who wants another link."""
        return replace(self, link=next_mi_link(self.link))

    def after(self, err: AccountError) -> AccountAnswers:
        """Return them after a sign-in that failed: another link may do better."""
        if self.followed is None:
            return self
        return replace(self, link=next_mi_link(self.followed, err))


def mi_link_placeholders(link: MiLink) -> dict[str, str]:
    """Return what the page with a link shows of it."""
    return {
        "link": mi_sign_in_address(link),
        "number": str(MI_LINKS.index(link) + 1),
        "count": str(len(MI_LINKS)),
    }


def way_on_schema(fault: BandError | AccountError) -> vol.Schema:
    """Return the ways on from a failure."""
    # The same key would be refused again.
    first = "key" if isinstance(fault, KeyRejected) else "retry"
    return vol.Schema(
        {
            vol.Required(CONF_NEXT_STEP, default=first): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=[first, "method"],
                    mode=selector.SelectSelectorMode.LIST,
                    translation_key=CONF_NEXT_STEP,
                )
            )
        }
    )


def account_bands_schema(bands: Iterable[AccountBand]) -> vol.Schema:
    """Return the bands of an account that have a key."""
    options = [
        selector.SelectOptionDict(
            value=band.address, label=f"{band.name or MODEL} · {band.address}"
        )
        for band in bands
    ]
    return vol.Schema(
        {
            vol.Required("band"): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=options, mode=selector.SelectSelectorMode.LIST
                )
            )
        }
    )


def band_list_schema(
    bands: Iterable[BluetoothServiceInfoBleak], known: set[str | None]
) -> vol.Schema:
    """Return the bands in range, strongest first, with a tick at those that are set up."""
    options = [
        selector.SelectOptionDict(value=heard.address, label=_label(heard, known))
        for heard in sorted(bands, key=lambda heard: heard.rssi, reverse=True)
    ]
    return vol.Schema(
        {vol.Required(CONF_ADDRESS, default=options[0]["value"]): _radio(options, None)}
    )


def known_band_schema(entries: Iterable[MiBandConfigEntry]) -> vol.Schema:
    """Return the known bands that a new one may be, and that it is another."""
    options = [selector.SelectOptionDict(value=NEW_BAND, label=NEW_BAND)] + [
        selector.SelectOptionDict(value=entry.entry_id, label=entry.title) for entry in entries
    ]
    return vol.Schema(
        {vol.Required(CONF_KNOWN_BAND, default=NEW_BAND): _radio(options, CONF_KNOWN_BAND)}
    )


def _radio(
    options: list[selector.SelectOptionDict], translation_key: str | None
) -> selector.SelectSelector:
    config = selector.SelectSelectorConfig(options=options, mode=selector.SelectSelectorMode.LIST)
    if translation_key is not None:
        config["translation_key"] = translation_key
    return selector.SelectSelector(config)


def _label(heard: BluetoothServiceInfoBleak, known: set[str | None]) -> str:
    mark = " ✓" if heard.address in known else ""
    return f"{MODEL} · {heard.address} · {heard.rssi} dBm{mark}"
