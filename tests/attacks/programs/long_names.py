"""Go down to a directory whose path has 4,090 bytes; `make` it, or read what was made in it."""

import os
import sys

LENGTH = 4090
NAMES = {"hl23456789": "tok", "x23456.pem": "pub", "lnk234.pem": "real"}


def down() -> int:
    """The number of directories."""
    depth = 0
    while (rest := LENGTH - len(os.getcwd())) > 0:
        name = "d" * (rest - 1 if rest <= 250 else 200)
        if "make" in sys.argv:
            os.mkdir(name)
        os.chdir(name)
        depth += 1
    return depth


above = os.open(".", os.O_PATH)
depth = down()
for name, led in NAMES.items():
    if "make" not in sys.argv:
        try:
            with open(name) as file:
                print(name, file.read())
        except OSError as error:
            print(name, error.strerror)
    elif name.startswith("lnk"):
        os.symlink("../" * depth + led, name)
    else:
        os.link(led, name, src_dir_fd=above)
