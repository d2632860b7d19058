"""A browser, a running Home Assistant and an emulated band: what a person sees."""
