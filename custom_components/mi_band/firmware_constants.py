"""What the maker may change about its catalogue of firmware: hosts, parameters, headers.

Source: binding-and-firmware.md section 7.1. Which host is asked for the files themselves, no source
tells; it has to belong to the maker, see `Vendor.domains`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

CATALOGUE_HOSTS: Final = (
    "api-mifit-us2.huami.com",
    "api.amazfit.com",
    "api-mifit-cn3.zepp.com",
)
"""One is asked at a time; where it has no answer, the next one has its turn a day later."""
CATALOGUE_PATH: Final = "/devices/ALL/hasNewVersion"
CATALOGUE_COMMON: Final[Mapping[str, str]] = {
    "appVersion": "6.14.0_50818",
    "resourceVersion": "0",
    "baseResourceVersion": "0",
    "fontVersion": "0",
    "gpsVersion": "0",
    "fontFlag": "0",
    "firmwareFlag": "0",
    "resourceFlag": "0",
    "deviceType": "ALL",
    "device_type": "android_phone",
    "productId": "0",
    "vendorId": "-1",
    "vendorSource": "1",
    "userId": "0",
    "appid": "0",
    "channel": "play",
    "support8Bytes": "true",
}
"""What every question says alike; with 0 for their versions, resources and font are told whole."""
CATALOGUE_HEADERS: Final[Mapping[str, str]] = {
    "appname": "com.xiaomi.hm.health",
    "appplatform": "android_phone",
}
CATALOGUE_LANGUAGES: Final[Mapping[str, str]] = {"zh": "zh_CN"}
"""By Home Assistant's language, which fonts and texts are made for; all others get English."""
CATALOGUE_ENGLISH: Final = "en_US"

DOWNLOAD_TIMEOUT: Final = timedelta(minutes=2)
"""For one file: four megabytes over a slow line."""
MOST_REDIRECTS: Final = 2
