"""The records of runs: written, found, read, and decided again."""
