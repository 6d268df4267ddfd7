"""What nono evaluates before a program starts agrees with the reader of the text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import Mode, Network, Policy
from nono.shims.macos import evaluate
from nono.shims.macos.sbpl import Address, Allow, Profile
from nono.supervisor.macos.network import network_rules
from nono.supervisor.macos.profile import profile_of, with_base
from tests.broker.worlds import path_strategy, policies
from tests.seatbelt.evaluator import READINGS, Asked, parse

OPERATIONS = (
    *("file-read-data", "file-write-data", "file-write-create", "file-write-unlink"),
    *("file-write-mode", "file-link", "file-ioctl", "process-exec", "file-read-metadata"),
    *("network-outbound", "network-bind"),
)


@settings(max_examples=120)
@given(policies(), st.lists(path_strategy(5), min_size=2, max_size=6), *[st.booleans()] * 2)
def test_the_two_agree(policy: Policy, paths: list[str], based: bool, folds: bool) -> None:
    policy = replace(policy, folding=("/",) if folds else ())
    profile = profile_of(with_base(policy) if based else policy, "nono-1")
    rules = parse(profile.text(), profile.parameters())
    evaluator = evaluate.Evaluator(profile)
    for path in (*paths, paths[0].upper(), "/", "/dev/tty", "/dev/ttys003"):
        for operation in OPERATIONS:
            for kind in ("REGULAR-FILE", "SOCKET"):
                socket = operation.startswith("network-")
                side = "local" if operation == "network-bind" else "remote"
                ours = evaluate.Asked(operation, path, kind, is_unix_socket=socket, side=side)
                theirs = Asked(operation, path, kind, is_unix_socket=socket)
                assert evaluator.allows(ours) == READINGS["D"](rules, theirs), (operation, path)


@pytest.mark.parametrize(
    ("mode", "host", "port", "reached"),
    [
        (Mode.UNRESTRICTED, "example.org", 443, True),
        (Mode.FILTERED, "example.org", 443, False),
        (Mode.FILTERED, "localhost", 5000, True),
        (Mode.FILTERED, "localhost", 5001, False),
        (Mode.BLOCKED, "localhost", 5000, False),
    ],
)
def test_a_connection_by_address(mode: Mode, host: str, port: int, reached: bool) -> None:
    profile = Profile("nono-1", tuple(network_rules(Network(mode), proxy_port=5000)))
    asked = evaluate.Asked("network-outbound", host=host, port=port)
    assert evaluate.Evaluator(profile).allows(asked) is reached
    rules = parse(profile.text(), profile.parameters())
    theirs = Asked("network-outbound", f"{host}:{port}")
    assert {reading(rules, theirs) for reading in READINGS.values()} == {reached}


def test_what_no_rule_names_is_refused() -> None:
    profile = Profile("nono-1", (Allow(("network-outbound",), Address("remote", "ip", "*", "*")),))
    evaluator = evaluate.Evaluator(profile)
    assert not evaluator.allows(evaluate.Asked("file-mount", "/"))
    docker = evaluate.Asked("network-outbound", "/var/run/docker.sock", is_unix_socket=True)
    assert not evaluator.allows(docker)
