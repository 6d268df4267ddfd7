"""The profile of the project or the script that a command line is about, if it was accepted."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nono.supervisor.places import home_directory
from nono.supervisor.planning.paths.workdir import working_directory
from nono.supervisor.planning.projects.project_file import Project
from nono.supervisor.planning.projects.project_here import found_here

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any


def accepted_project(argv: Sequence[str], workdir: str) -> Project | None:
    """What a run goes by where no profile is named. Raises UsageError for what is not accepted."""
    found = found_here(argv, workdir, os.environ)
    if found is None or found.is_accepted:
        return None if found is None else found.project
    # What only such a file needs is loaded only for it.
    from nono.supervisor.cli.trust import refuse

    refuse(found)


def project_of(argv: Sequence[str], values: dict[str, Any]) -> Project | None:
    """The same for a command that runs nothing. Raises UsageError."""
    if values["no_project"] or values["profile"] is not None:
        return None
    return accepted_project(argv, working_directory(values["workdir"], home_directory(os.environ)))
