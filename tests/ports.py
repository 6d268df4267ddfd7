"""A port that is free now and still is when a program binds it later."""

import random
import socket

RANGE = range(20000, 32000)
"""Below those that the system gives to whoever asks for any: ip_local_port_range, ip(7)."""


def later_port() -> int:
    """A number at which nobody listens on any address, and that no other gets by chance."""
    for port in random.sample(RANGE, 100):
        with socket.socket() as sock:
            try:
                sock.bind(("", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port is free in {RANGE}")
