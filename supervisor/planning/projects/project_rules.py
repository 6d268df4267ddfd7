"""From the profile of a project or a script to the parts of a policy, within its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nono.broker.errors import ProfileError
from nono.supervisor.planning.paths.refused_names import Expanded
from nono.supervisor.planning.profiles.profile_parts import FromProfile
from nono.supervisor.planning.profiles.profile_rules import from_profile
from nono.supervisor.planning.projects.project_file import Project
from nono.supervisor.planning.projects.project_limits import problems
from nono.supervisor.planning.projects.projects import settings_of_project


def from_project(
    project: Project,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    allow_cwd: bool,
    expand: Expanded,
    written: Sequence[str] = (),
) -> FromProfile:
    """The parts of a policy, as `from_profile`. Raises ProfileError, also for what such a file
    never opens."""
    merged, notes, _ = settings_of_project(project, env, home)
    made = from_profile(merged, env, home, workdir, allow_cwd, expand, written)
    found = list(problems(merged, made.rules, project.name, env, home, workdir, expand))
    if found:
        raise ProfileError(found)
    return made._replace(notes=(*notes, *made.notes))
