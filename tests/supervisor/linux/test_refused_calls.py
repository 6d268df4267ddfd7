"""A filter around nono that answers for the kernel: each call that a run needs is named at once."""

from __future__ import annotations

import errno
import time

import pytest

from nono.shims.linux.syscall_classes import own_number
from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=4)

LAUNCHER = program_beside(__file__, "without_calls.py")
CALLS = (
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "seccomp",
    "pidfd_open",
    "close_range",
    "openat2",
    "process_vm_readv",
)
ASK = "from nono.supervisor.linux.refused_calls import refused_calls; print(*refused_calls())"


def without(account: Account, calls: dict[str, int], *command: str) -> tuple[int, str, str]:
    """What a command leaves to which a filter answers with these errnos."""
    refused = [f"{own_number(call)}={number}" for call, number in calls.items()]
    done = account(account.python, "-c", LAUNCHER, *refused, "--", *command)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EACCES])
def test_each_call_is_named(user: Account, number: int) -> None:
    calls = dict.fromkeys(CALLS, number)
    if number == errno.EPERM:
        calls["clone3"] = number  # the C library takes ENOSYS for an old kernel, and only that
    code, out, err = without(user, calls, user.python, "-P", "-c", ASK)
    assert (code, err) == (0, "")
    assert sorted(word for word in out.split() if "(2):" in word) == sorted(
        f"{call}(2):" for call in calls
    )


def test_a_run_says_so_at_once(user: Account) -> None:
    nono = (user.python, "-P", "-m", "nono.supervisor")
    began = time.monotonic()
    for flags in ((), ("--floor-only",)):
        code, out, err = without(user, {"pidfd_open": errno.EPERM}, *nono, "run", *flags, "true")
        assert (code, out) == (125, ""), err
        message, hint = err.splitlines()[-2:]
        assert "pidfd_open(2): Operation not permitted" in message
        assert hint == "hint: nono setup --check"
    assert time.monotonic() - began < 25  # an init that says nothing was waited for so long
    for command, call in (("run", "seccomp"), ("learn", "landlock_restrict_self")):
        code, _, err = without(user, {call: errno.ENOSYS}, *nono, command, "true")
        assert code == 125
        assert err.startswith(f"nono: cannot start the sandbox: {call}(2): Function not impl"), err


def test_the_check_says_so(user: Account) -> None:
    nono = (user.python, "-P", "-m", "nono.supervisor")
    calls = {"landlock_create_ruleset": errno.EPERM, "pidfd_open": errno.EPERM}
    code, out, err = without(user, calls, *nono, "setup", "--check")
    assert (code, err) == (1, "")
    assert "NO  system calls: landlock_create_ruleset(2): Operation not permitted, pidfd" in out
    assert "NO  Landlock: refused: Operation not permitted" in out


def test_nothing_is_refused_here(user: Account) -> None:
    code, out, _ = without(user, {}, user.python, "-P", "-c", ASK)
    assert (code, out) == (0, "\n")
