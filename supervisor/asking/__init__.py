"""The ways to a person while a run goes on, and what a person may want of it meanwhile."""
