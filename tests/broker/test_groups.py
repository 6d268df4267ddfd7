"""The data of the groups: consistent with itself, and harmless."""

from __future__ import annotations

import itertools
import re

import pytest

from nono.broker import (
    Access,
    Effect,
    File,
    Glob,
    Group,
    Open,
    Operation,
    PathChange,
    Policy,
    Rule,
    Subtree,
    UnknownName,
    default_groups,
    floor_exclude,
    group,
    groups,
    is_within,
    rules_of,
    singly,
)
from nono.broker.verdicts import Allow
from tests.broker.worlds import CALLER, expand


def entries(each: Group) -> list[str]:
    """Every entry that grants something."""
    lists = (each.read, each.read_file, each.write, each.readwrite, each.create, each.connect)
    return list(itertools.chain(*lists))


BASE = tuple(rule for name in default_groups() for rule in rules_of(group(name), expand))
POLICY = Policy(BASE)


def test_every_entry_is_a_path_of_its_own() -> None:
    for each in groups().values():
        assert each.description and each.platform in (None, "linux", "macos")
        written = [*entries(each), *each.deny, *each.deny_write]
        assert written
        granted = entries(each)
        for entry in written:
            is_refused = entry not in granted
            named = is_refused and re.match(r"\$[A-Za-z_][A-Za-z0-9_]*(/|$)", entry)
            assert named or entry.startswith(("/", "~/", "$TMPDIR")), entry
            assert not entry.endswith("/") and "//" not in entry
        for rule in rules_of(each, expand):
            assert rule.origin.name == each.name and str(rule.origin) == f"group {each.name}"
        for key in (each.read, each.write, each.readwrite, each.deny, each.deny_write):
            assert len(set(key)) == len(key)


def test_no_base_group_refuses_what_another_grants() -> None:
    grants = [rule for rule in BASE if rule.effect is Effect.ALLOW]
    refusals = [rule for rule in singly(BASE) if rule.effect is Effect.DENY]
    assert len(grants) > 100 and len(refusals) > 1000
    for refusal, grant in itertools.product(refusals, grants):
        assert isinstance(refusal.pattern, Subtree)
        place = grant.pattern.prefix if isinstance(grant.pattern, Glob) else _path(grant)
        assert not is_within(place, refusal.pattern.path), (refusal, grant)
        assert not is_within(refusal.pattern.path, place) or isinstance(grant.pattern, File)


def _path(rule: Rule) -> str:
    assert isinstance(rule.pattern, File | Subtree)
    return rule.pattern.path


def test_refusals_of_groups_are_protections() -> None:
    for each in groups().values():
        for rule in rules_of(each, expand):
            assert rule.protected == (rule.effect is Effect.DENY)


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/env",
        "/lib64/ld-linux-x86-64.so.2",
        "/usr/include/stdio.h",
        "/etc/passwd",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/java-17-openjdk/security/java.security",
        "/etc/python3.11/sitecustomize.py",
        "/proc/meminfo",
        "/proc/sys/kernel/random/uuid",
        "/proc",
        "/sys/devices/system/cpu/online",
        "/proc/sys/kernel/tainted",
        "/proc/sys/net/ipv4/tcp_rmem",
        "/proc/pressure/cpu",
        "/sys/class/net",
        "/sys/devices/pci0000:00/0000:00:03.0/virtio0/net/eth0/mtu",
        "/sys/devices/pci0000:00/0000:00:05.0/virtio1/block/vda/queue/rotational",
        "/dev/urandom",
        "/home/u/.gitconfig",
        "/home/u/.pyenv/versions/3.12/bin/python",
        "/home/u/.nvm/x",
        "/home/u/.local/share/uv/python/cpython-3.12/bin/python3",
        "/home/u/.local/share/uv/tools/ruff/bin/ruff",
        "/home/u/.local/share/zsh/site-functions/_nono",
        "/home/u/.conda/envs/x/bin/python",
    ],
)
def test_programs_may_read(path: str) -> None:
    assert isinstance(POLICY.decide(Open(CALLER, path, Access.READ)), Allow)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/etc/machine-id",
        "/etc/sudoers",
        "/proc/1/environ",
        "/proc/self/environ",
        "/proc/kcore",
        "/proc/sys/kernel/core_pattern",
        "/proc/interrupts",
        "/proc/locks",
        "/sys/class/power_supply",
        "/sys/devices/pci0000:00/0000:00:05.0/virtio1/block/vda/serial",
        "/dev/sda",
        "/dev/pts/0",
        "/dev/console",
        "/run/docker.sock",
        "/tmp/somebody",
        "/tmp",
        "/home/u",
        "/home/u/.ssh/id_ed25519",
        "/home/u/.npmrc",
        "/home/u/.bashrc",
        "/home/u/.python_history",
        "/home/u/.config/google-chrome/Default/Cookies",
        "/home/u/.local/share/keyrings/login.keyring",
        "/home/u/.local/share/uv/credentials/credentials.toml",
        "/home/u/.local/share/zsh/history",
        "/home/u/.conda/.condarc",
        "/root/x",
    ],
)
def test_programs_may_not_read(path: str) -> None:
    assert not isinstance(POLICY.decide(Open(CALLER, path, Access.READ)), Allow)


def test_programs_may_write_to_the_usual_places_only() -> None:
    for path in ("/dev/null", "/dev/tty", "/tmp/nono-1/x"):
        assert isinstance(POLICY.decide(Open(CALLER, path, Access.WRITE)), Allow)
    for path in ("/usr/bin/env", "/etc/passwd", "/tmp/somebody", "/dev/random", "/home/u/x"):
        assert not isinstance(POLICY.decide(Open(CALLER, path, Access.WRITE)), Allow)
    for path in ("/tmp/new", "/var/tmp/new", "/dev/shm/new"):
        create = PathChange(CALLER, Operation.CREATE, path)
        assert isinstance(POLICY.decide(create), Allow)
    nested = PathChange(CALLER, Operation.CREATE, "/tmp/somebody/new")
    assert not isinstance(POLICY.decide(nested), Allow)


def test_access_by_list() -> None:
    made = Group("g", "", read=("/r",), write=("/w",), readwrite=("/rw",), connect=("/c",))
    table = {_path(rule): rule.access for rule in rules_of(made, expand)}
    assert table == {
        "/r": Access.READ | Access.EXECUTE,
        "/w": Access.WRITE,
        "/rw": Access.READ | Access.WRITE | Access.EXECUTE,
        "/c": Access.CONNECT,
    }


def test_an_entry_may_stand_for_no_path_or_for_several() -> None:
    assert rules_of(group("user_tools"), lambda _: []) == []
    several = rules_of(Group("g", "", read=("~/x",)), lambda _: ["/a", "/b"])
    assert [_path(rule) for rule in several] == ["/a", "/b"]
    assert {rule.pattern.spelled for rule in several} == {"~/x"}


def test_what_a_group_refuses_is_one_rule_that_knows_each_entry() -> None:
    made = rules_of(Group("g", "", deny=("~/x", "/y")), expand)
    assert len(made) == 1
    alone = list(singly(made))
    assert [(_path(rule), rule.pattern.spelled) for rule in alone] == [
        ("/home/u/x", "~/x"),
        ("/y", "/y"),
    ]
    assert made[0].at("/home/u/x/below") == alone[0]
    assert rules_of(Group("g", "", deny=("~/x",)), lambda _: []) == []


def test_refusals_follow_base_directories_and_grants_do_not() -> None:
    def elsewhere(entry: str) -> list[str]:
        if entry.startswith("$XDG_STATE_HOME"):
            return [entry.replace("$XDG_STATE_HOME", "/state")]
        return expand(entry)

    made = Group("g", "", read=("~/.local/state/a",), deny=("~/.local/state/b", "~/.config/c"))
    rules = list(singly(rules_of(made, elsewhere)))
    assert [(_path(rule), rule.pattern.spelled) for rule in rules] == [
        ("/home/u/.local/state/a", "~/.local/state/a"),
        ("/home/u/.local/state/b", "~/.local/state/b"),
        ("/home/u/.config/c", "~/.config/c"),
        ("/state/b", "/state/b"),
    ]


def test_an_unknown_group_is_named_with_its_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        group("python_runtme")
    assert (caught.value.what, caught.value.name) == ("group", "python_runtme")
    assert caught.value.nearest == "python_runtime" and "python_runtime" in caught.value.hint
    with pytest.raises(UnknownName) as caught:
        group("zzz")
    assert caught.value.hint == "nono profile groups"


def test_what_the_floor_leaves_out_is_granted_by_a_base_group() -> None:
    for path in floor_exclude():
        assert isinstance(POLICY.decide(Open(CALLER, path, Access.READ)), Allow)
