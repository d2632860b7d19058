"""Names that several modules of the integration share."""

from typing import Final

DOMAIN: Final = "mi_band"
MANUFACTURER: Final = "Xiaomi"
MODEL: Final = "Mi Smart Band 4"

CONF_IDENTITY: Final = "identity"
"""Made with the config entry; survives a new address and a new key. Unique ids begin with it."""
CONF_KEY: Final = "key"
"""The band's key, 32 hexadecimal digits."""
CONF_PROFILE: Final = "profile"
"""What the wearer told on the profile page, as that page gave it."""
CONF_BINDING: Final = "binding"
"""What the band answered when it was asked how it wants to be bound, for diagnostics."""
CONF_REFUSED: Final = "refused"
"""Settings of the profile page that the band did not take, by their keys; left out where none."""
