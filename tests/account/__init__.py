"""The client of the vendor's account service, against the emulated service."""
