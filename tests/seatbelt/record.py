"""What a Mac's own kernel answers, written down: python -m tests.seatbelt.record FILE [POLICIES]

For each of many policies a process enters its profile, and the kernel is asked what that may do:
sandbox_check(3) does nothing, so there are thousands of answers in a second. Besides, what no page
says is tried once each (`probes`). The file belongs into `recorded/`, where it is replayed on Linux
for ever. The exit status is 1 when the kernel says otherwise than we do.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nono.broker import File, Glob, Policy, Rule, Subtree
from nono.broker.rules.patterns import Subtrees
from nono.shims.macos import enter
from nono.shims.macos.paths import kernel_path
from nono.shims.macos.sbpl import Profile
from nono.supervisor.macos.profile import profile_of, with_base
from tests.broker.worlds import path_strategy, policies
from tests.seatbelt.evaluator import READINGS, Asked, parse
from tests.seatbelt.probes import probes

OPERATIONS = (
    *("file-read-data", "file-write-data", "file-write-create", "file-write-unlink"),
    *("process-exec", "file-read-metadata", "file-write-mode"),
)
Questions = Sequence[tuple[str, str]]
Oracle = Callable[[Profile, Questions], list[bool]]
RECORDED = Path(__file__).parent / "recorded"
_POLICIES = 2000


def kernel(profile: Profile, questions: Questions) -> list[bool]:
    """What the kernel allows a process under the profile. On a Mac only."""
    ready, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            enter.enter(profile.text(), profile.parameters())
            os.write(writer, b"!")
            signal.pause()
        finally:
            os._exit(1)
    os.close(writer)
    try:
        if not os.read(ready, 1):
            raise OSError("a profile of ours is refused:\n" + profile.text())
        return [not enter.refuses(child, operation, path) for operation, path in questions]
    finally:
        os.close(ready)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def worlds(count: int, root: str) -> Iterator[tuple[Policy, list[str]]]:
    """Policies and paths, the same each time, all below `root`, where the paths are files."""
    found: list[tuple[Policy, list[str]]] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(policies(), st.lists(path_strategy(4), min_size=8, max_size=50))
    def draw(policy: Policy, paths: list[str]) -> None:
        found.append((_below(policy, root), [root + path for path in paths if path != "/"]))

    draw()
    return iter(found)


def _below(policy: Policy, root: str) -> Policy:
    return replace(
        policy,
        rules=tuple(_rule_below(rule, root) for rule in policy.rules),
        bypasses=tuple(_join(root, path) for path in policy.bypasses),
        folding=tuple(_join(root, path) for path in policy.folding),
    )


def _rule_below(rule: Rule, root: str) -> Rule:
    match rule.pattern:
        case File(path):
            return replace(rule, pattern=File(_join(root, path)))
        case Subtree(path):
            return replace(rule, pattern=Subtree(_join(root, path)))
        case Glob(text) if text.startswith("/"):
            return replace(rule, pattern=Glob(root + text))
        case Subtrees(spellings, left_out):
            moved = {_join(root, path): spelled for path, spelled in spellings.items()}
            parted = frozenset(_join(root, path) for path in left_out)
            return replace(rule, pattern=Subtrees(moved, parted))
    return rule


def _join(root: str, path: str) -> str:
    return root if path == "/" else root + path


def make(paths: Sequence[str]) -> list[str]:
    """Make files of these paths, as far as they fit beside each other; those that are there."""
    made = []
    for path in paths:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
            made.append(path)
        except OSError:
            continue
    return made


def record(ask: Oracle, count: int, root: str) -> dict[str, Any]:
    """A recording, as it is written down. Paths below `root` are made."""
    oracle = []
    for policy, paths in worlds(count, root):
        profile = profile_of(with_base(policy), "nono-record")
        questions = [(each, path) for path in make(paths) for each in OPERATIONS]
        answers = ask(profile, questions)
        oracle.append(
            {
                "profile": profile.text(),
                "parameters": profile.parameters(),
                "answers": [[*each, a] for each, a in zip(questions, answers, strict=True)],
            }
        )
    system = {"macos": platform.mac_ver()[0], "machine": platform.machine()}
    return {"system": system, "oracle": oracle}


def differences(recording: dict[str, Any]) -> Iterator[str]:
    """Where a recording says otherwise than the reader of profiles, by the reading that we hold."""
    for number, each in enumerate(recording["oracle"]):
        rules = parse(each["profile"], each["parameters"])
        for operation, path, allowed in each["answers"]:
            if READINGS["D"](rules, Asked(operation, path)) != allowed:
                yield f"profile {number}: {operation} {path}: the kernel {_says(allowed)}"


def _says(allowed: bool) -> str:
    return "allows it" if allowed else "refuses it"


def main(file: str, count: int = _POLICIES) -> int:
    with tempfile.TemporaryDirectory() as root:
        recording = record(kernel, count, kernel_path(root))
        recording["probes"] = probes(kernel_path(root))
    recording["differences"] = list(differences(recording))
    Path(file).write_text(json.dumps(recording, indent=1), encoding="utf-8")
    answers = sum(len(each["answers"]) for each in recording["oracle"])
    print(f"{answers} answers, {len(recording['differences'])} otherwise than ours")
    for name, found in recording["probes"].items():
        print(f"{name}: {found}")
    return bool(recording["differences"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
