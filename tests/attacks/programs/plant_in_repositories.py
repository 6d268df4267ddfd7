"""Make git run something of ours in a repository that its owner uses from outside."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable

MARK = sys.argv[1]
CODE = f"#!/bin/sh\ntouch '{MARK}'\n"
CONFIG = f"[core]\n\tfsmonitor = touch '{MARK}'; false\n"
IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def attempt(name: str, deed: Callable[..., object], *arguments: object, **named: object) -> None:
    try:
        deed(*arguments, **named)
    except (OSError, subprocess.CalledProcessError):
        return
    print("WON", name)


def git(*arguments: str, at: str = ".") -> None:
    command = ["git", "-C", at, *IDENTITY, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def write(path: str, text: str = CODE) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


def replace(path: str, text: str) -> None:
    write("moved", text)
    os.rename("moved", path)


def remove_and_write(path: str, text: str) -> None:
    os.unlink(path)
    write(path, text)


def repository(path: str, config: str = CONFIG) -> str:
    """One of ours, with a commit; its name."""
    os.makedirs(path)
    git("init", "-q", at=path)
    write(f"{path}/f", "x")
    git("add", ".", at=path)
    git("commit", "-qm", "a", at=path)
    with open(f"{path}/.git/config", "a") as file:
        file.write(config)
    command = ["git", "-C", path, "-c", "core.fsmonitor=", "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def gitlink(path: str, *options: str, hook: bool = False) -> None:
    """A repository of ours that the outer index says is a submodule."""
    commit = repository(path, "" if hook else CONFIG)
    if hook:
        write(f"{path}/.git/hooks/post-index-change")
        os.utime(f"{path}/f", (1, 1))  # so that the next git status writes the index
    git("update-index", *options, "--add", "--cacheinfo", f"160000,{commit},{path}")


def odd_mode() -> None:
    """A mode that git never writes and takes for the same."""
    with open(".git/index", "rb") as file:
        text = bytearray(file.read())
    at = text.find(b"\0\0\xe0\0")
    text[at : at + 4] = b"\xff\xff\xe1\xff"
    text[-20:] = hashlib.sha1(text[:-20]).digest()
    replace_bytes(".git/index", bytes(text))


def replace_bytes(path: str, text: bytes) -> None:
    with open("src/moved", "wb") as file:
        file.write(text)
    os.rename("src/moved", path)
