"""Makes the folder a package, so that the test plugin's own `custom_components` does not hide it."""
