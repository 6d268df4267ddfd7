"""The same where the floor is alone: nobody decides, so what it cannot hold is not there.

Arguments: a directory to write in, a file that may only be read, a denied file.
"""

import fcntl
import os

from .attempt import AT_FDCWD, arguments, attempt, call
from .holds import holds, how


def main() -> None:
    _, plain, denied = arguments()
    holds(plain)
    for path in (plain, denied):
        name = os.fsencode(path)
        for mode in (os.O_ACCMODE, os.O_ACCMODE | os.O_CLOEXEC | os.O_NOFOLLOW):
            attempt(f"{path}: openat {mode}", lambda n=name, m=mode: call("openat", AT_FDCWD, n, m))
        attempt(f"{path}: openat2", lambda n=name: call("openat2", AT_FDCWD, n, how(os.O_PATH), 24))
    fcntl.flock(os.open(plain, os.O_RDONLY), fcntl.LOCK_SH)


if __name__ == "__main__":
    main()
