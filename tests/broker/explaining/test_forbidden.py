"""What no policy allows, in words."""

import errno

import pytest

from nono.broker import (
    ALL_ACCESS,
    Deny,
    Effect,
    Forbidden,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
    explain,
)
from tests.broker.worlds import CALLER

EVERYTHING = Rule(Subtree("/"), ALL_ACCESS, Effect.ALLOW, Origin(OriginKind.FLAG, "--allow /"))


@pytest.mark.parametrize(
    ("call", "summary", "said"),
    [
        ("unshare", "make namespaces or mounts of its own (unshare)", "--no-sandbox"),
        ("clone", "make namespaces or mounts of its own (clone)", "nono is the sandbox"),
        ("ptrace", "look into another process (ptrace)", "strace"),
        ("ptrace", "look into another process (ptrace)", "ASAN_OPTIONS=detect_leaks=0"),
        ("keyctl", "use the kernel's keyrings (keyctl)", "other programs"),
        ("bpf", "see what the whole machine does or has (bpf)", "outside"),
        ("reboot", "change the machine (reboot)", "outside"),
        ("\x1b[2J", "change the machine (\\x1b[2J)", "outside"),
    ],
)
def test_words(call: str, summary: str, said: str) -> None:
    policy = Policy((EVERYTHING,), bypasses=("/",))
    request = Forbidden(CALLER, call)
    verdict = policy.decide(request)
    assert isinstance(verdict, Deny)
    assert verdict.errno == errno.EPERM
    told = explain(policy, request, verdict)
    assert (told.summary, told.fix, told.layer) == (summary, (), "kernel floor")
    assert said in told.reason
