"""Become what a container runtime makes of a program, and execute the command.

`python -m tests.containers.enter PROFILE USER DIRECTORY [--no-new-privs] -- COMMAND...`: the
runtime's filter, its capabilities, and the user (a name). PROFILE is a name of `profiles.py`, or a
file in the form that Docker reads. Who is not root gets the filter with no_new_privs. In place of
namespaces and a root directory there is what the machine has: nono needs neither.
"""

import json
import os
import pwd
import sys
from pathlib import Path

import pyseccomp

from nono.shims.linux import capabilities
from nono.shims.linux.syscall_classes import machine, number
from nono.shims.linux.syscall_numbers import NUMBERS
from tests.containers.profiles import MOBY, PROFILES, Profile


def filter_of_file(path: str) -> pyseccomp.SyscallFilter:
    """The filter that a runtime makes of a file; it leaves out what the machine has not."""
    profile = json.loads(Path(path).read_text(encoding="utf-8"))
    made = pyseccomp.SyscallFilter(pyseccomp.ERRNO(profile["defaultErrnoRet"]))
    for rule in profile["syscalls"]:
        allows = rule["action"] == "SCMP_ACT_ALLOW"
        action = pyseccomp.ALLOW if allows else pyseccomp.ERRNO(rule["errnoRet"])
        arguments = [_argument(each) for each in rule.get("args", ())]
        for name in rule["names"]:
            which = _number(name)
            if which is not None:
                made.add_rule(action, which, *arguments)
    return made


def _argument(condition: dict[str, int | str]) -> pyseccomp.Arg:
    operator = getattr(pyseccomp, str(condition["op"]).removeprefix("SCMP_CMP_"))
    values = (condition["value"], condition.get("valueTwo", 0))
    return pyseccomp.Arg(condition["index"], operator, *values)


def _number(name: str) -> int | None:
    try:
        return number(machine(), name)
    except KeyError:
        return None


def filter_of(profile: Profile) -> pyseccomp.SyscallFilter:
    """The runtime's filter, as a list of what is allowed."""
    made = pyseccomp.SyscallFilter(pyseccomp.ERRNO(profile.error))
    refused = {name: error for error, names in profile.refused.items() for name in names.split()}
    for name in NUMBERS:
        which = _number(name)
        if which is None:
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
    profile_name, user, directory, *rest = sys.argv[1 : sys.argv.index("--")]
    command = sys.argv[sys.argv.index("--") + 1 :]
    profile = PROFILES.get(profile_name)
    account = pwd.getpwnam(user)
    made = filter_of(profile) if profile else filter_of_file(profile_name)
    made.set_attr(pyseccomp.Attr.CTL_NNP, int(os.geteuid() != 0 or rest == ["--no-new-privs"]))
    made.load()
    names = (profile or MOBY).capabilities.split()
    capabilities.drop_to(frozenset(capabilities.NUMBERS[f"CAP_{name}"] for name in names))
    if account.pw_uid != os.geteuid():
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)  # the kernel takes the capabilities with it
    os.chdir(directory)
    os.execvpe(command[0], command, os.environ)


if __name__ == "__main__":
    main()
