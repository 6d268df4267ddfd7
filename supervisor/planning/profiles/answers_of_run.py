"""The answers that count in a run: looked for at its start, and read only if there are any."""

from __future__ import annotations

import os
from collections.abc import Mapping

from nono.supervisor.descriptors import listdir
from nono.supervisor.places import profile_directory
from nono.supervisor.planning.profiles.answers_file import (
    ANSWERS,
    NO_ANSWERS,
    KeptAnswers,
    answers_file,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.walk import Changeable


def _there(profile: str | None, env: Mapping[str, str], home: str, workdir: str) -> str:
    """The file if there is one, else an empty text. Most people have none at all."""
    try:
        names = listdir(profile_directory(env, home))
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
        from nono.supervisor.planning.profiles.kept_answers import used_today

        used_today(file, env, home)


def kept_answers(
    profile: str | None, env: Mapping[str, str], home: str, workdir: str, changeable: Changeable
) -> KeptAnswers:
    """What a person answered for later runs with this profile, or in this working directory."""
    file = _there(profile, env, home, workdir)
    if not file:
        return NO_ANSWERS
    # What only a run with answers needs is loaded only then.
    from nono.supervisor.planning.profiles.kept_answers import read_kept

    return read_kept(file, env, home, workdir, changeable)
