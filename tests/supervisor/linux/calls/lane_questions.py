"""The table against Python: what the lane in C reads of a table is what floor and policy say.

    python -m tests.supervisor.linux.calls.lane_questions [QUESTIONS [SEED]]

Worlds are drawn at random, with every kind of rule that a policy may have, and then asked.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass
from random import Random

from nono.broker import (
    Access,
    Allow,
    Effect,
    File,
    Floor,
    Glob,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Rule,
    Subtree,
)
from nono.broker.floor.floor import FloorRule
from nono.broker.requests import RecordedProcess
from nono.broker.rules.patterns import Subtrees
from nono.shims.linux.lane import Found, look_up
from nono.supervisor.decisions.decide import Decisions

NAMES = ("a", "b", "c", "A", ".env", "x-state", "k.key", "tmp", "proc", "\u00e9", "\udcff")
NEVER_TOLD = "\udcc3\udca9"
"""A name that the kernel's bytes are never decoded to: they are \u00e9."""
PARTS = (*NAMES, "*", "**", "*.key", "?", "[ab]", "*-state", "a*", "*[!a]", "**")
INSTANCES = {
    **{"*": "b", "**": "", "*.key": "k.key", "?": "A", "[ab]": "b"},
    **{"*-state": "x-state", "a*": "a", "*[!a]": "b"},
}
"""A name that the part of a pattern stands for."""
READ_WRITE = Access.READ | Access.WRITE
ACCESSES = (Access.READ, Access.WRITE, READ_WRITE)
EVERY = [Access(bits) for bits in range(1, 32)]
FLAG = Origin(OriginKind.FLAG, "--x")
ANSWER = Origin(OriginKind.ANSWER, "1")
PROCESS = RecordedProcess(1, "/bin/x", ())
QUESTIONS_A_WORLD = 100


@dataclass
class World:
    """Decisions, and the table of them."""

    decisions: Decisions
    spelled: list[bytes]
    """The origins of rules in the table, by their numbers; none where it has none."""
    copies: tuple[str, ...]
    flat: bytes
    has_rules: bool
    places: list[str]
    """What rules speak of."""


def draw_world(random: Random) -> World:
    def path(most: int = 4) -> str:
        names = (*NAMES, NEVER_TOLD) if random.random() < 0.25 else NAMES
        return "/" + "/".join(random.choices(names, k=random.randint(0, most)))

    def glob() -> str:
        parts = random.choices(NAMES, k=random.randint(0, 2)) + random.choices(
            PARTS, k=random.randint(1, 2)
        )
        return ("/" if random.random() < 0.7 else "") + "/".join(parts)

    def pattern(effect: Effect) -> File | Subtree | Subtrees | Glob:
        kind = random.random()
        if kind < 0.25:
            return File(path())
        if kind < 0.7:
            return Subtree(path())
        if kind < 0.85 and effect is Effect.DENY:
            trees = {path(): "" for _ in range(3)}
            return Subtrees(trees, frozenset(path() for _ in range(random.randint(0, 2))))
        return Glob(glob())

    def rule(origin: Origin = FLAG) -> Rule:
        effect = random.choice([Effect.ALLOW, Effect.ALLOW, Effect.ALLOW, Effect.DENY, Effect.ASK])
        if origin is ANSWER and effect is Effect.ASK:
            effect = Effect.DENY
        chosen = pattern(effect)
        if origin is ANSWER and isinstance(chosen, Subtrees):
            chosen = Subtree(path())
        if origin is FLAG:
            origin = Origin(OriginKind.FLAG, f"--{random.randint(0, 5)}")
        return Rule(chosen, random.choice(EVERY), effect, origin, random.random() < 0.3)

    few = random.random() < 0.5  # or refusals would be everywhere
    rules = [rule() for _ in range(random.randint(0, 4 if few else 12))]
    floor_rules = [
        FloorRule(path(random.choice([0, 1, 4])), random.choice(EVERY) & Access(7), each < 0.7)
        for each in (random.random() for _ in range(random.randint(0, 6)))
    ]
    if random.random() < 0.4:  # much is granted, and wildcards take some of it
        rules = [Rule(Subtree(f"/{name}"), READ_WRITE, Effect.ALLOW, FLAG) for name in NAMES]
        for effect in random.choices(
            [Effect.DENY, Effect.DENY, Effect.ASK], k=random.randint(0, 2)
        ):
            rules.append(Rule(Glob(glob()), random.choice(EVERY), effect, FLAG))
        if random.random() < 0.5:
            rules.append(Rule(Subtree(path()), READ_WRITE, Effect.DENY, FLAG))
        floor_rules.append(FloorRule("/", READ_WRITE, True))
    policy = Policy(
        rules=tuple(rules),
        bypasses=tuple(path() for _ in range(random.randint(0, 2))),
        default=random.choice([Effect.DENY, Effect.ASK]),
        folding=(path(1),) if random.random() < 0.2 else (),
    )
    floor = Floor(floor_rules)
    copies = tuple(path() for _ in range(random.randint(0, 1)))
    decisions = Decisions(policy, floor, copies=copies)
    if random.random() < 0.3:
        decisions.extend([rule(ANSWER) for _ in range(random.randint(1, 3))])
    if random.random() < 0.2:
        decisions.note_moved(path())
    has_rules = random.random() < 0.7
    patterns = (rule.pattern for rule in policy.rules)
    places = [place for each in patterns for place in _places(each)]
    places += [rule.path for rule in floor.rules]
    spelled: list[bytes] = []

    def spell(origin: Origin) -> bytes:
        spelled.append(_spelled(origin))
        return spelled[-1]

    tells = spell if random.random() < 0.8 else None
    flat = decisions.table(has_rules, tells)[1]
    return World(decisions, spelled, copies, flat, has_rules, places)


def _places(pattern: object) -> list[str]:
    match pattern:
        case File(path) | Subtree(path):
            return [path]
        case Glob(text=text, prefix=prefix):
            parts = [INSTANCES.get(part, part) for part in text.strip("/").split("/")]
            return [prefix, "/" + "/".join(filter(None, parts))]
        case Subtrees(spellings):
            return list(spellings)
    raise AssertionError(pattern)


def draw_path(random: Random, places: list[str]) -> bytes:
    """Most of them as the kernel tells them, some as a program may write them."""
    names = [os.fsencode(each) for each in random.choices(NAMES, k=random.randint(0, 3))]
    if places and random.random() < 0.8:
        names = names if random.random() < 0.5 else []
        names = os.fsencode(random.choice(places)).strip(b"/").split(b"/") + names
    if random.random() < 0.2:
        names.insert(random.randint(0, len(names)), random.choice([b"", b".", b"..", b"\xc3\xa9"]))
    if random.random() < 0.15:  # which is another name, unless the file system folds names
        names = [name.swapcase() if random.random() < 0.5 else name for name in names]
    start = b"" if random.random() < 0.03 else b"/"
    return start + b"/".join(names) + (b"/" if random.random() < 0.03 else b"")


def ask(world: World, path: bytes, access: Access) -> str:
    """What was found, in a word. Raises AssertionError where Python does not say the same."""
    decisions, text = world.decisions, os.fsdecode(path)
    found, rule = look_up(world.flat, path, access.value)
    is_covered = decisions.floor_covers(text, access)
    about = (text, access, found, decisions.policy, decisions.floor, world.copies)
    if found & Found.UNSURE:
        assert found == Found.UNSURE, about
        return "unsure"
    assert bool(found & Found.COVERED) is is_covered, about
    by_itself = is_covered and decisions.floor.rules_itself(text, access)
    assert bool(found & Found.BY_ITSELF) is by_itself, about
    if not found & Found.ALLOWED:
        return "covered" if is_covered else "left"
    assert world.has_rules, about
    assert text not in world.copies, about
    for own in (False, True):
        _, verdict = decisions.verdict(Open(PROCESS, text, access, own))
        assert isinstance(verdict, Allow), about
        if not own:
            _check_rule(world, rule, verdict, about)
    return "covered and allowed" if is_covered else "allowed"


def ask_new(world: World, path: bytes) -> str:
    """The same of a file that is to be made there."""
    decisions, text = world.decisions, os.fsdecode(path)
    found, rule = look_up(world.flat, path, Access.WRITE.value, Access.CREATE.value)
    about = (text, found, rule, decisions.policy)
    if found & Found.COVERED:
        assert decisions.floor_covers(text, Access.WRITE), about
    if not found & Found.ALLOWED:
        return "left"
    request = PathChange(PROCESS, Operation.CREATE, text)
    decided, verdict = decisions.verdict(request)
    assert decided is request, about
    assert isinstance(verdict, Allow), about
    _check_rule(world, rule, verdict, about)
    return "made"


def _check_rule(world: World, rule: int, verdict: Allow, about: object) -> None:
    """Which rule it was is known wherever no person has answered."""
    if world.spelled and not world.decisions.policy.answers:
        assert world.spelled[rule - 1] == _spelled(verdict.rule.origin), about
    else:
        assert rule == 0, about


def _spelled(origin: Origin) -> bytes:
    return f"{origin.kind} {origin.name}".encode()


def run(questions: int, seed: int) -> Counter[str]:
    """Ask that many. How often what was found."""
    random = Random(seed)
    found: Counter[str] = Counter()
    while found.total() < questions:
        world = draw_world(random)
        for _ in range(QUESTIONS_A_WORLD):
            path = draw_path(random, world.places)
            found[ask(world, path, random.choice(ACCESSES))] += 1
            found[ask_new(world, path)] += 1
    return found


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]] + [1_000_000, 1][len(sys.argv) - 1 :]
    print(dict(run(*chosen)))
