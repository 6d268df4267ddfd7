"""fork, vfork and clone where their number has a limit: continued once they are counted."""

import errno

import pytest

from nono.supervisor.linux.calls.answers import CONTINUE, Fail
from nono.supervisor.linux.calls.fork_count import ForkCount
from tests.playbooks.scene import Line, Scene, line

UNCOUNTED = [line(name, answer=CONTINUE) for name in ("fork", "vfork")]
AT_THE_LIMIT = [line(name, answer=Fail(errno.EAGAIN)) for name in ("fork", "vfork", "clone")]


@pytest.mark.parametrize("line", UNCOUNTED, ids=str)
def test_without_a_limit(scene: Scene, line: Line) -> None:
    scene.check(line)


@pytest.mark.parametrize("line", AT_THE_LIMIT, ids=str)
def test_at_the_limit(scene: Scene, line: Line) -> None:
    scene.script.forks = ForkCount(3, lambda: 3)
    scene.check(line)
    assert scene.script.forks.refused == 1


@pytest.mark.parametrize("name", ["fork", "vfork", "clone"])
def test_below_it(scene: Scene, name: str) -> None:
    scene.script.forks = ForkCount(3, lambda: 2)
    assert scene.play(name) == CONTINUE
