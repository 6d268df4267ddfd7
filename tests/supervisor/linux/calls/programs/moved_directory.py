"""In a directory: opens, and a link in its place, made by the program or by somebody outside."""

import os
import sys

OPENS = 36


def opened(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        return type(error).__name__


with open("carved/file", "w", encoding="utf-8") as made:  # the floor does not know it
    made.write("led")
assert {opened("below/inside/file") for _ in range(OPENS)} == {"there"}
os.rename("below/inside", "below/away")
os.symlink("../carved", "below/inside")
print("by the program:", *{opened("below/inside/file") for _ in range(OPENS)}, flush=True)
assert {opened("below/outside/file") for _ in range(OPENS)} == {"there"}
print("ready", flush=True)
sys.stdin.readline()
print("by somebody:", [opened("below/outside/file") for _ in range(OPENS)][-1], flush=True)
