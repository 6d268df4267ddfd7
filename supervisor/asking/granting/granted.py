"""From options to the rules that they add to a sandbox that runs."""

from __future__ import annotations

import os

from nono.broker import Effect, Rule
from nono.broker.settings import flag
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory
from nono.supervisor.planning.network.network_rules import reaching_rules
from nono.supervisor.planning.options import Options, settings_of
from nono.supervisor.planning.paths.flag_paths import FlagPaths
from nono.supervisor.planning.paths.path_rules import path_rules
from nono.supervisor.walk import Changeable


def granted(options: Options, workdir: str) -> list[Rule]:
    """The rules. Raises UsageError for options that say nothing, or what only a start can do."""
    flags = settings_of(options)
    paths = FlagPaths(home_directory(os.environ), workdir, Changeable((workdir,)))
    rules = [*path_rules(flags, Effect.ALLOW, paths), *reaching_rules(flags)]
    if not rules:
        path, host = flag("filesystem.read"), flag("network.allow_domain")
        raise UsageError("nothing to grant", f"name it, as with {path} PATH or {host} HOST")
    return rules
