"""What is kept of a start is what the start would come to: whatever has changed meanwhile."""

from __future__ import annotations

import marshal
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest

from nono.broker.audit.packed_policy import packed_policy
from nono.supervisor import Options, Plan, UsageError, looks, make_plan, noted_looks
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.noted_looks import Looks, digest_now, texts_now
from nono.supervisor.session.kept_objects import CONTAINER, OBJECT, PLAIN, unpacked
from nono.supervisor.session.kept_start import Start
from nono.supervisor.session.packed_objects import packed
from nono.supervisor.settled_directories import SettledDirectories

_CHANGES = 25
_HOUR = 3600 * 10**9


class Made(NamedTuple):
    plan: Plan
    made: Complete


def in_parts(made: Made) -> dict[str, object]:
    """All of it: a floor has no way to be compared."""
    floor = made.made.floor
    names = ("rules", "carved", "matched", "unwritten")
    plan = {each.name: getattr(made.plan, each.name) for each in fields(made.plan)}
    rest = {**made.made._asdict(), "floor": {name: getattr(floor, name) for name in names}}
    return {**plan, **{f"complete {name}": value for name, value in rest.items()}}


def differing(one: Made, other: Made) -> dict[str, tuple[object, object]]:
    """What is not the same in both, by name."""
    ones, others = in_parts(one), in_parts(other)
    return {name: (ones[name], others[name]) for name in ones if ones[name] != others[name]}


@pytest.fixture
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = Path(mkdtemp(dir=place))
    project = home / "project"
    for name in (".git/objects", ".git/refs", ".git/hooks", "src/deep", "sub/.git/objects"):
        (project / name).mkdir(parents=True)
    (project / ".git/HEAD").write_text("ref: refs/heads/m\n")
    (project / ".git/config").write_text("[include]\n\tpath = ../included\n")
    (project / "included").write_text("[core]\n\thooksPath = hooks\n")
    (project / "keys").mkdir()
    (project / "keys/a.pem").write_text("key")
    (project / "keys/b.pem").symlink_to("../secret")
    (project / "secret").write_text("secret")
    os.link(project / "secret", project / "src/other-name")
    for name in (".ssh", ".config/git", ".cache", ".local/state", "bin", "elsewhere"):
        (home / name).mkdir(parents=True)
    (home / ".bashrc").write_text("export PATH=~/bin:$PATH\n")
    (home / ".config/git/config").write_text("[user]\n\tname = x\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin:/bin")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(project)
    yield home
    shutil.rmtree(home)


OPTIONS = {
    "workdir": Options(allow_cwd=True),
    "patterns": Options(allow_cwd=True, deny=["**/*.pem", "**/[ab].key", "secret"]),
    "home": Options(allow=["~/elsewhere"], read=["~"], deny_write=["~/project/src"]),
}


def start(options: Options, noted: Looks | None = None) -> Made:
    noted = Looks() if noted is None else noted
    with looks.noted(noted):
        plan = make_plan(options, ["/bin/true"])
        made = complete(plan, tmpdir="/tmp/nono-0a1b2c3d")
    return Made(plan, made)


def unlike(noted: Looks) -> list[tuple[object, ...]]:
    """The looks that find something else at once."""
    if not noted.are_whole or digest_now(noted.asked) == noted.digest(noted.asked):
        return []
    now = zip(noted.asked, texts_now(noted.asked), strict=True)
    return [each for each, text in now if noted._found[each] != text]


def chosen(noted: Looks, home: Path, picks: random.Random) -> Path:
    """A place that was looked at, or a name in one."""
    below = f"{home}/"
    places = sorted({asked[1] for asked in noted.asked if str(asked[1]).startswith(below)})
    place = Path(picks.choice(places))
    names = ("new", ".git", "x.pem", "link", ".envrc", "HEAD", "a.code-workspace", "nono")
    return place / picks.choice(names) if picks.random() < 0.4 else place


def write(place: Path, home: Path, picks: random.Random) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(picks.choice(["", "ref: x\n", "[core]\n\thooksPath = ../elsewhere\n"]))


def directory(place: Path, home: Path, picks: random.Random) -> None:
    (place / picks.choice(["objects", "hooks", "inner"])).mkdir(parents=True, exist_ok=True)


def link(place: Path, home: Path, picks: random.Random) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    remove(place, home, picks)
    place.symlink_to(picks.choice([home / "elsewhere", home / "project/src", Path("../secret")]))


def hard_link(place: Path, home: Path, picks: random.Random) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    os.link(home / picks.choice(["project/secret", ".bashrc"]), place)


def remove(place: Path, home: Path, picks: random.Random) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def mode(place: Path, home: Path, picks: random.Random) -> None:
    place.chmod(picks.choice([0o700, 0o777, 0o600]))


def rename(place: Path, home: Path, picks: random.Random) -> None:
    place.rename(place.with_name(picks.choice(["moved", ".git", "hooks"])))


CHANGES: list[Callable[[Path, Path, random.Random], None]] = [
    *(write, directory, link, hard_link, remove, mode, rename)
]


def changes(noted: Looks, home: Path, picks: random.Random) -> Iterator[str]:
    """One after the other, at what was looked at."""
    for _ in range(_CHANGES):
        place, change = chosen(noted, home, picks), picks.choice(CHANGES)
        if not (home / "project").is_dir() or home / "project" in (place, *place.parents[:0]):
            continue
        try:
            change(place, home, picks)
        except OSError:
            continue
        yield f"{change.__name__} {place}"


def looks_of(names: str) -> Looks:
    """That note the names in directories, or, where these are settled, their times."""
    noted = Looks()
    if names == "by times":
        noted.settled = SettledDirectories(lambda: time.time_ns() + _HOUR).times
    return noted


@pytest.mark.lots(kind="tree")
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("names", ["by names", "by times"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_where_looks_find_the_same_a_start_comes_to_the_same(
    home: Path, options: Options, seed: int, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where it comes to something else, they find something else."""
    monkeypatch.setattr(noted_looks, "_MANY", 0)
    picks = random.Random(seed)
    noted = looks_of(names)
    kept, found = start(options, noted), noted.digest(noted.asked)
    assert noted.are_whole and not unlike(noted)
    others = 0
    for change in changes(noted, home, picks):
        try:
            now = start(options, again := looks_of(names))
        except UsageError:  # what an option names is no directory any more
            assert digest_now(noted.asked) != found, change
            return
        if digest_now(noted.asked) == found:
            assert not differing(now, kept), change
        else:
            others += 1
            noted, kept, found = again, now, again.digest(again.asked)
            assert not unlike(noted), change
    assert others > 5


_PROFILES = ("agent", "claude-code", "python-dev")
_NETWORK = Options(
    allow_domain=["example.org", "*.example.net", "10.0.0.0/8"],
    deny_domain=["no.example.net"],
    open_port=["3000-3010"],
    listen_port=[8000],
    dns=["127.0.0.1"],
    memory="1G",
    ask="auto",
    env_allow=["A*"],
)


@pytest.mark.parametrize(
    "options",
    [*OPTIONS.values(), _NETWORK, *(Options(profile=name, allow_cwd=True) for name in _PROFILES)],
    ids=[*OPTIONS, "network", *_PROFILES],
)
def test_as_bytes_it_is_the_same(home: Path, options: Options) -> None:
    """Of whatever kinds of objects it consists."""
    made = start(options)
    assert not differing(Made(*unpacked(packed(made.plan, made.made))), made)


def step(home: Path, seen: list[str]) -> tuple[Complete, bytes]:
    """A whole start, as `nono run` makes one; what is known of its policy."""
    begun = Start(["true"], [], os.environ, nullcontext)

    def plan() -> Plan:
        seen.append("made" if looks._noting is None else "noted")
        return make_plan(Options(allow_cwd=True), begun.argv)

    planned = begun.plan(plan)
    tmpdir = f"/tmp/{begun.tmpdir}"
    made = begun.complete(planned, tmpdir, lambda: complete(planned, tmpdir=tmpdir))
    begun.keep()
    return made, begun.packed_policy


def test_the_first_is_not_noted_and_the_second_is_kept(home: Path) -> None:
    """What has changed meanwhile is kept again when two in a row have found the same."""
    seen: list[str] = []
    for _ in range(3):
        step(home, seen)
    assert seen == ["made", "noted"]
    for name in ("one", "two"):
        (home / "project" / name).mkdir()
        (home / "project" / name / ".git").mkdir()
        step(home, seen)
    for _ in range(2):
        step(home, seen)
    assert seen[2:] == ["noted", "noted", "noted"]


def test_an_audit_has_the_policy_that_is_gone_by(home: Path) -> None:
    """With the TMPDIR of this run."""
    seen: list[str] = []
    for _ in range(3):
        made, known = step(home, seen)
    assert len(seen) == 2
    assert known == packed_policy(made.policy)


FOREIGN = {
    "through a module": ("nono.supervisor.sandbox", "subprocess.Popen"),
    "of another module of ours": ("nono.supervisor.planning.plan", "dataclass"),
    "a function": ("nono.broker.rules.rule", "is_lifted"),
    "imported": ("nono.broker.policy.policy", "cached_property"),
    "of Python's": ("os", "system"),
    "builtin": ("builtins", "eval"),
}


@pytest.mark.parametrize("where", FOREIGN.values(), ids=FOREIGN)
def test_nothing_else_is_made_of_bytes(where: tuple[str, str]) -> None:
    """No class or function that would do something when it is called."""
    with pytest.raises((AttributeError, ValueError)):
        unpacked(marshal.dumps(([(*where, (), 1, [])], 0, 0)))


_MODULE = "nono.broker.rules.patterns"
_FILE = (_MODULE, "File", ("path", "spelled"))
ODD: dict[str, Any] = {
    "nothing": ((), 0, 0),
    "no groups": 1,
    "neither": ([(*_FILE, 1, [(PLAIN, ["/"]), (PLAIN, ["/"])])], 0, 0),
    "fewer fields": ([(*_FILE, 1, [(PLAIN, ["/"])])], 0, 0),
    "fewer values": ([(*_FILE, 2, [(PLAIN, ["/"]), (PLAIN, ["/"])])], 0, 0),
    "an object that is not there": ([(*_FILE, 1, [(OBJECT, [3]), (PLAIN, ["/"])])], 0, 0),
    "another class": ([(_MODULE, "File", ("__class__",), 1, [(PLAIN, ["/"])])], 0, 0),
    "another field": ([(_MODULE, "File", ("other",), 1, [(PLAIN, ["/"])])], 0, 0),
    "another container": (
        [(*_FILE, 1, [(CONTAINER, [(CONTAINER, "eval", [])]), (PLAIN, ["/"])])],
        0,
        0,
    ),
}


@pytest.mark.parametrize("told", ODD.values(), ids=ODD)
def test_something_else_is_no_start(told: Any) -> None:
    with pytest.raises((AttributeError, IndexError, KeyError, TypeError, ValueError)):
        unpacked(marshal.dumps(told))


class _Own(str):
    pass


def test_what_is_of_no_known_kind_has_no_bytes(home: Path) -> None:
    made = start(OPTIONS["workdir"])
    kinds: list[Any] = [_Own("x"), Path("/"), test_something_else_is_no_start]
    for odd in kinds:
        with pytest.raises(TypeError):
            packed(made.plan, made.made._replace(notes=(odd,)))
