"""A program that renames, links, replaces and creates at will gains nothing by it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import Access, Policy
from tests.broker.kernel import Machine, Node
from tests.broker.worlds import NAMES, World, policies, rules, worlds

NEW = ("a", "new", *NAMES[2:])

DEEDS = ("rename", "rename", "rename", "link", "exchange", "file", "directory", "remove")
# A deed, and two numbers that pick among the paths there are when its turn comes.
steps = st.tuples(st.sampled_from(DEEDS), st.integers(0, 40), st.integers(0, 40))


def choose(machine: Machine, first: int, second: int) -> tuple[str, str]:
    """An existing path, and an existing one or a new name in an existing directory."""
    there = sorted(machine.paths().items())
    if not there:
        return "/w", "/h"
    fresh = [f"{path}/{name}" for path, node in there if node.kind == "directory" for name in NEW]
    after = [path for path, _ in there] + fresh
    return there[first % len(there)][0], after[second % len(after)]


def attempt(machine: Machine, deed: str, first: str, second: str) -> None:
    match deed:
        case "rename":
            machine.rename(first, second)
        case "exchange":
            machine.exchange(first, second)
        case "link":
            machine.link(first, second)
        case "remove":
            machine.remove(first)
        case kind:
            machine.make(second, kind)


@settings(max_examples=2000, deadline=None)
@given(policies(rules(), most=6), worlds, st.lists(steps, min_size=1, max_size=12))
def test_no_sequence_of_moves_opens_a_closed_object(
    policy: Policy, world: World, attempts: list[tuple[str, int, int]]
) -> None:
    machine = Machine(policy, world, policy.floor(world))
    before = machine.paths()
    unreadable = {n for p, n in before.items() if not machine.may(p, Access.READ)}
    unreachable = {n for p, n in before.items() if not machine.may(p, Access.CONNECT)}
    unwritable = {p: n for p, n in before.items() if not machine.may(p, Access.WRITE)}
    for deed, *numbers in attempts:
        first, second = choose(machine, *numbers)
        attempt(machine, deed, first, second)
        for path, node in machine.paths().items():
            assert not (node in unreadable and _shows(machine, path, node)), (deed, path)
            assert not (node in unreachable and machine.may(path, Access.CONNECT)), (deed, path)
        for path, node in unwritable.items():
            assert machine.find(path) is node, (deed, path)


def _shows(machine: Machine, path: str, node: Node) -> bool:
    # Reading a directory shows names, and that a name exists is no secret.
    return node.kind != "directory" and machine.may(path, Access.READ)
