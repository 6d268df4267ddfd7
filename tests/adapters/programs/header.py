import asyncio, json, os, pathlib, subprocess, sys, time

import nono

HERE = os.getcwd()
SECRET = (pathlib.Path.home() / ".ssh/id_ed25519").read_text().strip()
LINGERING = f"1{os.getpid():07}"
"""Seconds, for a program that is found by this word."""
HOSTILE = """
cat ~/.ssh/id_ed25519
python3 -c 'import socket; socket.create_connection(("unknown.example.org", 443), 5)'
ln -s ~/.ssh/id_ed25519 planted
echo $((40 + 2))
"""


def check_hostile(said):
    """It was refused all that it tried, was told how a person may allow it, and went on."""
    assert SECRET not in said and "\n42\n" in f"\n{said}", said
    refused = [line for line in said.splitlines() if line.startswith("nono: refused: read ")]
    assert ".ssh/id_ed25519: denied by group deny_credentials" in refused[0], said
    assert "a person may allow it: .bypass_protection(" in refused[0], said
    assert "make a socket" in said, said


def is_running(word):
    """Whether any process has this word in its command line."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_bytes().decode("utf-8", "replace").split("\0"):
                return True
        except OSError:
            pass
    return False


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def raises(kind, function, *args, **named):
    try:
        function(*args, **named)
    except kind as error:
        return error
    raise AssertionError(f"no {kind}")
