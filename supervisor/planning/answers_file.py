"""Where answers for later runs are kept, and what they give to a plan.

One file for each profile, for a run without one one for its working directory, beside the person's
own profiles, which no sandbox can write. It has the format of a profile, and its comments say when
each entry was answered and last used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nono.broker import Mode, Network, Rule
from nono.supervisor.places import profile_directory

if TYPE_CHECKING:
    from nono.supervisor.walk import Changeable

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
    from nono.supervisor.planning.own_caches import plain_name

    name = plain_name(profile, home, workdir)
    return os.path.join(profile_directory(env, home), name + ANSWERS)


def _there(profile: str | None, env: Mapping[str, str], home: str, workdir: str) -> str:
    """The file if there is one, else an empty text. Most people have none at all."""
    try:
        names = os.listdir(profile_directory(env, home))
    except OSError:
        return ""
    if not any(name.endswith(ANSWERS) for name in names):
        return ""
    file = answers_file(profile, env, home, workdir)
    return file if os.path.basename(file) in names else ""


def note_use(profile: str | None, env: Mapping[str, str], home: str, workdir: str) -> None:
    """A run starts, with the answers that were kept for it: they are used today."""
    file = _there(profile, env, home, workdir)
    if file:
        from nono.supervisor.planning.kept_answers import used_today

        used_today(file, env, home)


def kept_answers(
    profile: str | None, env: Mapping[str, str], home: str, workdir: str, changeable: Changeable
) -> KeptAnswers:
    """What a person answered for later runs with this profile, or in this working directory."""
    file = _there(profile, env, home, workdir)
    if not file:
        return NO_ANSWERS
    # What only a run with answers needs is loaded only then.
    from nono.supervisor.planning.kept_answers import read_kept

    return read_kept(file, env, home, workdir, changeable)
