"""A connection to a name carries TLS for that name, or nothing of it arrives."""

import contextlib
import socket

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.network import denials
from tests.attacks.scene import Scene
from tests.supervisor.network.world import Listener, World

pytestmark = pytest.mark.requires(landlock=2)

NAME, OTHER = "front.example", "hidden.example"


def test_only_for_its_name(outside: Scene, attack: Attack) -> None:
    heard: list[bytes] = []

    def answer(client: socket.socket) -> None:
        with contextlib.suppress(ConnectionResetError):
            if data := client.recv(1 << 16):
                heard.append(data)
                client.sendall(b"reached")
            while client.recv(1 << 16):
                pass

    with World() as world:
        front = Listener(world.address(), 443, answer)
        world.name(NAME, front.address)
        world.name(OTHER, front.address)
        reached = (f"--allow-domain={NAME}", f"--allow-domain={front.address}:443")
        options = (*outside.options, *world.flags(), *reached)
        outcome = attack(outside, "network_tls", NAME, OTHER, options=options)
        front.close()
    own = [name for name in outcome.attempts if name.startswith("own")]
    assert outcome.won == own, outcome.text
    assert len(heard) == len(own) == 12
    refused = {text for name, text in outcome.attempts.items() if name not in own}
    assert refused <= {"ECONNRESET", "EPIPE"}, outcome.text
    summaries = {each["summary"] for each in denials(outcome)}
    assert summaries >= {
        f"TLS for {OTHER} on the connection to {NAME}",
        f"no server name in TLS on the connection to {NAME}",
        f"an encrypted server name in TLS on the connection to {NAME}",
    }
