"""The policy of a run, and the environment that its program gets."""
