"""What `nono warm` does before it serves: it plans runs that never start, again and again.

Python makes code faster that has been called some times (PEP 659): here once for all copies of the
process. And functions remember what comes of the values that they were given, for those values
alone. What was read of files, and what the plans say, is thrown away.
"""

from __future__ import annotations

import contextlib
import os

from nono.broker.audit.packed_policy import packed_start
from nono.broker.audit.records import Start
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.run_by_people import RunByPeople
from nono.supervisor.errors import NonoError
from nono.supervisor.places import tmpdir_template
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options

_ROUNDS = 3
"""Of each. Python makes code faster from the eighth call on."""
_HERE = os.path.dirname(__file__)
_PROGRAM = ("/bin/true",)
_USUAL = (
    Options(),
    Options(workdir=_HERE, allow_cwd=True),
    Options(workdir=_HERE, allow_cwd=True, profile="python-dev"),
)
"""The options of most runs, in a directory that is sure to be there."""


def rehearse() -> None:
    """Plan them all. Reads and keeps what a start does, and does not raise."""
    for _ in range(_ROUNDS):
        for options in _USUAL:
            with contextlib.suppress(NonoError, OSError):
                _plan(options)


def _plan(options: Options) -> None:
    """All of a start that nobody else can see. Raises NonoError, OSError."""
    plan = make_plan(options, _PROGRAM)
    plan.environment.apply(os.environ)
    RunByPeople.of_plan(plan, os.environ)
    made = complete(plan, tmpdir=tmpdir_template())
    made.decisions()
    packed_start(Start(0, "", "", made.policy))
