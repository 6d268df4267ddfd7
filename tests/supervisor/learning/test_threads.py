"""Who learns is told by the loops of all programs and by trio's thread."""

import pytest

from nono.broker import Access, Environment, Open, Policy
from nono.broker.requests import RecordedProcess
from nono.supervisor.learning.observe import Learner
from nono.supervisor.planning.plan import Plan
from tests.supervisor.hammer import THREADS, Yielding, hammer

ME = RecordedProcess(1)
NOTHING = Plan(Policy(), Environment(), "/")
TMPDIR = "/tmp/nono-none"
ROUNDS = 20


@pytest.mark.long
def test_what_many_threads_tell_is_learned_once() -> None:
    learner = Learner()
    learner.compare_with(NOTHING, TMPDIR)

    def tell(number: int) -> None:
        for turn in range(ROUNDS):
            for path, access in (("/all", Access.READ), (f"/{number}", Access.WRITE)):
                learner.native(Open(ME, Yielding(f"{path}/{turn}"), access))

    hammer(tell)
    paths = {f"/all/{turn}": Access.READ for turn in range(ROUNDS)}
    paths |= {f"/{n}/{turn}": Access.WRITE for n in range(THREADS) for turn in range(ROUNDS)}
    assert learner.needs.paths == paths
    assert len(learner.requests) == len(paths)


def test_comparing_leaves_what_is_compared_with_as_it_was() -> None:
    policy = NOTHING.policy
    Learner().compare_with(NOTHING, TMPDIR)
    assert NOTHING.policy is policy
