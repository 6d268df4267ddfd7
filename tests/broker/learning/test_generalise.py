"""What is learned from paths: enough to run again, and never more than is safe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nono.broker.groups import Group
from nono.broker.learning.generalise import Surroundings, read_directories, written_directory
from nono.broker.learning.needs import MAX_NEEDS, Needs
from nono.broker.learning.profile import learn, learn_network, spelled
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    Open,
    Operation,
    PathChange,
    RecordedProcess,
)
from nono.broker.rules.access import Access
from nono.broker.rules.paths import SHARED, ancestors, is_within, outermost
from nono.broker.rules.rule import Effect, Origin, OriginKind, Rule, Subtree

HOME = "/home/me"
AROUND = Surroundings(
    HOME, f"{HOME}/work/project", (f"{HOME}/.cache", f"{HOME}/.npm"), (f"{HOME}/.cache/hf/token",)
)
NOBODY = RecordedProcess(0)


def test_what_is_safe() -> None:
    for directory in ("/", "/usr", "/tmp", "/var/tmp", HOME, "/home", f"{HOME}/work", "/proc/self"):
        assert not AROUND.is_safe(directory), directory
    assert not AROUND.is_safe(f"{HOME}/.cache/hf")
    assert not AROUND.is_safe(f"{HOME}/work/project")
    assert AROUND.is_safe("/opt/tool")
    assert AROUND.is_safe(f"{HOME}/data")


def test_a_tool_gets_its_own_directory_in_a_store() -> None:
    assert written_directory(f"{HOME}/.cache/pip/http/a/b", AROUND) == f"{HOME}/.cache/pip"
    assert written_directory(f"{HOME}/.npm/_cacache/x", AROUND) == f"{HOME}/.npm/_cacache"
    assert written_directory(f"{HOME}/.cache/hf/models/x", AROUND) == f"{HOME}/.cache/hf/models"
    assert written_directory(f"{HOME}/.cache/hf/x", AROUND) is None
    assert written_directory("/opt/tool/x", AROUND) == "/opt/tool"
    assert written_directory(f"{HOME}/x", AROUND) is None


def test_files_become_a_directory_when_they_are_used_as_one() -> None:
    files = {f"/opt/tool/{number}" for number in range(3)}
    assert read_directories(files, set(), AROUND) == set()
    assert read_directories(files, {"/opt/tool"}, AROUND) == {"/opt/tool"}
    many = {f"/opt/tool/{number}" for number in range(8)}
    assert read_directories(many, set(), AROUND) == {"/opt/tool"}
    parts = {f"/opt/tool/{part}/{number}" for part in "abc" for number in range(8)}
    assert read_directories(parts, set(), AROUND) == {"/opt/tool"}
    assert read_directories({f"{HOME}/{n}" for n in range(20)}, {HOME}, AROUND) == set()


_NAMES = st.sampled_from(["home", "me", ".cache", "hf", "token", "a", "work", "project", "tmp"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=6).map(lambda names: "/" + "/".join(names))
_ACCESS = st.sampled_from([Access.READ, Access.WRITE, Access.READ | Access.WRITE])


@given(
    st.dictionaries(_PATHS, _ACCESS, max_size=40),
    st.sets(_PATHS, max_size=20),
    st.sets(_PATHS, max_size=10),
)
def test_nothing_unsafe_is_opened_and_nothing_is_lost(
    paths: dict[str, Access], names: set[str], directories: set[str]
) -> None:
    found = learn(Needs(dict(paths), set(names)), AROUND, directories.__contains__)
    filesystem = found.sections.get("filesystem", {})
    opened = {key: {back(each) for each in filesystem.get(key, [])} for key in KEYS}
    assert opened["list"] | opened["write"] <= directories
    assert not directories & (opened["read_file"] | opened["write_file"] | opened["allow_file"])
    for directory in opened["allow"] | opened["read"] | opened["write"]:
        assert AROUND.is_safe(directory)
        assert directory not in SHARED
    access = found.sections.get("workdir", {}).get("access", "")
    for path, wanted in paths.items():
        if path in found.above:
            continue
        if AROUND.in_workdir(path):
            assert access == "readwrite" if Access.WRITE in wanted else access
            continue
        for right, keys in (
            (Access.READ, ("allow", "read", "allow_file", "read_file", "list")),
            (Access.WRITE, ("allow", "write", "allow_file", "write_file")),
        ):
            if right in wanted:
                assert any(holds(path, opened[key], key) for key in keys), (path, right)


KEYS = ("allow", "read", "write", "list", "allow_file", "read_file", "write_file")


def back(entry: str) -> str:
    return HOME + entry[1:] if entry.startswith("~") else entry


def holds(path: str, entries: set[str], key: str) -> bool:
    if key.endswith("_file") or key == "list":
        return path in entries
    return any(is_within(path, entry) for entry in entries)


@given(st.sets(_PATHS))
def test_outermost(paths: set[str]) -> None:
    found = outermost(paths)
    assert all(any(is_within(path, each) for each in found) for path in paths)
    assert not any(set(ancestors(each)) & found for each in found)


def test_a_runtime_takes_the_place_of_its_paths() -> None:
    def rules_of(group: Group) -> list[Rule]:
        origin = Origin(OriginKind.GROUP, group.name)
        if group.name != "rust_runtime":
            return []
        access = Access.READ | Access.EXECUTE
        return [Rule(Subtree(f"{HOME}/.cargo"), access, Effect.ALLOW, origin)]

    needs = Needs({f"{HOME}/.cargo/bin/x": Access.READ, f"{HOME}/.cargo/y": Access.WRITE})
    found = learn(needs, AROUND, lambda path: False, rules_of=rules_of)
    assert found.sections == {
        "groups": {"include": ["rust_runtime"]},
        "filesystem": {"write_file": ["~/.cargo/y"]},
    }


def test_names_that_no_profile_can_hold() -> None:
    assert spelled(f"{HOME}/a", HOME) == "~/a"
    assert spelled("/x/y", HOME) == "/x/y"
    assert spelled("/x/*", HOME) is None
    assert spelled("/x/$HOME", HOME) is None
    assert spelled("/x/\udcff", HOME) is None
    needs = Needs({"/x/*": Access.READ})
    assert learn(needs, AROUND, lambda path: False).unnamed == ["/x/*"]


def test_needs_are_added_up_and_bounded() -> None:
    needs = Needs()
    for request in (
        Open(NOBODY, "/a", Access.READ),
        Open(NOBODY, "/a", Access.WRITE),
        PathChange(NOBODY, Operation.CREATE, "/b"),
        PathChange(NOBODY, Operation.TRUNCATE, "/c"),
        ConnectHost(NOBODY, "h.example", 443),
        ConnectHost(NOBODY, "h.example", 80),
        Connect(NOBODY, "10.0.0.1", 22),
        Connect(NOBODY, "::ffff:10.0.0.2", 22),
        Connect(NOBODY, "127.0.0.1", 5432),
        Connect(NOBODY, "fd00::1", 22),
        Bind(NOBODY, "0.0.0.0", 8080),
        Bind(NOBODY, "0.0.0.0", 0),
    ):
        needs.add(request)
    assert needs.paths == {"/a": Access.READ | Access.WRITE, "/c": Access.WRITE}
    found = learn(needs, AROUND, lambda path: False)
    learn_network(found, needs, is_open=True, was_used=True)
    assert found.sections["network"] == {
        "allow_domain": [
            "10.0.0.1:22",
            "10.0.0.2:22",
            "[fd00::1]:22",
            "h.example:443",
            "h.example:80",
        ],
        "open_port": [5432],
        "listen_port": [8080],
    }
    for number in range(MAX_NEEDS + 10):
        needs.add(Open(NOBODY, f"/many/{number}", Access.READ))
    assert needs.overflow > 0
    assert len(needs.paths) <= MAX_NEEDS


def test_no_network_is_no_network() -> None:
    for was_used, expected in ((False, {"block": True}), (True, {"allow_domain": []})):
        found = learn(Needs(), AROUND, lambda path: False)
        learn_network(found, Needs(), is_open=True, was_used=was_used)
        assert found.sections["network"] == expected
        found = learn(Needs(), AROUND, lambda path: False)
        learn_network(found, Needs(), is_open=False, was_used=was_used)
        assert "network" not in found.sections
