"""Keys that the program never holds: where they are loaded from, and the proxy that adds them."""
