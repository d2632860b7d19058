"""Tests of the integration, and the emulated band that they run against."""
