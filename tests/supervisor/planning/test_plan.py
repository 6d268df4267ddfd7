"""From options to a policy: what each means, and what is refused with a hint."""

from pathlib import Path

import pytest

from nono.broker import Access, Allow, Deny, Open, PathChange
from nono.broker.requests import Operation, RecordedProcess
from nono.supervisor import Options, Plan, UsageError, make_plan

ME = RecordedProcess(1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("key")
    (home / "data").mkdir()
    (home / "data" / "file").write_text("x")
    return home


def plan(home: Path, **options: object) -> Plan:
    chosen = Options(workdir=str(home / "data"), **options)  # type: ignore[arg-type]
    return make_plan(chosen, [], {"HOME": str(home), "PATH": "/usr/bin"})


def allowed(made: Plan, path: Path | str, access: Access = Access.READ) -> bool:
    return isinstance(made.policy.decide(Open(ME, str(path), access)), Allow)


def test_nothing_of_the_user_is_allowed_by_default(home: Path) -> None:
    made = plan(home)
    assert not allowed(made, home / "data" / "file")
    assert not allowed(made, "/etc/shadow")
    assert allowed(made, "/usr/lib/os-release")


@pytest.mark.parametrize(
    ("option", "granted"),
    [
        ("read", Access.READ | Access.EXECUTE),
        ("write", Access.WRITE),
        ("allow", Access.READ | Access.WRITE | Access.EXECUTE),
    ],
)
def test_each_directory_option_grants_its_access(home: Path, option: str, granted: Access) -> None:
    made = plan(home, **{option: ["~/data"]})
    for access in (Access.READ, Access.WRITE, Access.EXECUTE):
        assert allowed(made, home / "data" / "file", access) == (access in granted)


def test_a_file_option_grants_the_file_and_nothing_beside_it(home: Path) -> None:
    made = plan(home, read_file=["~/data/file"])
    assert allowed(made, home / "data" / "file")
    assert not allowed(made, home / "data")
    assert not allowed(made, home / "data" / "other")


def test_a_file_that_does_not_exist_yet_can_be_allowed_for_writing(home: Path) -> None:
    made = plan(home, write_file=["out.txt"])
    request = PathChange(ME, Operation.CREATE, str(home / "data" / "out.txt"))
    assert isinstance(made.policy.decide(request), Allow)


def test_deny_beats_allow_and_protection_needs_both_flags(home: Path) -> None:
    key = home / ".ssh" / "id"
    assert not allowed(plan(home, allow=["~"]), key)
    assert not allowed(plan(home, bypass_protection=["~/.ssh"]), key)
    assert allowed(plan(home, allow=["~"], bypass_protection=["~/.ssh"]), key)
    both = plan(home, allow=["~"], bypass_protection=["~/.ssh"], deny=["~/.ssh/id"])
    assert isinstance(both.policy.decide(Open(ME, str(key), Access.READ)), Deny)


def test_a_pattern_is_denied_everywhere(home: Path) -> None:
    made = plan(home, allow=["~/data"], deny=["**/*.key"])
    assert not allowed(made, home / "data" / "deep" / "a.key")
    assert allowed(made, home / "data" / "deep" / "a.txt")


def test_a_protected_path_behind_a_link_is_protected_where_it_leads(home: Path) -> None:
    elsewhere = home / "data" / "keys"
    elsewhere.mkdir()
    (home / ".gnupg").symlink_to(elsewhere)
    assert not allowed(plan(home, allow=["~/data"]), elsewhere / "ring")


def test_the_working_directory_is_allowed_only_when_asked_for(home: Path) -> None:
    assert allowed(plan(home, allow_cwd=True), home / "data" / "file", Access.WRITE)
    assert plan(home).workdir == str(home / "data")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"read": ["~/absent"]}, "mkdir -p ~/absent"),
        ({"read": ["~/data/file"]}, "--read-file ~/data/file"),
        ({"read_file": ["~/data"]}, "--read ~/data"),
        ({"write_file": ["~/absent/file"]}, "ls"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(
    home: Path, options: dict[str, list[str]], hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        plan(home, **options)
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)
