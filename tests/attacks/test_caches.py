"""Caches: what a run fetched is executed by later runs with its profile, and by nobody else."""

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import PYTHON
from tests.attacks.conftest import command as command_of
from tests.conftest import BY_A_USER, Account, Finished

pytestmark = pytest.mark.requires(landlock=2)

TAG = "poisoned-by-a-run"
REAL = (
    ".cache/uv/archive-v0/six.py", ".cache/pip/wheels/six.whl", ".npm/_cacache/index",
    ".npm/_npx/1/package.json", ".cargo/registry/src/lib.rs", ".m2/repository/a.jar",
    ".gradle/caches/a.jar", "go/pkg/mod/x.go", ".cache/go-build/00/x", ".local/share/pnpm/store/a",
    ".cache/pre-commit/hook", ".local/bin/tool", ".cache/nono/caches/node-dev/bin/tool",
)  # fmt: skip


@pytest.fixture
def home(as_user: Account, project: Path) -> Iterator[Path]:
    """A home of its own, with something in every cache. The profile's own are not there yet."""
    home = as_user.directory(project / "home", 0o700)
    for name in REAL:
        text = "#!/bin/sh\necho honest\n"
        as_user.file(home / name, text, 0o755 if name.endswith("tool") else 0o644)
    as_user.directory(home / "work")
    yield home


def run(account: Account, home: Path, *words: str, env: dict[str, str] | None = None) -> Finished:
    return account.nono(*words, cwd=home / "work", env={"HOME": str(home), **(env or {})})


def agent(account: Account, home: Path, *command: str, profile: str = "agent") -> Finished:
    return run(account, home, "run", "-q", "--profile", profile, "--", *command)


def caches(home: Path, profile: str = "agent") -> Path:
    return home / ".cache/nono/caches" / profile


def state(home: Path) -> dict[str, bytes]:
    """Every file and link outside of the run's own caches and its working directory."""
    left_out = (caches(home), home / "work", home / ".local/state")
    return {
        str(path): os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        for path in home.rglob("*")
        if not any(path.is_relative_to(each) for each in left_out) and not path.is_dir()
    }


@BY_A_USER
def test_what_a_run_fetched_is_not_in_the_caches_of_anybody_else(
    as_user: Account, home: Path, programs: Path
) -> None:
    before = state(home)
    words = command_of(programs, "poison_caches", [home, TAG])
    done = run(
        as_user,
        home,
        *("run", "-q", "--profile", "agent", "--read", str(programs), "--"),
        *words,
        env={"PYTHONPATH": str(programs)},
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert len(lines) > 80
    assert [line for line in lines if line[1].startswith("WON")] == []
    assert "honest" not in done.stdout
    assert len([line for line in lines if line[1] == "made"]) > 40
    assert state(home) == before
    assert not [path for path in caches(home).rglob("*") if path.lstat().st_mode & stat.S_ISUID]


def test_a_run_that_may_write_the_whole_home(as_user: Account, home: Path, programs: Path) -> None:
    """--allow ~ opens much, but not what other sandboxes execute, nor where theirs are looked for.

    Where there are none yet no link can be put that would lead the next run's elsewhere.
    """
    script = (
        "for p in .cache/nono/caches/x .cache/nono/caches/node-dev/bin/tool .cache/nono/x; do"
        " echo x >> ~/$p && echo WON $p; done;"
        " mv ~/.cache/nono ~/.cache/other && echo WON mv; mv ~/.cache ~/other && echo WON mv2;"
        " cat ~/.cache/nono/caches/node-dev/bin/tool; ~/.cache/nono/caches/node-dev/bin/tool;"
        " echo done"
    )
    done = run(as_user, home, "run", "-q", "--allow", str(home), "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    shutil.rmtree(home / ".cache")
    script = (
        "ln -s /var/tmp ~/.cache && echo WON; mkdir ~/.cache; ln -s /var/tmp ~/.cache/nono"
        " && echo WON2; mkdir -p ~/.cache/nono/caches && echo WON3; echo done"
    )
    done = run(as_user, home, "run", "-q", "--allow", str(home), "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@BY_A_USER
def test_a_second_run_finds_the_caches_of_the_first(as_user: Account, home: Path) -> None:
    """Programs are found by name there; but none takes the place of one that the person has."""
    made = agent(
        as_user,
        home,
        *("sh", "-c"),
        "printf '#!/bin/sh\\necho mine\\n' > $PIPX_BIN_DIR/mine && chmod +x $PIPX_BIN_DIR/mine"
        " && cp $PIPX_BIN_DIR/mine $PIPX_BIN_DIR/true && mine",
    )
    assert (made.returncode, made.stdout) == (0, "mine\n"), made.stderr
    assert agent(as_user, home, "mine").stdout == "mine\n"
    assert agent(as_user, home, "true").stdout == ""
    other = agent(as_user, home, "mine", profile="node-dev")
    assert other.returncode == 127
    assert stat.S_IMODE(caches(home).stat().st_mode) == 0o700


def test_a_run_that_leaves_a_link_in_the_place_of_its_own(as_user: Account, home: Path) -> None:
    """The next run makes a directory there again, and nothing is made where the link leads."""
    secret = as_user.file(home / "private/secret", "secret-text")
    moves = (
        f"cd /; mv {caches(home)} {home}/work/away && ln -s {home}/private {caches(home)}; true",
        f"rm -rf {caches(home)}; ln -s {home}/private {caches(home)}; true",
        f"rm -rf {caches(home)}; echo x > {caches(home)}; true",
        f"chmod 0 {caches(home)}; true",
        f"rm -rf {caches(home)}/bin; ln -s {home}/private {caches(home)}/bin;"
        f" rm -rf {caches(home)}/npm-global; ln -s {home}/private {caches(home)}/npm-global",
    )
    check = f"cat {secret} {caches(home)}/secret; ls $UV_TOOL_BIN_DIR; "
    for move in (*moves, "true"):
        done = agent(as_user, home, "sh", "-c", check + move)
        assert "secret" not in done.stdout, (move, done.stderr)
        assert os.listdir(home / "private") == ["secret"]
    assert caches(home).is_dir() and not caches(home).is_symlink()
    assert stat.S_IMODE(caches(home).stat().st_mode) == 0o700
    own_bin = caches(home) / "bin"
    agent(
        as_user, home, "sh", "-c", f"rm -rf {own_bin}; mkdir {own_bin}; ln -s {secret} {own_bin}/x"
    )
    secret.chmod(0o755)
    for command in ("x", str(own_bin / "x")):
        done = agent(as_user, home, command)
        assert done.returncode in (126, 127) and "secret" not in done.stdout, done.stderr


def test_a_link_in_the_place_of_all_of_them(as_user: Account, home: Path) -> None:
    """Somebody else put it there: nothing is run."""
    shutil.rmtree(home / ".cache/nono")
    as_user.directory(home / "elsewhere")
    (home / ".cache/nono").symlink_to(home / "elsewhere")
    done = agent(as_user, home, "true")
    assert done.returncode == 125
    assert "the caches of this sandbox cannot be made" in done.stderr
    assert os.listdir(home / "elsewhere") == []


def test_a_profile_with_a_name_that_leads_elsewhere(as_user: Account, home: Path) -> None:
    """Other spellings: tests/supervisor/planning/paths/test_own_caches.py."""
    before = set(home.rglob("*"))
    for name in ("..", "node-dev/../../x"):
        done = agent(as_user, home, "true", profile=name)
        assert done.returncode == 125, done.stderr
    assert set(home.rglob("*")) == before


def test_a_profile_of_a_repository_does_not_get_the_caches_of_a_named_one(
    as_user: Account, home: Path
) -> None:
    as_user.file(home / "work/agent.json", '{"extends": "agent"}')
    done = agent(as_user, home, "sh", "-c", "echo $UV_CACHE_DIR", profile="./agent.json")
    directory = Path(done.stdout).parent.parent
    assert directory.parent == caches(home).parent, done.stderr
    assert directory.name.startswith("agent@")


def test_a_variable_that_leads_to_a_protected_place(as_user: Account, home: Path) -> None:
    """What the person set is kept where the program may write, and else ours takes its place."""
    as_user.file(home / ".ssh/config", "x", 0o600)
    given = {
        "UV_CACHE_DIR": str(home / ".ssh"),
        "PIP_CACHE_DIR": str(home / "work/pip"),
        "GOPATH": str(home / "go"),
        "MAVEN_OPTS": "-Xmx1g",
        "npm_config_cache": f"{home}/work/../.npm",
    }
    script = "echo $UV_CACHE_DIR; echo $PIP_CACHE_DIR; echo $GOPATH; echo $MAVEN_OPTS"
    script += "; echo $npm_config_cache"
    words = ("run", "-q", "--profile", "agent", "--", "sh", "-c", script)
    done = run(as_user, home, *words, env=given)
    own = caches(home)
    assert done.stdout.splitlines() == [
        f"{own}/cache/uv",
        f"{home}/work/pip",
        f"{own}/go",
        f"-Xmx1g -Dmaven.repo.local={own}/maven/repository",
        f"{own}/npm",
    ], done.stderr


@BY_A_USER
def test_learning_leaves_the_caches_as_they_are(as_user: Account, home: Path) -> None:
    script = (
        "for p in .cache/uv/x .cache/pip/wheels/six.whl .npm/_npx/x go/pkg/mod/x.go"
        " .cargo/registry/x .m2/repository/a.jar .gradle/caches/a.jar .local/share/pnpm/x; do"
        " echo x >> ~/$p; done; mkdir -p ~/.cache/new; echo x > ~/.cache/new/x;"
        " mkdir -p $UV_CACHE_DIR && echo x > $UV_CACHE_DIR/x"
    )
    before = state(home)
    done = run(as_user, home, "learn", "--json", "-q", "--", "sh", "-c", script)
    after = state(home)
    assert {path for path in after if after[path] != before.get(path)} - {
        path for path in after if "/.cache/nono/caches/@" in path
    } == {f"{home}/.cache/new/x"}, done.stderr
    assert json.loads(done.stdout)["filesystem"] == {"allow": ["~/.cache/new"], "caches": True}


@BY_A_USER
def test_pip_outside_does_not_see_what_a_run_put_into_its_cache(
    as_user: Account, home: Path
) -> None:
    """pip's real cache, by the real program, with a wheel that a run has made."""
    wheel = (
        "import os, zipfile\n"
        "d = os.path.join(os.environ['PIP_CACHE_DIR'], 'wheels')\n"
        "os.makedirs(d, exist_ok=True)\n"
        "with zipfile.ZipFile(d + '/evil-1.0-py3-none-any.whl', 'w') as z:\n"
        "    z.writestr('evil.py', '')\n"
        "for d in (os.path.expanduser('~/.cache/pip/wheels'),):\n"
        "    try: open(d + '/evil-1.0-py3-none-any.whl', 'w')\n"
        "    except OSError: pass\n"
    )
    done = agent(as_user, home, PYTHON, "-c", wheel)
    assert done.returncode == 0, done.stderr
    pip = (as_user.python, "-m", "pip", "cache", "list")
    outside = as_user(*pip, env={"HOME": str(home)})
    assert "evil" not in outside.stdout + outside.stderr
    inside = agent(as_user, home, *pip)
    assert "evil" in inside.stdout, inside.stderr


@BY_A_USER
@pytest.mark.requires(commands=["npm"])
def test_npm_keeps_its_own_apart(as_user: Account, home: Path) -> None:
    """What a run under the profile installs for all is no program of npm's outside."""
    script = (
        "npm config get cache; npm prefix -g; mkdir -p $npm_config_prefix/bin;"
        " printf '#!/bin/sh\\necho mine\\n' > $npm_config_prefix/bin/mine;"
        " chmod +x $npm_config_prefix/bin/mine; mine"
    )
    done = agent(as_user, home, "sh", "-c", script)
    own = caches(home)
    assert done.stdout.splitlines() == [f"{own}/npm", f"{own}/npm-global", "mine"], done.stderr
    script = "npm config get cache; npm prefix -g; mine"
    outside = as_user("sh", "-c", script, env={"HOME": str(home)})
    cache, prefix = outside.stdout.splitlines()
    assert cache == f"{home}/.npm"
    assert not Path(prefix).is_relative_to(own)
    assert outside.returncode == 127
