"""The network of a sandbox whose policy knows hosts by name."""
