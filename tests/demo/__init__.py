"""The demonstration: a real Home Assistant, an emulated band, and nothing that leaves loopback."""
