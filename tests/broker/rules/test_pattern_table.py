"""Patterns found by the names in a path are those that trying all of them finds, in their order."""

from __future__ import annotations

import random

from nono.broker.rules.pattern_table import Patterns
from nono.broker.rules.patterns import Glob

NAMES = ("a", "b", "cc", "x1", "**", "*", "x*", "?", "[ab]")
SEED = 20261126


def test_nothing_is_missed() -> None:
    choose = random.Random(SEED)
    texts = {"/" + "/".join(choose.choices(NAMES, k=choose.randint(1, 4))) for _ in range(60)}
    every = list(enumerate(map(Glob, sorted(texts))))
    table = Patterns(every)
    found = 0
    for _ in range(400):
        path = "/" + "/".join(choose.choices(("a", "b", "cc", "x1", "x", "q"), k=3))
        tried = [number for number, glob in every if glob.matches(path)]
        assert [number for number, glob in table.about(path) if glob.matches(path)] == tried
        found += len(tried)
    assert found > 400
    assert len(list(table.about("/q/q/q"))) < len(every) / 2
