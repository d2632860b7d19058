"""Diagnostics: what helps to find a fault, without the wearer, the key and the way to the band."""

from typing import Any

from bleak_retry_connector import BLEDevice  # placeholder
