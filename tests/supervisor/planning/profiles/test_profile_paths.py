"""The paths of profiles: what variables, links and wildcards in them come to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nono.broker import File, Glob, Origin, OriginKind, PathPattern, PolicyError, Subtree
from nono.broker.settings import BY_NAME, Setting
from nono.supervisor.planning.profiles.profile_findings import Findings
from nono.supervisor.planning.profiles.profile_paths import ProfilePaths, Variables, denied, granted


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a directory, a file in it, and a link to the directory."""
    home = tmp_path.resolve() / "home"
    (home / "real").mkdir(parents=True)
    (home / "real" / "file").write_text("x")
    (home / "link").symlink_to("real")
    return home


def variables(home: Path, **env: str) -> Variables:
    return Variables(env, str(home), str(home / "real"))


def test_what_variables_stand_for(home: Path) -> None:
    known = variables(home, XDG_CACHE_HOME="/caches", XDG_DATA_HOME="relative")
    for text, expected in (
        ("~", str(home)),
        ("~/a", f"{home}/a"),
        ("$HOME/a/./b", f"{home}/a/b"),
        ("${WORKDIR}/a", f"{home}/real/a"),
        ("/run/user/$UID", f"/run/user/{os.getuid()}"),
        ("$XDG_CACHE_HOME/a", "/caches/a"),
        ("$XDG_DATA_HOME/a", f"{home}/.local/share/a"),
    ):
        assert known.path(text) == expected
    with pytest.raises(PolicyError, match="XDG_RUNTIME_DIR is not set"):
        known.path("$XDG_RUNTIME_DIR/a")
    assert known.value("$XDG_CONFIG_HOME:$OTHER") == f"{home}/.config:$OTHER"


@pytest.mark.parametrize(
    ("text", "alone", "expected"),
    [
        ("~/link", False, Subtree("/HOME/real", "~/link")),
        ("~/link/file", True, File("/HOME/real/file", "~/link/file")),
        ("~/link/*.txt", True, Glob("/HOME/real/*.txt")),
        ("~/link/*", False, Glob("/HOME/real/*/**")),
        ("~/link/**", False, Glob("/HOME/real/**")),
    ],
)
def test_a_grant_follows_links(home: Path, text: str, alone: bool, expected: PathPattern) -> None:
    assert granted(text, variables(home), alone) == at(expected, home)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~/link", [Subtree("/HOME/link", "~/link"), Subtree("/HOME/real", "~/link")]),
        ("~/link/*.txt", [Glob("/HOME/link/*.txt"), Glob("/HOME/real/*.txt")]),
        ("**/.env", [Glob("**/.env")]),
        ("~/a[1]", [Subtree("/HOME/a[1]", "~/a[1]"), Glob("/HOME/a[1]")]),
    ],
)
def test_a_refusal_holds_before_and_behind_links(
    home: Path, text: str, expected: list[PathPattern]
) -> None:
    assert denied(text, variables(home)) == [at(pattern, home) for pattern in expected]


def at(pattern: PathPattern, home: Path) -> PathPattern:
    """The pattern with the home in the place of /HOME."""
    match pattern:
        case Glob(text):
            return Glob(text.replace("/HOME", str(home)))
        case Subtree(path):
            return Subtree(path.replace("/HOME", str(home)), pattern.spelled)
        case File(path):
            return File(path.replace("/HOME", str(home)), pattern.spelled)
    raise TypeError(pattern)


def setting(key: str, value: str, file: str = "a.json") -> Setting:
    return Setting(key, value, Origin(OriginKind.PROFILE, key, file), 1, 2)


def read(home: Path, given: Setting) -> tuple[list[PathPattern], Findings]:
    findings = Findings()
    paths = ProfilePaths(variables(home), findings)
    return list(paths.patterns(given, BY_NAME[given.key])), findings


def test_what_is_odd_is_a_note_unless_the_profile_is_ours(home: Path) -> None:
    for key, value, said in (
        ("filesystem.read", "~/absent", f"{home}/absent does not exist"),
        ("filesystem.read_file", "~/link", "/real is a directory: only its list of names"),
    ):
        patterns, findings = read(home, setting(key, value))
        assert len(patterns) == 1
        (note,) = findings.notes
        assert note.startswith(f"a.json:1:2: {key}: ") and said in note
        assert read(home, setting(key, value, "built-in agent"))[1].notes == []


def test_the_run_has_a_tmpdir_of_its_own(home: Path) -> None:
    patterns, findings = read(home, setting("filesystem.allow", "$TMPDIR/x"))
    assert (patterns, findings.problems) == ([], [])
    assert len(findings.notes) == 1
    patterns, findings = read(home, setting("filesystem.deny", "$TMPDIR/x"))
    assert (patterns, findings.notes) == ([], [])
    (problem,) = findings.problems
    assert str(problem) == (
        "a.json:1:2: filesystem.deny: the run's own directory cannot be refused to it"
    )


def test_a_protection_is_lifted_by_a_path_alone(home: Path) -> None:
    findings = Findings()
    paths = ProfilePaths(variables(home), findings)
    key = "filesystem.bypass_protection"
    assert list(paths.lifted(setting(key, "~/link"))) == [f"{home}/real"]
    assert findings.problems == []
    assert list(paths.lifted(setting(key, "~/*"))) == []
    assert list(paths.lifted(setting(key, "$XDG_RUNTIME_DIR"))) == []
    assert [problem.message.partition(": ")[2] for problem in findings.problems] == [
        "a pattern cannot lift a protection; name the path",
        "$XDG_RUNTIME_DIR is not set",
    ]


def test_a_name_is_of_the_same_bytes_whatever_a_python_takes_names_for(tmp_path: Path) -> None:
    """As in a host program whose locale is another one."""
    (tmp_path / "p.json").write_text('{"filesystem": {"deny": ["/x/\\u00fc"]}}')
    code = (
        "import os, sys; from nono.supervisor import Options, make_plan;"
        "rules = make_plan(Options(profile=sys.argv[1]), ['/bin/true']).policy.rules;"
        "print([os.fsencode(path) for rule in rules for path in rule.named if '/x/' in path])"
    )
    other = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = subprocess.check_output([sys.executable, "-c", code, tmp_path / "p.json"], env=other)
    assert said == b"[b'/x/\\xc3\\xbc']\n"
