"""What the entries of groups stand for, and that variables only ever refuse more."""

from pathlib import Path

import pytest

from nono.broker import Access, Deny, Open
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.paths.group_paths import expander
from nono.supervisor.planning.plan import make_plan
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
    expand = expander("/home/u", "/home/u/project", env)
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


def test_commands_in_variables() -> None:
    """As a whole, since a path may have blanks, and word by word."""
    env = {
        "LESSOPEN": "||/home/u/bin/lesspipe %s",
        "NODE_OPTIONS": "--max-old-space-size=4096 --require=/srv/a/hook.js -r '/srv/a/b.js'",
        "EDITOR": "~/bin/vi -f",
        "JAVA_TOOL_OPTIONS": "-javaagent:/srv/a/agent.jar=port=1 -Dx=relative/y",
        "VIMINIT": "source /home/u/vim/start.vim",
    }
    expand = expander("/home/u", "/home/u/project", env)
    assert {name: list(expand(f"${name}")) for name in env} == {
        "LESSOPEN": ["/home/u/bin/lesspipe"],
        "NODE_OPTIONS": ["/srv/a/hook.js", "/srv/a/b.js"],
        "EDITOR": ["/home/u/bin/vi -f", "/home/u/bin/vi"],
        "JAVA_TOOL_OPTIONS": ["/srv/a/agent.jar=port=1 -Dx=relative/y", "/srv/a/agent.jar"],
        "VIMINIT": ["/home/u/vim/start.vim"],
    }
