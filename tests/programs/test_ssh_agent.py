"""A real agent with a real key: it signs inside, and its key stays outside."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(commands=["ssh-agent", "ssh-add", "ssh-keygen"])

PROGRAM = """
ssh-add -l
echo word > word; ssh-keygen -q -Y sign -f ~/.ssh/agent_ed25519.pub -n file word && ls word.sig
cat ~/.ssh/agent_ed25519; cat ~/.ssh/agent_ed25519.pub | cut -d' ' -f1
"""


def test_it_signs_and_gives_no_key(as_user: Account, project: Path, nono: Nono) -> None:
    keys = as_user.directory(as_user.home / ".ssh", 0o700)
    key = keys / "agent_ed25519"
    for each in (key, key.with_suffix(".pub")):
        each.unlink(missing_ok=True)
    made = as_user("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    assert made.returncode == 0, made.stderr
    agent = as_user("ssh-agent", "-s", "-t", "60", "-a", project / "agent", cwd=project)
    pid = re.search(r"SSH_AGENT_PID=([0-9]+)", agent.stdout)
    assert pid is not None, agent.stderr
    env = {"SSH_AUTH_SOCK": str(project / "agent")}
    try:
        assert as_user("ssh-add", "-q", key, env=env).returncode == 0
        done = nono("run", "--allow-cwd", "--allow-ssh-agent", "--", "sh", "-c", PROGRAM, env=env)
        assert "(ED25519)" in done.stdout, done.stderr
        assert done.stdout.split()[-2:] == ["word.sig", "ssh-ed25519"]
        assert "PRIVATE KEY" not in done.stdout and f"read {key}" in done.stderr
        done = nono("run", "--allow-cwd", "--", "sh", "-c", PROGRAM, env=env)
        assert "(ED25519)" not in done.stdout and "ssh-ed25519" not in done.stdout
    finally:
        os.kill(int(pid[1]), 15)
