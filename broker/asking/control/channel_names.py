"""Names of channels, as an audit has them, which both ends of one need: nothing else is loaded."""

CONTROL_SOCKET = "control socket"
"""Of whoever answers over one."""
