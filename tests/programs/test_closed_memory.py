"""Agents that close their memory to others (PR_SET_DUMPABLE) work inside, with an open key."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(commands=["git", "gpg", "ssh-agent", "ssh-add", "ssh-keygen"])

SIGNING = program_beside(__file__, "signing.sh")
MAKE = ("--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "Me <me@example.org>")


def test_gpg_and_ssh_agent_sign(as_user: Account, project: Path, nono: Nono) -> None:
    keys = as_user.directory(as_user.home / ".gnupg", 0o700)
    made = as_user("gpg", *MAKE, "ed25519", "sign", "never")
    assert made.returncode == 0, made.stderr
    as_user("gpgconf", "--kill", "all")
    options = ("--allow-cwd", "--allow", keys, "--bypass-protection", keys)
    done = nono("run", *options, "--", "sh", "-c", SIGNING)
    assert (done.returncode, done.stdout) == (0, "G\nED25519\n"), done
    assert "refused" not in done.stderr
