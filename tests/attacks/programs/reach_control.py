"""Try to reach a control socket, or to put something in its place, by every path there is."""

import os
import socket
import stat
import sys
from collections.abc import Callable

path, work = sys.argv[1:3]
directory, name = os.path.split(path)
HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"answers":true}}\n'


def talk(sock: socket.socket, address: str) -> str:
    sock.settimeout(5)
    sock.connect(address)
    sock.sendall(HELLO)
    return f"WON {sock.recv(100)!r}" if sock.recv(1) else "nothing is said"


def by(address: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        return talk(sock, address)


def seqpacket() -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        return talk(sock, path)


def linked() -> str:
    os.symlink(path, f"{work}/link")
    return by(f"{work}/link")


def linked_directory() -> str:
    os.symlink(directory, f"{work}/place")
    return by(f"{work}/place/{name}")


def other_name() -> str:
    os.link(path, f"{work}/hard")
    return by(f"{work}/hard")


def from_inside() -> str:
    os.chdir(directory)
    try:
        return by(name)
    finally:
        os.chdir(work)


def by_descriptor() -> str:
    fd = os.open(directory, os.O_PATH)
    return by(f"/proc/self/fd/{fd}/{name}")


def by_own_descriptor() -> str:
    fd = os.open(path, os.O_PATH)
    return by(f"/proc/self/fd/{fd}")


def by_supervisor() -> str:
    """Through those who made it: the processes above."""
    outcome: list[str] = []
    for pid in (1, os.getpid(), os.getppid(), *range(os.getpid() - 5, os.getpid())):
        try:
            outcome.append(by(f"/proc/{pid}/root{path}"))
        except OSError as error:
            outcome.append(str(error.errno))
    return next((each for each in outcome if each.startswith("WON")), "refused")


def won(what: object) -> str:
    return f"WON {what!r}"


def replaced() -> str:
    os.unlink(path)
    return won("removed")


def moved() -> str:
    os.rename(path, f"{work}/moved")
    return by(f"{work}/moved")


def moved_directory() -> str:
    os.rename(directory, f"{work}/moved-place")
    return won("moved")


def moved_above() -> str:
    os.rename(os.path.dirname(directory), f"{work}/moved-above")
    return won("moved")


def planted() -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"{directory}/zzzzzzzz.sock")
    return won("bound")


def made() -> str:
    os.close(os.open(f"{directory}/x.sock", os.O_CREAT | os.O_WRONLY, 0o600))
    return won("made")


def opened_wider() -> str:
    os.chmod(path, 0o666)
    os.chmod(directory, 0o777)
    return won(stat.filemode(os.stat(directory).st_mode))


def listed() -> str:
    return won(os.listdir(directory))


ATTEMPTS: dict[str, Callable[[], str]] = {
    "its path": lambda: by(path),
    "dots": lambda: by(f"{directory}/../{os.path.basename(directory)}/./{name}"),
    "root of proc": lambda: by(f"/proc/self/root{path}"),
    "cwd of proc": lambda: by(f"/proc/self/cwd/{os.path.relpath(path, os.getcwd())}"),
    "seqpacket": seqpacket,
    **{
        each.__name__: each
        for each in (
            *(linked, linked_directory, other_name, from_inside, by_descriptor),
            *(by_own_descriptor, by_supervisor, replaced, moved, moved_directory, moved_above),
            *(planted, made, opened_wider, listed),
        )
    },
}
for label, attempt in ATTEMPTS.items():
    try:
        print(label, attempt(), sep="\t")
    except OSError as error:
        print(label, error.errno, sep="\t")
