"""In a project where `kept` and `held/inner` may not be written: what works, and what does not."""

import errno
import os
import subprocess


def refused(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "WON"


with open("new", "w") as file:
    file.write("#!/bin/sh\necho ran what was made later\n")
os.chmod("new", 0o755)
print(subprocess.run(["./new"], capture_output=True, text=True).stdout, end="")
with open("kept/file") as file:
    print("read", file.read())
os.link("held/other", "linked")
os.link("linked", "free/linked")
os.rename("free/linked", "free/again")
print("linked and renamed", os.stat("free/again").st_nlink)
for deed in (
    (open, "kept/file", "w"),
    (open, "kept/new", "w"),
    (os.truncate, "kept/file", 0),
    (os.unlink, "kept/file"),
    (os.rename, "kept", "elsewhere"),
    (os.rename, "held", "elsewhere"),
    (os.rename, "held", os.environ["TMPDIR"] + "/held"),
    (os.link, "kept/file", "free/mine"),
    (os.mkdir, "held/inner"),
    (os.rename, "new", "held/inner"),
    (os.symlink, "free", "held/inner"),
    (os.chmod, "kept/file", 0o777),
):
    print(deed[0].__name__, *deed[1:2], refused(*deed))
