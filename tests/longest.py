"""Which files of tests are begun first, so that no process works alone at the end.

Each file is one process's (`--dist=loadfile`). Those that take longest come first; what needs no
sandbox comes last, since it is short.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from tests.copied import CHECKOUT

LONGEST = (
    "test_platform_edge.py",
    "adapters/test_agents.py",
    "supervisor/linux/warm/test_same.py",
    "attacks/test_typical_secrets.py",
    "attacks/test_pairs.py",
    "adapters/test_pytest.py",
    "seatbelt/test_running.py",
    "attacks/test_own_code.py",
    "test_wheel.py",
    "supervisor/linux/launch/test_fork_servers.py",
    "attacks/test_own_inodes.py",
    "attacks/test_races.py",
    "attacks/test_flips.py",
    "supervisor/credentials/test_turns.py",
    "supervisor/linux/calls/test_lanes.py",
    "supervisor/asking/test_calls.py",
    "supervisor/linux/warm/test_reach.py",
    "supervisor/linux/warm/test_ends.py",
    "attacks/test_fuzz.py",
    "programs/test_packages.py",
    "supervisor/cli/test_profile.py",
    "supervisor/linux/launch/test_here.py",
    "broker/credentials/test_spellings.py",
    "broker/configuration/test_tools.py",
    "supervisor/decisions/test_completion.py",
    "supervisor/decisions/test_opened_later.py",
    "supervisor/library/test_sandboxes.py",
    "supervisor/asking/test_command.py",
    "attacks/test_caches.py",
    "broker/floor/test_attack.py",
    "test_faces.py",
    "adapters/test_clients_page.py",
    "supervisor/decisions/test_agreement.py",
    "perf/test_bench.py",
    "attacks/test_start_files.py",
    "supervisor/learning/test_observe.py",
    "attacks/test_repositories.py",
    "programs/test_carved_project.py",
    "seatbelt/test_profiles.py",
)
"""By the time that they take, measured on 27 November 2026."""
SHORT = ("broker", "shims")


class Located(Protocol):
    """A test, of which the file is asked."""

    @property
    def path(self) -> Path: ...


Some = TypeVar("Some", bound=Located)


def in_order(items: Iterable[Some]) -> list[Some]:
    """The items of a file stay together, as they stand in it."""
    return sorted(items, key=lambda item: _rank(item.path))


@cache
def _rank(file: Path) -> int:
    if not file.is_relative_to(CHECKOUT / "tests"):
        return len(LONGEST)
    name = file.relative_to(CHECKOUT / "tests").as_posix()
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + name.startswith(tuple(f"{room}/" for room in SHORT))
