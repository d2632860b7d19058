"""Home Assistant in the test's own process, with its own Bluetooth, against the emulated band."""
