"""Opens in every way that a lane may answer, and says what came of each. Starts in `work`."""

import fcntl
import itertools
import os
import resource
import sys

outside, flags_tried = sys.argv[1], [int(each) for each in sys.argv[2].split(",")]
PATHS = [
    *("file", "sub/file", "./file", "sub/../file", "sub//file", "sub/", ".", "", "/", "missing"),
    *("missing/file", "file/below", "to-file", "to-sub/file", "to-sub", "dangling", "to-outside"),
    *("to-carved", "fifo", "carved/file", "carved/late", "carved/denied/file", "carved/denied"),
    *("carved/to-file", "carved/fifo", "carved", "carved/new", "carved/sub/new", "/etc/passwd", "/etc/shadow"),
    *("/lib/os-release", "/usr/lib/os-release", "/etc/os-release", "/dev/null", "/dev/stdin"),
    *("/proc/self/cwd/file", "/proc/self/status", "/proc/self/fd", "/proc/self/../uptime"),
    *("/proc/thread-self/cwd/carved/late", "x" * 300, "x/" * 3000, "caf\u00e9", "b\udcffd"),
    *(outside, f"{outside}/readable", f"{outside}/file", f"{outside}/denied", f"{outside}/to-file"),
    *(f"{outside}/sub/file", f"{outside}/sub", "carved/late (deleted)"),
]
FLAGS = [
    *(os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_ACCMODE, os.O_PATH, os.O_RDONLY | os.O_TRUNC),
    *(os.O_RDONLY | os.O_NOFOLLOW, os.O_RDONLY | os.O_DIRECTORY, os.O_RDWR | os.O_APPEND),
    *(os.O_RDONLY | os.O_CREAT, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_WRONLY | os.O_TRUNC),
    *(os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_RDWR | os.O_TMPFILE, os.O_RDWR | os.O_SYNC),
]
LEFT = ("missing", "carved/new", "dangling-target", "carved/sub/new")


def describe(path, flags, directory=None, mode=0o640):
    try:
        fd = os.open(path, flags | os.O_NONBLOCK, mode, dir_fd=directory)
    except OSError as error:
        return f"errno {error.errno}"
    except ValueError as error:
        return str(error)
    status = os.fstat(fd)
    found = f"{fcntl.fcntl(fd, fcntl.F_GETFL):o} {fcntl.fcntl(fd, fcntl.F_GETFD)} {status.st_mode:o}"
    found += f" {os.readlink(f'/proc/self/fd/{fd}')}" if status.st_nlink else " unnamed"
    os.close(fd)
    return found.replace(str(os.getpid()), "PID")


os.mkfifo("fifo")
for name in ("late", "late (deleted)"):  # the floor knows nothing of what is made here
    open(f"carved/{name}", "w").close()
os.mkdir("carved/sub")
os.chdir("sub")
directory = os.open("..", os.O_PATH)
os.chdir("..")
for path, number in itertools.product(PATHS, flags_tried):
    flags = FLAGS[number]
    print(f"{path[:80]!a} {flags:o}", describe(path, flags), sep="\t")
    for name in LEFT:
        if os.path.exists(name):
            print(name, os.path.getsize(name))
            os.unlink(name)
for mask in (0o22, 0o777):  # what is made has the caller's umask
    os.umask(mask)
    for name in ("carved/new", "carved/sub/new"):
        for flags in (os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, os.O_WRONLY | os.O_CREAT):
            print(f"umask {mask:o} {name}", describe(name, flags, mode=0o667), sep="\t")
            if os.path.exists(name):
                os.unlink(name)
os.umask(0o22)
os.chmod("carved/sub", 0o500)
print("closed", describe("carved/sub/new", os.O_WRONLY | os.O_CREAT), sep="\t")
os.chmod("carved/sub", 0o700)
for start in (directory, 999):
    for path in ("file", "carved/late", "to-sub/file", "carved/denied/file", "missing"):
        print(f"at {start == directory} {path}", describe(path, os.O_RDWR, start), sep="\t")
os.chdir("sub")
for path in ("file", "../carved/late", "../to-file", "../../outside"):
    for flags in (os.O_RDONLY, os.O_RDWR | os.O_CLOEXEC):
        print(f"from sub {path}", describe(path, flags), sep="\t")
os.close(directory)
directory = os.open("/usr", os.O_PATH)
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (directory + 1, limits[1]))
for path in ("file", "../carved/late"):
    for flags in (os.O_RDONLY, os.O_RDWR):
        print(f"no descriptor left for {path}", describe(path, flags), sep="\t")
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print("another directory", describe("lib/os-release", os.O_RDONLY, directory), sep="\t")
gone = os.path.abspath("gone")
os.mkdir(gone)
os.chdir(gone)
os.rmdir(gone)
print("gone", describe("file", os.O_RDONLY), describe(".", os.O_RDONLY), sep="\t")
