"""Tests of the emulator itself: the air, the proxy, the band."""
