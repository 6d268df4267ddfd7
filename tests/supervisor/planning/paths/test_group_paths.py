"""What the entries of groups stand for, and that variables only ever refuse more."""

import os
import random
from pathlib import Path

import pytest

from nono.broker import Access, Deny, Open, groups, rules_of
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.paths.group_paths import Expander
from tests.broker.worlds import CALLER


def test_paths_in_variables() -> None:
    env = {
        "KUBECONFIG": "/home/u/a:/srv/keys/b:relative:",
        "HISTFILE": "/dev/null",
        "GNUPGHOME": "/home/u",
        "AZURE_CONFIG_DIR": "/srv",
        "ZDOTDIR": "/home/u/.zsh/",
        "TMPDIR": "/home/u/tmp",
        "XDG_CONFIG_HOME": "/home/u/.config",
        "XDG_DATA_HOME": "/home/u/data",
    }
    expand = Expander("/home/u", "/home/u/project", env)
    assert list(expand("$KUBECONFIG")) == ["/home/u/a", "/srv/keys/b"]
    assert list(expand("$ZDOTDIR/.zshrc")) == ["/home/u/.zsh/.zshrc"]
    assert list(expand("$XDG_DATA_HOME/x")) == ["/home/u/data/x"]
    for name in ("HISTFILE", "GNUPGHOME", "AZURE_CONFIG_DIR", "TMPDIR", "XDG_CONFIG_HOME", "NONE"):
        assert list(expand(f"${name}")) == [], name


def test_what_variables_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    names = {"AWS_SHARED_CREDENTIALS_FILE": "aw/creds", "BASH_ENV": "benv", "XDG_CONFIG_HOME": "xc"}
    for name, place in names.items():
        monkeypatch.setenv(name, str(home / place))
    policy = make_plan(Options(allow=(str(home),)), ("true",)).policy
    for path, access in (
        ("aw/creds", Access.READ),
        ("benv", Access.WRITE),
        ("xc/git/config", Access.WRITE),
        ("xc/systemd/user/a.service", Access.WRITE),
    ):
        assert isinstance(policy.decide(Open(CALLER, str(home / path), access)), Deny), path
    assert not isinstance(policy.decide(Open(CALLER, str(home / "benv"), Access.READ)), Deny)


def test_what_a_variable_goes_up_from_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text it is another path: where a link is, and where one may come to be."""
    home = Path(os.path.realpath(tmp_path)) / "home"
    for name in ("o/p", "sub", "data"):
        (home / name).mkdir(parents=True)
    (home / "led").symlink_to("o/p")
    monkeypatch.setenv("HOME", str(home))
    for name, value in {
        "KUBECONFIG": f"/nowhere:{home}/led/../kube",
        "BASH_ENV": f"{home}/sub/../start",
        "XDG_CONFIG_HOME": f"{home}/led/../config",
    }.items():
        monkeypatch.setenv(name, value)
    policy = make_plan(Options(allow=(str(home),)), ("true",)).policy
    for path, access in (
        ("o/kube", Access.READ),
        ("kube", Access.READ),
        ("start", Access.WRITE),
        ("o/config/systemd/user/a.service", Access.WRITE),
        ("led", Access.WRITE),
        ("sub", Access.WRITE),
    ):
        assert isinstance(policy.decide(Open(CALLER, str(home / path), access)), Deny), path
    assert not isinstance(policy.decide(Open(CALLER, str(home / "sub/x"), Access.WRITE)), Deny)
    expand = Expander(str(home), str(home), dict(os.environ))
    assert f"{home}/o/kube" in expand("$KUBECONFIG")


def test_commands_in_variables() -> None:
    """As a whole, since a path may have blanks, and word by word."""
    env = {
        "LESSOPEN": "||/home/u/bin/lesspipe %s",
        "NODE_OPTIONS": "--max-old-space-size=4096 --require=/srv/a/hook.js -r '/srv/a/b.js'",
        "EDITOR": "~/bin/vi -f",
        "JAVA_TOOL_OPTIONS": "-javaagent:/srv/a/agent.jar=port=1 -Dx=relative/y",
        "VIMINIT": "source /home/u/vim/start.vim",
    }
    expand = Expander("/home/u", "/home/u/project", env)
    assert {name: list(expand(f"${name}")) for name in env} == {
        "LESSOPEN": ["/home/u/bin/lesspipe"],
        "NODE_OPTIONS": ["/srv/a/hook.js", "/srv/a/b.js"],
        "EDITOR": ["/home/u/bin/vi -f", "/home/u/bin/vi"],
        "JAVA_TOOL_OPTIONS": ["/srv/a/agent.jar=port=1 -Dx=relative/y", "/srv/a/agent.jar"],
        "VIMINIT": ["/home/u/vim/start.vim"],
    }


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=pytest.mark.lots(kind="seed")) for n in range(12)]
)
def test_a_group_has_the_rules_of_its_paths_one_by_one(tmp_path: Path, seed: int) -> None:
    """Whatever links and variables there are, and whatever was remembered of others."""
    choose = random.Random(seed)
    top = tmp_path / "home"
    (top / "elsewhere").mkdir(parents=True)
    for name in choose.sample((".ssh", ".config", ".aws", ".local", ".kube", ".cache"), k=4):
        choose.choice((_make, _link))(top / name)
    env = {
        name: choose.choice((f"{top}/x/y", f"{top}/.aws/z:/srv/a/b", "relative", f"{top}"))
        for name in choose.sample(("KUBECONFIG", "XDG_CONFIG_HOME", "BASH_ENV", "EDITOR"), k=2)
    }
    for home in (str(top), str(top / ".config"), "/"):
        for workdir in (str(top), str(top / "elsewhere"), "/"):
            made = Expander(home, workdir, env)
            for name, each in groups().items():
                rules, leading = made.rules(name)
                one_by_one = Expander(home, workdir, env)
                assert list(rules) == rules_of(each, one_by_one), name
                assert all(os.path.realpath(path) == end for path, end in leading.items())


def _make(path: Path) -> None:
    (path / "nono").mkdir(parents=True)


def _link(path: Path) -> None:
    path.symlink_to("elsewhere")
