"""Tests of the operations and of the session, against the emulated band."""
