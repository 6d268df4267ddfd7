import asyncio, os, pickle, resource, signal, subprocess, sys, threading, time
import trio
import nono
from nono import DEVNULL, PIPE, STDOUT

POLICY = nono.Policy().workdir("work", allow=True)
HERE = os.getcwd()


def raises(kind, function, *args, **named):
    try:
        function(*args, **named)
    except kind as error:
        return error
    raise AssertionError(f"no {kind}")


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.005)


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True

