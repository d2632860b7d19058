"""A package, not a bare folder: the test plugin ships one of this name, which would win."""
