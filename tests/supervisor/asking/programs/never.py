import os
import sys


def tried(call, *arguments):  # type: ignore[no-untyped-def]
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return 0


home = os.path.expanduser("~")
os.makedirs("package", exist_ok=True)
print(
    tried(open, f"{sys.argv[1]}/missing"),
    tried(open, f"{home}/.ssh/id_rsa"),
    tried(open, "/proc/1/environ"),
    tried(os.mkdir, f"{sys.argv[1]}/one/__pycache__"),
    tried(open, "/etc/shadow") if os.getuid() else 13,
    tried(os.execv, f"{sys.argv[1]}/one/program", ["program"]),
)
