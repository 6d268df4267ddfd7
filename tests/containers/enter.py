"""Become what a container runtime makes of a program, and execute the command.

`python enter.py PROFILE USER [--no-new-privs] -- COMMAND...`: the runtime's filter, its
capabilities, and the user (a name). Needs root. In place of namespaces and a root directory
there is what the machine has: these are not what nono lacks there.
"""

import os
import pwd
import sys

import pyseccomp

from nono.shims.linux import capabilities
from nono.shims.linux.process import set_no_new_privs
from nono.shims.linux.syscall_classes import machine, number
from nono.shims.linux.syscall_numbers import NUMBERS
from tests.containers.profiles import PROFILES, Profile


def filter_of(profile: Profile) -> pyseccomp.SyscallFilter:
    """The runtime's filter, as a list of what is allowed."""
    arch = machine()
    made = pyseccomp.SyscallFilter(pyseccomp.ERRNO(profile.error))
    made.set_attr(pyseccomp.Attr.CTL_NNP, 0)
    refused = {name: error for error, names in profile.refused.items() for name in names.split()}
    for name in NUMBERS:
        try:
            which = number(arch, name)
        except KeyError:
            continue
        if name in refused:
            if refused[name] != profile.error:
                made.add_rule(pyseccomp.ERRNO(refused[name]), which)
        elif name == "clone" and profile.refused_clone_flags:
            flags = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, profile.refused_clone_flags, 0)
            made.add_rule(pyseccomp.ALLOW, which, flags)
        elif name == "socket" and profile.refused_families:
            allow_families(made, which, profile.refused_families)
        elif name == "personality":
            for persona in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF):
                made.add_rule(pyseccomp.ALLOW, which, pyseccomp.Arg(0, pyseccomp.EQ, persona))
        else:
            made.add_rule(pyseccomp.ALLOW, which)
    return made


def allow_families(made: pyseccomp.SyscallFilter, which: int, refused: tuple[int, ...]) -> None:
    """Every family of sockets but these, which stand in ascending order."""
    made.add_rule(pyseccomp.ALLOW, which, pyseccomp.Arg(0, pyseccomp.LT, refused[0]))
    made.add_rule(pyseccomp.ALLOW, which, pyseccomp.Arg(0, pyseccomp.GT, refused[-1]))
    for between in set(range(refused[0], refused[-1])) - set(refused):
        made.add_rule(pyseccomp.ALLOW, which, pyseccomp.Arg(0, pyseccomp.EQ, between))


def main() -> None:
    profile_name, user, *rest = sys.argv[1 : sys.argv.index("--")]
    command = sys.argv[sys.argv.index("--") + 1 :]
    profile = PROFILES[profile_name]
    account = pwd.getpwnam(user)
    filter_of(profile).load()
    names = profile.capabilities.split()
    capabilities.drop_to(frozenset(capabilities.NUMBERS[f"CAP_{name}"] for name in names))
    if account.pw_uid:
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)  # the kernel takes the capabilities with it
    if rest == ["--no-new-privs"]:
        set_no_new_privs()
    os.execvpe(command[0], command, os.environ)


if __name__ == "__main__":
    main()
