"""One call of each kind for each offer, each about objects of its own; what became of each."""

import ctypes
import errno
import json
import os
import select
import socket
import sys

base, ports, hosts, ids = sys.argv[1], *map(json.loads, sys.argv[2:])


def read(place):
    open(f"{place}/f").close()


def write(place):
    with open(f"{place}/f", "w") as file:
        file.write("x")


def create(place):
    with open(f"{place}/new", "x") as file:
        file.write("x")


def replace(place):
    """What editors and databases do: the new file and the old one are each asked about."""
    with open(f"{place}/new", "w") as file:
        file.write("x")
    os.rename(f"{place}/f", f"{place}/old")
    os.rename(f"{place}/new", f"{place}/f")
    os.unlink(f"{place}/old")


def make(place):
    os.makedirs(f"{place}/sub/below", exist_ok=True)
    with open(f"{place}/sub/f", "w") as file:
        file.write("x")


def listen(place):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"{place}/new")


def watch(place):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.inotify_add_watch(libc.inotify_init(), f"{place}/f".encode(), 2) < 0:
        raise OSError(ctypes.get_errno(), "")


def connect(family, address):
    with socket.socket(family) as sock:
        sock.connect(address)


def connect_later(address, is_awaited=True):
    """A socket that does not block: what it says once it is decided."""
    with socket.socket() as sock:
        sock.setblocking(False)
        number = sock.connect_ex(address)
        if number == errno.EINPROGRESS and is_awaited:
            select.select((), (sock,), (), 20)
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number not in (0, errno.EINPROGRESS):
            raise OSError(number, "")


def bind(address):
    with socket.socket() as sock:
        sock.bind(address)


KINDS = {
    "read": read,
    "list": os.listdir,
    "write": write,
    "create": create,
    "mkdir": lambda place: os.mkdir(f"{place}/sub"),
    "make": make,
    "listen": listen,
    "watch": watch,
    "symlink": lambda place: os.symlink("f", f"{place}/link"),
    "rename": lambda place: os.rename(f"{place}/f", f"{place}/g"),
    "exchange": lambda place: os.replace(f"{place}/f", f"{place}/other"),
    "replace": replace,
    "unlink": lambda place: os.unlink(f"{place}/f"),
    "rmdir": lambda place: os.rmdir(f"{place}/empty"),
    "truncate": lambda place: os.truncate(f"{place}/f", 0),
    "chmod": lambda place: os.chmod(f"{place}/f", 0o600),
    "unix": lambda place: connect(socket.AF_UNIX, f"{place}/s"),
}
ids = ids or {kind: "ordaAt" for kind in (*KINDS, "port", "address", "bind", *hosts)}
for kind, letters in ids.items():
    for number, letter in enumerate("ordaAt"):
        if letter not in letters:
            continue
        with open("case", "w") as file:
            file.write(f"{kind} {letter}")
        place = f"{base}/{kind}/{letter.lower() * (1 + letter.isupper())}"
        try:
            if kind in KINDS:
                KINDS[kind](place)
            elif kind == "port":
                connect(socket.AF_INET, ("127.0.0.1", ports[number]))
            elif kind == "address":
                connect_later(("192.0.2.7", 1000 + number), False)
            elif kind == "bind":
                bind(("192.0.2.7", 1000 + number))
            elif kind.endswith("later"):
                connect_later(tuple(hosts[kind][number]))
            else:
                connect(socket.AF_INET, tuple(hosts[kind][number]))
            said = "ok"
        except OSError as error:
            said = errno.errorcode.get(error.errno, str(error))
        print(json.dumps([kind, letter, said]), flush=True)
