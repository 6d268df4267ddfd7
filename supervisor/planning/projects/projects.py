"""The profile of a project or a script: read once from its file, and made settings of.

What is looked at, shown, accepted and used are the same bytes: the file is read once for each of
`nono trust` and a run. A link is not followed, since whoever may write where it lies can lead it
elsewhere.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from nono.broker.dataclass import replace
from nono.broker.errors import PolicyError, ProfileError
from nono.broker.profile.embedded import of_project, of_script
from nono.broker.profile.merged import Merged, Source
from nono.broker.settings import Setting
from nono.supervisor.errors import UsageError
from nono.supervisor.places import canonical
from nono.supervisor.planning.paths.workdir import PROJECT_FILE
from nono.supervisor.planning.profiles.kept_profiles import Resolved
from nono.supervisor.planning.profiles.profile_files import Profiles, built_in_names
from nono.supervisor.planning.projects.accepted import accepted_text
from nono.supervisor.planning.projects.project_file import (
    MAX_BYTES,
    Found,
    Project,
    bounded,
)

MAX_TEXT = 16 * 1024
"""Of what a person is to read before it is accepted, in characters."""
_AS_BUILT_IN = Source("built-in profiles", b"")


def look(path: str, env: Mapping[str, str]) -> Found | None:
    """What a file has or had; None for nothing at all. Raises UsageError."""
    place = _place(path)
    accepted = accepted_text(place, env)
    text = _text(path, place)
    return None if not text and accepted is None else Found(Project(place, text), accepted)


def _place(path: str) -> str:
    """The path by which the file is known: its own name, in the directory as it really is."""
    directory, name = os.path.split(os.path.normpath(path))
    return os.path.join(canonical(directory), name)


def _text(path: str, place: str) -> str:
    data, is_whole = bounded(place)
    led = b""
    if not data:
        led, is_whole = bounded(place, follow=True)
    read = of_project if os.path.basename(place) == PROJECT_FILE else of_script
    try:
        text = read(data or led)
        if text and not is_whole:
            raise PolicyError(f"larger than {MAX_BYTES // 1024} KiB", "make it smaller")
    except PolicyError as error:
        what = f"{place}: {error.message} (--no-project runs without it)"
        raise UsageError(what, error.hint) from None
    if text and (led or place != os.path.normpath(path)):
        end = shlex.quote(canonical(path))
        raise UsageError(
            f"{path} is reached by a link, which may lead elsewhere by the time that it is used:"
            " its [tool.nono] counts only under its own name (--no-project runs without it)",
            f"name {end}",
        )
    if len(text) > MAX_TEXT:
        raise UsageError(
            f"{place}: [tool.nono] is longer than a person would read",
            "put it into a profile",
        )
    return text


def settings_of_project(project: Project, env: Mapping[str, str], home: str) -> Resolved:
    """Its settings, with those of the built-in profile that it extends. Raises ProfileError."""
    profiles = Profiles(env, home)

    def load(reference: str, by: Source | None) -> Source:
        if by is None:
            return Source(project.name, project.text.encode())
        if by.file == project.name and reference not in built_in_names():
            raise PolicyError(
                f"{reference[:80]!r} is no profile that comes with nono, and a project's extends"
                " no others: they may change after it was accepted",
                "write its keys here",
            )
        return profiles.load(reference, _AS_BUILT_IN)

    try:
        merged = profiles.resolve(project.name, load)
    except ProfileError as error:
        problems = [
            # Lines of the text that was made of it would say nothing.
            replace(each, line=0, column=0) if each.file == project.name else each
            for each in error.problems
        ]
        raise ProfileError(problems) from None
    settings = {
        key: tuple(_without_place(each, project) for each in given)
        for key, given in merged.settings.items()
    }
    files = tuple(file for file in merged.files if file != project.name)
    made = Merged(settings, merged.cleared, files, merged.notes, merged.meta)
    return Resolved(made, tuple(profiles.notes))


def _without_place(setting: Setting, project: Project) -> Setting:
    if setting.file != project.name:
        return setting
    return type(setting)(setting.key, setting.value, setting.origin, 0, 0, setting.name)
