"""Whether the supervisor may read the memory of the programs below it: Yama's ptrace scope.

Scope 1 leaves an ancestor its descendants. Scope 2 wants CAP_SYS_PTRACE, which the thread that
answers calls has given up, root's too; scope 3 allows nobody anything until the next boot. Source:
the kernel's Documentation/admin-guide/LSM/Yama.rst; tried with Debian's 6.1.
"""

from __future__ import annotations

from nono.supervisor.errors import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.finding import Finding

_SCOPE = "/proc/sys/kernel/yama/ptrace_scope"
_WHAT = "Yama ptrace scope"
_REMEDIES = {
    2: ("it wants CAP_SYS_PTRACE, which nono gives up", "sudo sysctl kernel.yama.ptrace_scope=1"),
    3: (
        "it allows nobody until the next boot: set kernel.yama.ptrace_scope = 1 in /etc/sysctl.d"
        " and boot again",
        "grep -r ptrace_scope /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d",
    ),
}


def check_tracing() -> None:
    """Raise StartError where nobody may look into a process below."""
    why, hint = _REMEDIES.get(_scope() or 0, ("", ""))
    if why:
        raise StartError(
            f"nono cannot read the arguments of the program's calls: kernel.yama.ptrace_scope is"
            f" {_scope()}, and {why}",
            hint,
        )


def finding() -> Finding:
    """The same for a person who asks."""
    # What only `nono setup` needs is loaded only then.
    from nono.supervisor.finding import Finding

    scope = _scope()
    if scope is None:
        return Finding(_WHAT, "not built in", True)
    why, hint = _REMEDIES.get(scope, ("", ""))
    cost = f"nono cannot read the arguments of calls: {why}: {hint}" if why else ""
    return Finding(_WHAT, str(scope), not why, cost)


def _scope() -> int | None:
    """None for a kernel without Yama."""
    try:
        with open(_SCOPE, encoding="ascii") as file:
            return int(file.read(16))
    except (OSError, ValueError):
        return None
