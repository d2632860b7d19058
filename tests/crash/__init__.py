"""Everything goes wrong on the way home, everywhere: nothing is lost and nothing comes twice."""
