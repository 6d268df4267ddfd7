"""From options to a policy: what each means, and what is refused with a hint."""

from pathlib import Path

import pytest

from nono.broker import Access, Allow, Deny, Open, OriginKind, PathChange
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


@pytest.mark.parametrize("start", ["~", "$HOME", "${HOME}", ""])
def test_a_pattern_that_begins_somewhere(home: Path, start: str) -> None:
    """At the home, and by a link, as the shell or a profile would have it."""
    (home / "link").symlink_to(home / "data")
    made = plan(home, allow=["~/link"], deny=[f"{start or home}/link/**/*.key"])
    for name in ("data", "link"):
        assert not allowed(made, home / name / "deep" / "a.key")
    assert allowed(made, home / "data" / "deep" / "a.txt")
    link = PathChange(ME, Operation.UNLINK, str(home / "link"))
    assert isinstance(made.policy.decide(link), Deny)


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
        ({"read": ["~/absent"]}, "ls {home}"),
        ({"write": ["~/absent"]}, "mkdir {home}/absent"),
        ({"write": ["~/no/such"]}, "ls {home}"),
        ({"allow": ["/absent/such"]}, "ls /"),
        ({"read": ["~/data/file"]}, "--read-file ~/data/file"),
        ({"read_file": ["~/data"]}, "--read ~/data"),
        ({"write_file": ["~/absent/file"]}, "mkdir {home}/absent"),
        ({"write_file": ["~/no/such/file"]}, "ls {home}"),
        ({"read_file": ["~/no/such/file"]}, "ls {home}"),
        ({"write_file": ["~/data"]}, "--write ~/data"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(
    home: Path, options: dict[str, list[str]], hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        plan(home, **options)
    assert caught.value.hint == hint.format(home=home)
    assert "\n" not in str(caught.value)


@pytest.fixture
def led_out(home: Path) -> Path:
    """`data/out` is a link that an earlier run put there; `~/link` is the person's own."""
    (home / "data" / "out").symlink_to("../.ssh")
    (home / "data" / "key").symlink_to("../.ssh/id")
    (home / "data" / "up").symlink_to("..")
    (home / "link").symlink_to("data")
    return home


@pytest.mark.parametrize(
    "options",
    [
        *({name: ["out"]} for name in ("allow", "read", "write", "bypass_protection")),
        *({name: ["key"]} for name in ("allow_file", "read_file", "write_file")),
        *({"write": [path]} for path in ("out/.", "~/data/out", "../data/out", "~/link/out")),
        {"write_file": ["out/new"]},
        {"allow_unix_socket": ["out/agent"]},
    ],
)
def test_a_link_that_leads_out_of_what_a_run_may_write_opens_nothing(
    led_out: Path, options: dict[str, object]
) -> None:
    with pytest.raises(UsageError, match="is a link that leads out") as caught:
        plan(led_out, **options)
    assert str(led_out / ".ssh") in str(caught.value.hint)


def test_a_link_of_the_person_s_own_is_followed(led_out: Path) -> None:
    assert allowed(plan(led_out, read=["~/link"]), led_out / "data" / "file")
    (led_out / "data" / "deep").mkdir()
    (led_out / "data" / "inner").symlink_to("deep")
    assert allowed(plan(led_out, read=["inner"]), led_out / "data" / "deep")


def test_a_link_in_another_directory_that_is_written_opens_nothing(led_out: Path) -> None:
    (led_out / "results").mkdir()
    (led_out / "results" / "out").symlink_to("../.ssh")
    with pytest.raises(UsageError, match="leads out"):
        plan(led_out, write=["~/results"], read=["~/results/out"])


@pytest.mark.parametrize("target", ["../..", "../../.newrc", "../other", "/etc"])
def test_no_grant_makes_its_own_link_one_of_the_person_s(home: Path, target: str) -> None:
    """Where a link in the working directory leads is no directory that is opened for writing.

    However much of what lies around it is; and the hint is what may be pasted instead.
    """
    (home / "data/deep").mkdir()
    (home / "data/other").mkdir()
    work = home / "data/deep"
    (work / "results").symlink_to(target)
    (work / "twice").symlink_to("results")
    end = (work / "results").resolve()
    option, flag = ("write_file", "--write-file") if "rc" in target else ("allow", "--allow")

    def planned(workdir: Path | str, **options: object) -> Plan:
        chosen = Options(workdir=str(workdir), **options)  # type: ignore[arg-type]
        return make_plan(chosen, [], {"HOME": str(home), "PATH": "/usr/bin"})

    for name in ("results", "./twice", f"{work}/results", "~/data/../data/deep/results"):
        for others in ({}, {"write": [str(home), "results"]}, {"read": ["."], "allow_cwd": True}):
            with pytest.raises(UsageError, match="leads out") as caught:
                planned(work, **{option: [name], **others})
            assert caught.value.hint.endswith(str(end))
    assert caught.value.hint == f"{flag} {end}"
    assert allowed(planned(work, **{option: [str(end)]}), end, Access.WRITE)
    # From elsewhere the whole path is the person's word, as long as nothing there is opened.
    spelled = str(work / "results")
    assert allowed(planned("/usr", **{option: [spelled]}), end, Access.WRITE)
    with pytest.raises(UsageError, match="leads out"):
        planned("/usr", write=[str(work), spelled])


def test_the_way_to_the_working_directory_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cd data/sub` leads to the home by a link that an earlier run left there."""
    (home / "data/sub").symlink_to("..")
    (home / "data/inner").symlink_to("deep")
    (home / "mine").symlink_to("/usr/lib")
    (home / "data/deep").mkdir()

    def told(shown: Path, **options: object) -> list[str]:
        monkeypatch.chdir(shown)
        env = {"HOME": str(home), "PWD": str(shown), "PATH": "/usr/bin"}
        made = make_plan(Options(**options), [], env)  # type: ignore[arg-type]
        return [note for note in made.notes if "is a link" in note]

    (note,) = told(home / "data/sub", allow_cwd=True)
    assert note.startswith(f"{home}/data/sub is a link") and note.endswith(f" is {home}")
    assert told(home / "data/sub") == []
    assert told(Path("/usr"), allow_cwd=True, workdir=str(home / "data/sub")) == [note]
    for shown in ("data", "data/inner", "mine", "data/deep/.."):
        assert told(home / shown, allow_cwd=True) == [], shown


def test_the_working_directory_is_no_link_that_a_run_left(
    led_out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(led_out / "data")
    env = {"HOME": str(led_out), "PATH": "/usr/bin"}
    with pytest.raises(UsageError, match="--workdir out"):
        make_plan(Options(workdir="out", allow_cwd=True), [], env)
    monkeypatch.chdir(led_out)
    assert make_plan(Options(workdir="link"), [], env).workdir == str(led_out / "data")


@pytest.mark.parametrize(
    "entry",
    [
        '"write": ["$WORKDIR/out"]',
        '"write": ["$WORKDIR/up"]',
        '"allow": ["$WORKDIR/up", "~/data"]',
        '"read": ["$WORKDIR/out/*"]',
        '"read": ["$XDG_DATA_HOME/x"]',
        '"allow_file": ["~/data/key"]',
        '"bypass_protection": ["$WORKDIR/out"]',
        '"write": ["~/results"], "read": ["~/results/out"]',
    ],
)
def test_a_profile_s_grant_through_such_a_link_is_left_out_with_a_note(
    led_out: Path, entry: str
) -> None:
    (led_out / "results").mkdir()
    (led_out / "results" / "out").symlink_to("../.ssh")
    (led_out / ".ssh" / "x").mkdir()
    profile = led_out / "profile.json"
    profile.write_text(f'{{"filesystem": {{{entry}}}}}')
    chosen = Options(workdir=str(led_out / "data"), profile=str(profile))
    env = {"HOME": str(led_out), "PATH": "/usr/bin", "XDG_DATA_HOME": str(led_out / "data/out")}
    made = make_plan(chosen, [], env)
    assert any("is a link that leads out" in note for note in made.notes)
    assert not made.policy.bypasses
    reached = [
        rule
        for rule in made.policy.rules
        if rule.origin.kind is OriginKind.PROFILE and rule.reaches(str(led_out / ".ssh" / "id"))
    ]
    assert reached == []


def test_what_a_repository_leads_to_is_told(led_out: Path) -> None:
    (led_out / ".ssh" / "id").chmod(0o755)
    chosen = Options(workdir=str(led_out / "data"))
    env = {"HOME": str(led_out), "PATH": "/usr/bin"}
    made = make_plan(chosen, ["./key"], env)
    assert not allowed(made, led_out / ".ssh" / "id")
    assert any("--read-file" in note for note in made.notes)
    (led_out / "data" / "script").write_text("#!/bin/sh\n")
    (led_out / "data" / "script").chmod(0o755)
    assert make_plan(chosen, ["./script"], env).notes == ()


@pytest.fixture
def chained(home: Path) -> Path:
    """`data/hooks -> middle -> end`, and `~/.config -> dots -> data/dots/config`."""
    (home / "data" / "end").mkdir()
    (home / "data" / "middle").symlink_to("end")
    (home / "data" / "hooks").symlink_to("middle")
    (home / "data" / "dots" / "gh").mkdir(parents=True)
    (home / "dots").symlink_to("data/dots")
    (home / ".config").symlink_to("dots")
    return home


def removable(made: Plan, path: Path) -> bool:
    return isinstance(made.policy.decide(PathChange(ME, Operation.UNLINK, str(path))), Allow)


@pytest.mark.parametrize("how", ["flag", "profile"])
def test_each_name_of_what_is_refused_stays(chained: Path, how: str) -> None:
    options: dict[str, object] = {"allow": ["~/data"], "deny": ["hooks"]}
    if how == "profile":
        profile = chained / "profile.json"
        profile.write_text('{"filesystem": {"deny": ["$WORKDIR/hooks"], "allow": ["~/data"]}}')
        options = {"profile": str(profile)}
    made = plan(chained, **options)
    data = chained / "data"
    (data / "free").touch()
    assert removable(made, data / "free")
    for name in ("hooks", "middle", "end", "hooks/x", "end/x"):
        assert not removable(made, data / name), name
    assert not allowed(made, data / "end" / "x")


def test_the_links_on_the_way_to_a_protected_path_stay(chained: Path) -> None:
    made = plan(chained, allow=["~"], bypass_protection=["~/.ssh"])
    (chained / "free").symlink_to("data")
    assert removable(made, chained / "free")
    for name in (".config", "dots", "data/dots"):
        assert not removable(made, chained / name), name
