"""Asking a person: what a question is, what may be answered, and what an answer opens."""

CONTROL_SOCKET = "control socket"
"""The name of the channel of whoever answers over one."""
