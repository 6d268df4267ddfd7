"""A program that renames, links, replaces and creates at will gains nothing by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import Access, Policy
from tests.broker.floor.kernel import Edits, Machine, Node, carry_out
from tests.broker.worlds import SCENE, World, allow, policies, rules, scene_policies, worlds

pytestmark = pytest.mark.long


NEW = ("new", ".env")
DEEDS = ("rename", "link", "exchange", "remove", "file", "directory")
# Each number picks one of the moves that are possible when its turn comes.
choices = st.lists(st.integers(0, 1000), max_size=3)


@pytest.mark.long
@settings(max_examples=100)
@given(scene_policies, choices)
def test_no_sequence_of_moves_opens_a_closed_object(policy: Policy, chosen: list[int]) -> None:
    Attack(policy, SCENE).run(chosen)


@pytest.mark.long
def test_a_readable_directory_that_moves_stays_no_place_to_drop_secrets() -> None:
    """The kernel goes on permitting reads in a directory that was moved out of sight."""
    policy = Policy((allow("/w", Access.WRITE), allow("/w/a", Access.READ)))
    for first in range(60):
        Attack(policy, SCENE).run([first])


@pytest.mark.long
@settings(max_examples=40)
@given(policies(rules(), most=6), worlds, choices)
def test_nor_in_any_other_world(policy: Policy, world: World, chosen: list[int]) -> None:
    Attack(policy, world).run(chosen)


class Attack:
    """A machine, and what the program may not get at when it starts."""

    def __init__(self, policy: Policy, world: World) -> None:
        self.machine = machine = Machine(policy, world, policy.floor(world))
        before = machine.paths()
        self.unreadable = {n for p, n in before.items() if not machine.may(p, Access.READ)}
        self.unreachable = {n for p, n in before.items() if not machine.may(p, Access.CONNECT)}
        self.fixed = {p: n for p, n in before.items() if not machine.may(p, Access.WRITE)}

    def run(self, chosen: list[int]) -> None:
        """Make the chosen moves; at the end try every single one that is left."""
        for number in chosen:
            moves = list(self.moves())
            if moves:
                deed, edits = moves[number % len(moves)]
                carry_out(edits)
                self.check(deed)
        for deed, edits in list(self.moves()):
            undo = carry_out(edits)
            self.check(deed)
            carry_out(undo)

    def moves(self) -> Iterator[tuple[str, Edits]]:
        """Every move that the kernel or the broker permits now."""
        there = self.machine.paths()
        fresh = [
            f"{path}/{name}"
            for path, node in there.items()
            if node.kind == "directory"
            for name in NEW
        ]
        for deed in DEEDS:
            makes = deed in ("file", "directory")
            for first in ["/"] if makes else there:
                for second in ["/"] if deed == "remove" else [*there, *fresh]:
                    edits = self.machine.plan(deed, first, second)
                    if edits is not None:
                        yield f"{deed} {first} {second}", edits

    def check(self, deed: str) -> None:
        """Nothing that was closed is open, and nothing that was fixed has moved."""
        for path, node in self.machine.paths().items():
            if node in self.unreadable:
                assert not self.shows(path, node), (deed, path)
            if node in self.unreachable:
                assert not self.machine.may(path, Access.CONNECT), (deed, path)
        for path, node in self.fixed.items():
            assert self.machine.find(path) is node, (deed, path)

    def shows(self, path: str, node: Node) -> bool:
        """Can the content be read? (That a directory holds a name is no secret.)"""
        return node.kind != "directory" and self.machine.may(path, Access.READ)
