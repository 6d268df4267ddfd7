"""Where answers for later runs are kept, and what they give to a plan.

One file for each profile, for a run without one one for its working directory, beside the person's
own profiles, which no sandbox can write. It has the format of a profile, and its comments say when
each entry was answered and last used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from nono.broker import Mode, Network, Rule
from nono.broker.dataclass import replace
from nono.broker.named_tuple import NamedTuple
from nono.supervisor.places import profile_directory

ANSWERS = ".answers.json"
"""How the name of such a file ends."""


class KeptAnswers(NamedTuple):
    """`rules` are on paths, `hosts` and `listen` are on the network; `notes` are for people."""

    rules: tuple[Rule, ...] = ()
    hosts: tuple[Rule, ...] = ()
    listen: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()

    def network(self, given: Network) -> Network:
        """The network with what was answered about it, where anything was to be asked."""
        is_asked = given.mode is Mode.FILTERED and given.closed is None
        if not is_asked or not (self.hosts or self.listen):
            return given
        return replace(
            given, rules=(*self.hosts, *given.rules), listen=(*given.listen, *self.listen)
        )


NO_ANSWERS = KeptAnswers()


def answers_file(profile: str | None, env: Mapping[str, str], home: str, workdir: str) -> str:
    """The file for this profile, or for none in this working directory; it need not exist."""
    # Most runs look for one file and find none.
    from nono.supervisor.planning.paths.own_caches import plain_name

    name = plain_name(profile, home, workdir)
    return os.path.join(profile_directory(env, home), name + ANSWERS)
