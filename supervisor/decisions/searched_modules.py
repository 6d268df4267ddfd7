"""Where modules are looked for, as far as it is nono's; and whether this process is all nono's."""

from __future__ import annotations

import os
import site
import sys

from nono.broker.rules.paths import ancestors, is_within
from nono.supervisor.places import canonical, home_directory

_SHARED_PREFIXES = frozenset({"/", "/usr", "/usr/local"})
"""Where much lies that is no Python's; of these only what belongs to the interpreter is refused."""

_process = {"ours": False}


def this_process_is_ours() -> None:
    """The command says so: every entry of sys.path is then for nono's modules alone.

    In a host program that uses the library it may well be the directory that the program works in.
    """
    if os.environ.get("PYTHONPATH"):
        # What only such a process needs is loaded only then.
        from nono.supervisor.decisions import shadowing

        shadowing.leave()
    _process["ours"] = True


def process_is_ours() -> bool:
    """Whether this is the command, and not a host program."""
    return _process["ours"]


def search_path() -> list[str]:
    """Where modules are looked for, existing or not, as far as it is nono's and not a host's."""
    entries = [entry for entry in sys.path if os.path.isabs(entry)]
    if not _process["ours"]:
        known = [*own_prefixes(), os.path.dirname(os.__file__), *site.getsitepackages()]
        entries = [entry for entry in entries if any(is_within(entry, each) for each in known)]
    in_venv = sys.prefix != sys.base_prefix
    if site.ENABLE_USER_SITE or sys.flags.no_user_site or not in_venv:
        entries.append(site.getusersitepackages())
    return entries


def own_prefixes() -> list[str]:
    """The directories that are an interpreter's of its own."""
    home = home_directory(os.environ)
    shared = {*_SHARED_PREFIXES, home, os.path.join(home, ".local"), *ancestors(home)}
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    return [each for each in prefixes if canonical(each) not in shared]
