"""Profiles word for word: a change of one is seen before a Mac sees it.

`python -m tests.seatbelt.test_golden` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nono.broker import (
    Access,
    Effect,
    Glob,
    LocalPort,
    Mode,
    Network,
    Policy,
    Rule,
)
from nono.supervisor.macos.compiled import compiled
from tests.broker.worlds import FLAG, allow, deny, rule

GOLDEN = Path(__file__).parent / "golden"
_PORT = Rule(LocalPort(5432), Access.CONNECT, Effect.ALLOW, FLAG)
POLICIES = {
    "nothing": Policy(()),
    "a-project": Policy(
        (allow("/Users/p/project"), deny("/Users/p/project/.git/hooks"), deny("/Users/p/.ssh")),
        folding=("/",),
    ),
    "names": Policy(
        (allow("/w", Access.READ), rule(Glob("**/.env"), effect=Effect.DENY)), folding=("/",)
    ),
    "exact-names": Policy((allow("/w"), rule(Glob("/w/*.pem"), effect=Effect.DENY))),
    "ports": Policy((), network=Network(Mode.FILTERED, rules=(_PORT,), listen=(_PORT,))),
    "no-network": Policy((allow("/w"),), network=Network(Mode.BLOCKED)),
}


def _text(policy: Policy) -> str:
    profile = compiled(policy, "nono-golden", 4711, mark="nono.run.golden").profile
    return profile.text() + json.dumps(profile.parameters(), indent=1) + "\n"


@pytest.mark.parametrize("name", POLICIES)
def test_a_profile_is_as_it_was(name: str) -> None:
    assert _text(POLICIES[name]) == (GOLDEN / f"{name}.sb").read_text(encoding="utf-8")


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, policy in POLICIES.items():
        (GOLDEN / f"{name}.sb").write_text(_text(policy), encoding="utf-8")


if __name__ == "__main__":
    main()
