"""Runs statements, each once, and prints as JSON what became of each: argv[1] is a JSON list."""

import ctypes
import json
import os
import socket
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
H = os.environ["HOME"]
P, L = (int(os.environ[name]) for name in ("PORT", "LISTEN"))


def libc(name, *arguments):
    if getattr(LIBC, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def bind(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)


def unix(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.connect(path)


def connect(host, port):
    socket.create_connection((host, port), timeout=10).close()


def listen(address, port):
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen()


def watch(path):
    descriptor = LIBC.inotify_init()
    libc("inotify_add_watch", descriptor, os.fsencode(path), 2)


def execute(path):
    subprocess.run([path], check=True)


done = {}
for statement in json.loads(sys.argv[1]):
    try:
        exec(statement)
        done[statement] = ""
    except OSError as error:
        done[statement] = f"{type(error).__name__}: {error}"
print(json.dumps(done))
