"""Makes what is hard to remove in the shared places: deep, closed, moved to and fro, unnamed.

`leave_in_shared_places.py TAG GRANTED WRITTEN`: every name begins with TAG; GRANTED and WRITTEN are directories in
/tmp that may be used, and only be written. Prints what did not work, which is nothing for an honest kernel.
"""

import contextlib
import ctypes
import os
import shutil
import sys

TAG, GRANTED, WRITTEN = sys.argv[1:]
PLACES = ("/tmp", "/var/tmp", "/dev/shm")
NAME = "d" * 200
libc = ctypes.CDLL(None, use_errno=True)


def descend(top: str, depth: int) -> int:
    """A directory with `depth` others in it, one in the other, and a file at the bottom."""
    os.mkdir(top)
    here = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(NAME, dir_fd=here)
        below = os.open(NAME, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here), "w") as file:
        file.write("left")
    return here


def deeper_than_a_path(place: str) -> None:
    """Two towers, one set on the bottom of the other."""
    top, other = f"{place}/{TAG}-deep", f"{place}/{TAG}-other"
    bottom = descend(top, 15)
    os.close(descend(other, 15))
    os.rename(other, "tower", dst_dir_fd=bottom)
    os.fchmod(bottom, 0)
    os.close(bottom)
    os.chmod(top, 0)


def filled_where_it_is_granted(place: str) -> None:
    """Out, filled by calls that nono does not perform, and back."""
    own, away = f"{place}/{TAG}-trip", f"{GRANTED}/{os.path.basename(place)}-trip"
    os.mkdir(own)
    try:
        os.rename(own, away)
    except OSError:
        shutil.copytree(own, away)  # as mv(1) does then
    os.makedirs(f"{away}/native/deep")
    with open(f"{away}/native/deep/file", "w") as file:
        file.write("left")
    shutil.rmtree(own, ignore_errors=True)
    shutil.move(away, own)
    with open(f"{own}/native/deep/file") as file:
        assert file.read() == "left"


def unnamed(place: str) -> None:
    """A file without a name, in a directory that is left."""
    directory = f"{place}/{TAG}-unnamed"
    os.mkdir(directory)
    fd = os.open(directory, os.O_TMPFILE | os.O_RDWR)
    os.write(fd, b"left")
    own = os.open("/proc/self/fd", os.O_PATH)
    os.link(str(fd), f"{directory}/named", src_dir_fd=own, follow_symlinks=True)


def many_names(place: str) -> None:
    """Names come and go, by links and moves."""
    path = f"{place}/{TAG}-names"
    for number in range(20):
        with open(f"{path}{number}", "w") as file:
            file.write("left")
        os.link(f"{path}{number}", f"{path}{number}-link")
        os.unlink(f"{path}{number}")
        os.rename(f"{path}{number}-link", f"{path}-last")
    os.symlink(f"{path}-last", f"{path}-symlink")
    os.mkfifo(f"{path}-fifo")


def moved_out_of_what_is_only_written(place: str) -> None:
    """What may not be read there is not the program's own in the shared place."""
    with open(f"{WRITTEN}/file", "w") as file:
        file.write("left")
    with contextlib.suppress(OSError):
        os.rename(f"{WRITTEN}/file", f"{place}/{TAG}-written")


TRICKS = (
    deeper_than_a_path,
    filled_where_it_is_granted,
    unnamed,
    many_names,
    moved_out_of_what_is_only_written,
)
for trick in TRICKS:
    for place in PLACES:
        try:
            trick(place)
        except (OSError, AssertionError) as error:
            print(trick.__name__, place, repr(error))
