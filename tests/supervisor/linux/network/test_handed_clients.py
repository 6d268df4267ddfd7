"""Clients of the name server that the lane in C hands over: none is lost, however many come."""

from __future__ import annotations

import resource
import socket

import pytest

from nono.supervisor.linux.network.handed_clients import HandedClients
from tests.conftest import BY_A_USER, Nono, program_beside
from tests.supervisor.linux.network.conftest import PYTHON

CROWD = program_beside(__file__, "crowd_of_clients.py")


@BY_A_USER
@pytest.mark.requires(landlock=2)
def test_a_crowd_and_one_who_asks_much(nono: Nono) -> None:
    options = ("--allow-cwd", "--allow-domain=api.example")
    command = ("--", PYTHON, "-c", CROWD)
    done = nono("run", "-q", *options, *command, env={"NONO_LANE": "compiled"}, timeout=120)
    assert (done.stderr, done.stdout) == ("", "600 64000\n")


def test_there_is_room_until_many_wait() -> None:
    """Where it says that there is none, all clients that a lane has may still be given."""
    handed = HandedClients()
    given = 0

    def give() -> None:
        here, there = socket.socketpair()
        with there:
            handed.give(here, b"said")

    while handed.has_room:
        give()
        given += 1
    assert 16 < given < resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for _ in range(16):
        give()
    taken = []
    while (client := handed.take()) is not None:
        taken.append(bytes(client[1]))
        client[0].close()
    assert taken == [b"said"] * (given + 16)
    assert handed.has_room
    handed.close()
