"""The answer to what look-ups consist of: a question for the address of a host, plainly put.

It is the answer that `dns_answers.py` gives, without what that has to load and to read; what is not
plain, and a name that means this machine, is left to it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from nono.broker.network import look_ups
from nono.supervisor.linux.network.synthetic_names import SyntheticNames


def plain_answer(
    message: bytes, names: SyntheticNames, on_loopback: Callable[[str], Collection[str]]
) -> bytes | None:
    """The reply to a message; None where it is not for here to answer. From any thread.

    `on_loopback` tells the addresses of a name that means this machine, and none else.
    """
    asked = look_ups.read(message)
    if asked is None or on_loopback(asked.host):
        return None
    address = names.address_of(asked.host)
    return None if address is None else look_ups.reply(asked, socket.inet_aton(address))
