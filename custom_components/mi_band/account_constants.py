"""What the vendor of the account service may change: hosts, apps, links and the form's key.

Source: binding-and-firmware.md sections 4.2, 4.3 and 5.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One of the vendor's two apps; an account knows its bands only as one of them."""

    name: str
    version: str
    source: str
    user_agent: str
    email: str
    """What R2 calls an account with an e-mail address."""
    phone: str
    mi: str
    place: tuple[tuple[str, str], ...] = ()
    """Where R2 says to be, when not where R1 found the account."""


ZEPP_LIFE: Final = App(
    name="com.xiaomi.hm.health",
    version="6.14.0",
    source="com.xiaomi.hm.health:6.14.0:50818",
    user_agent="MiFit/6.14.0 (Pixel 4; Android 12; Density/2.75)",
    email="email",
    phone="huami_phone",
    mi="xiaomi-hm-mifit",
)
ZEPP: Final = App(
    name="com.huami.midong",
    version="9.12.5",
    source="com.huami.watch.hmwatchmanager:9.12.5:151689",
    user_agent="Zepp/9.12.5 (Pixel 4; Android 12; Density/2.75)",
    email="huami",
    phone="huami",
    mi="mi-watch",
    place=(("country_code", "US"), ("countryState", "US-NY")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MiLink:
    """A way to sign in with a Mi account in the browser."""

    client_id: str
    prompt: str
    landing: str
    """Where the browser ends, with the code."""
    app: App


# The page does not exist, so that nobody but us spends the code.
MI_LINK_HELD: Final = MiLink(
    client_id="428135909242707968",
    prompt="1",
    landing="https://api-mifit-cn.huami.com/huami.health.loginview.do_not",
    app=ZEPP_LIFE,
)
MI_LINK_PLAIN: Final = MiLink(
    client_id="428135909242707968",
    prompt="1",
    landing="https://api-mifit-cn.huami.com/huami.health.loginview.do",
    app=ZEPP_LIFE,
)
MI_LINK_ZEPP: Final = MiLink(
    client_id="2882303761517383915",
    prompt="0",
    landing="https://hm.xiaomi.com/watch.do",
    app=ZEPP,
)
MI_LINKS: Final = (MI_LINK_HELD, MI_LINK_PLAIN, MI_LINK_ZEPP)
"""In the order in which to offer them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Where the vendor's services are, and what they expect of everybody alike."""

    base: str = "https://{host}"
    """How a host is reached; tests put their own server in front."""
    timeout: timedelta = timedelta(seconds=15)
    """For one request with its answer."""
    apps: tuple[App, ...] = (ZEPP_LIFE, ZEPP)
    """In the order in which they are tried; each costs a login."""
    mi_host: str = "account.xiaomi.com"
    token_host: str = "api-user-us2.zepp.com"  # noqa: S105  a host, no token
    login_host: str = "account.zepp.com"
    logout_host: str = "api-mifit-us2.zepp.com"
    device_hosts: tuple[str, ...] = (
        "api-mifit-de2.zepp.com",
        "api-mifit.zepp.com",
        "api-mifit-us2.zepp.com",
        "api-mifit-us3.zepp.com",
        "api-mifit-cn3.zepp.com",
    )
    """Asked in this order after those that the login names."""
    domains: tuple[str, ...] = ("zepp.com", "huami.com", "amazfit.com")
    """Whose hosts may see a token, whatever the login names."""
    wanted_hosts: tuple[str, ...] = (
        "account.zepp.com",
        "api-user.zepp.com",
        "api-mifit.zepp.com",
        "api-watch.zepp.com",
        "app-analytics.zepp.com",
        "api-analytics.huami.com",
        "auth.zepp.com",
    )
    """Services for which the login is asked to name the hosts of the account's region."""
    redirect: str = "https://s3-us-west-2.amazonaws.com/hm-registration/successsignin.html"
    # Both are the same in every copy of the app.
    form_key: bytes = b"xeNtBVqzDc6tuNTh"
    form_iv: bytes = b"MAAAYAAAAAAAAABg"


VENDOR: Final = Vendor()

BINDS_PATH: Final = "/v1/device/binds.json"
BINDS_COMMON: Final[Mapping[str, str]] = {
    "appid": "428135909242707968",
    "channel": "play",
    "cv": "50818_6.14.0",
    "device": "android_23",
    "lang": "en_US",
    "v": "2.0",
    "device_type": "0",
    "enableMultiDevice": "true",
}
"""What every request about the binding of a band says of app and phone."""
BINDS_COMPLETE: Final[Mapping[str, str]] = {
    "activeStatus": "1",
    # No source says what the phone is to be called; it is that of the user agents above.
    "brand": "google",
    "brandType": "-1",
    "code": "0",
    "crcedUserId": "0",
    "displayName": "",
    "fw_hr_version": "",
    "productId": "36",
    "soft_version": "6.14.0",
    "sys_model": "Pixel 4",
    "sys_version": "12",
}
"""What registers a band: its model and the phone."""
PRODUCT_VERSION: Final = 257
"""Of the model without NFC, which a band is taken for that does not tell."""
DEVICE_SOURCES: Final[Mapping[int, str]] = {256: "24", PRODUCT_VERSION: "25"}
"""The vendor's number of the variant, by the version in the PnP ID. That these are equal to the
versions that the vendor's lists name is [INFERRED]. Source: binding-and-firmware.md section 7.2."""
