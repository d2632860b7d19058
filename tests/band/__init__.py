"""Tests of the pure codecs, and of what the emulated band cannot do."""
