"""Messages between nono and the sandbox's init."""

from __future__ import annotations

import socket

from nono.supervisor.linux.launch import protocol


def test_what_an_init_said_before_it_ended_is_heard() -> None:
    """Also when it ended before it had heard what it was told."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        protocol.send(theirs, protocol.EXITED, 15)
        protocol.send(theirs, protocol.ENDED)
        protocol.send(ours, protocol.SEEN)
        theirs.close()
        heard = [protocol.receive(ours)[0] for _ in range(3)]
    assert heard == [[protocol.EXITED, 15], [protocol.ENDED], None]
