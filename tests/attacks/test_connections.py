"""Servers outside: unix sockets in the workspace, in /tmp, abstract ones; metadata addresses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene


@pytest.mark.requires(landlock=2)
@pytest.mark.parametrize("flags", [("--allow",), ("--read", "--write")], ids="-".join)
def test_no_server_outside_is_reached(
    flags: tuple[str, ...],
    outside: Scene,
    attack: Attack,
    partner: Callable[..., None],
    programs: Path,
    tag: str,
) -> None:
    granted = [word for flag in flags for word in (flag, outside.work)]
    readable = outside.plain.parent
    partner(outside, readable / "server")
    options = (*granted, "--read", readable, "--read", programs)
    arguments = (outside.work, readable, tag)
    # The TMPDIR is where the workspace is, so that sockets can be moved there.
    env = {"TMPDIR": "/var/tmp"}
    outcome = attack(outside, "connections", *arguments, options=options, env=env)
    own = [name for name in outcome.attempts if name.startswith("own")]
    assert outcome.won == own
    assert outcome.attempts["talked"] == "[]"
    metadata = {text for name, text in outcome.attempts.items() if name.startswith("metadata")}
    assert metadata == {"ECONNREFUSED"}
