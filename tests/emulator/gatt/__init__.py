"""What the emulated band does over GATT, one capability to a module."""
