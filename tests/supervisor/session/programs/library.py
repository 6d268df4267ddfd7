import os, signal, subprocess, sys, threading, time
import trio
from nono.supervisor.linux.processes import state_of
from nono.supervisor import (
    BrokenError, CommandError, Options, StartError, UsageError, make_plan, open_sandbox, run
)

PYTHON = "/usr/bin/python3"
policy = make_plan(Options(allow_cwd=True, deny=["denied"]), [PYTHON]).policy

def parents():
    "The parent of every process that has not been reaped."
    found = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                found[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
        except OSError:
            pass
    return found

def below(pid):
    "Every process below this one, zombies too."
    every = parents()
    found = [child for child, parent in every.items() if parent == pid]
    return found + [deeper for child in found for deeper in below(child)]

def server():
    "The fork server: the one child that this program has when nothing is run."
    (pid,) = [child for child, parent in parents().items() if parent == os.getpid()]
    return pid

def await_that(condition):
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)
