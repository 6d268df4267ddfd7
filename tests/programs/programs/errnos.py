import ctypes, errno, os, resource, signal, stat, struct, tempfile
libc = ctypes.CDLL(None, use_errno=True)
def outcome(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
def mknod(path, mode, device):
    if libc.mknod(os.fsencode(path), mode, device):
        raise OSError(ctypes.get_errno(), path)
MAKE = os.O_CREAT | os.O_WRONLY
PATHS = ("x/.", "empty/.", "empty/./", ".", "./", "x/..", "..", "/", "//", "link", "link/", "link/.",
         "f", "f/", "f/.", "absent/.", "absent/..", "x/")
def names():
    os.makedirs("x/y"); os.mkdir("empty"); os.symlink("x", "link")
    for path in PATHS:
        open("f", "w").close()
        print(path, *(outcome(*call) for call in (
            (os.rmdir, path), (os.mkdir, path), (os.symlink, "t", path), (os.link, "f", path),
            (os.rename, "f", path), (os.open, path, MAKE | os.O_EXCL),
            (mknod, path, stat.S_IFREG | 0o600, 0))))
        print(outcome(os.open, path, MAKE) if path != "f" else "", outcome(os.unlink, path))
def nodes():
    open("f", "w").close()
    for kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFDIR, stat.S_IFLNK, 0o30000, 0, stat.S_IFIFO):
        made = [outcome(mknod, p, kind | 0o600, 0) for p in ("f", "absent/x", "f/x", "", "n" * 256)]
        print(oct(kind), *made, outcome(mknod, "new", kind | 0o600, 0) if kind != stat.S_IFBLK else "")
        if os.path.lexists("new"):
            print(oct(os.lstat("new").st_mode), os.lstat("new").st_rdev, outcome(os.open, "new", os.O_NONBLOCK))
            os.unlink("new")
def openat2(at, path, flags, resolve):
    how = struct.pack("=QQQ", flags, 0o600 if flags & os.O_CREAT else 0, resolve)
    for _ in range(100):
        fd = libc.syscall(437, at, os.fsencode(path), how, 24)
        if fd >= 0 or ctypes.get_errno() != errno.EAGAIN or resolve == CACHED:
            break  # something elsewhere was renamed while .. was resolved: openat2(2)
    if fd < 0:
        raise OSError(ctypes.get_errno(), path)
    os.close(fd)
NO_XDEV, CACHED, NO_MAGICLINKS, SYMLINKS, BENEATH, IN_ROOT = 1, 32, 2, 4, 8, 16
WAYS = ("/proc/version", "/proc/self/cwd/f", "/dev/null", "/dev/stdin", "/dev/fd/0", "f", "x/../f", "..",
        "/proc/self/root/etc/passwd", "link/y", "/etc/passwd",
        "/proc/self/status", "mag/status", "mag/cwd/f", "mag/root/../etc/passwd")
def ways():
    open("f", "w").close(); os.makedirs("x/y"); os.symlink("x", "link"); os.symlink("/proc/self", "mag")
    os.symlink("x/late", "dangling")
    here, proc, fds = (os.open(path, os.O_RDONLY) for path in ("x", "/proc", "/proc/self/fd"))
    for resolve in (NO_XDEV, NO_MAGICLINKS, SYMLINKS, BENEATH, IN_ROOT, CACHED):
        ends = [(-100, path) for path in WAYS]
        ends += [(here, "y"), (here, "../f"), (here, "/etc/passwd"), (fds, "0"), (proc, "self/cwd/f")]
        ends += [(proc, "version"), (proc, "self/status")]
        # What is in the kernel's cache is not the program's to say.
        for at, path in ends if resolve != CACHED else ():
            print(resolve, path, *(outcome(openat2, at, path, flags, resolve)
                                   for flags in (os.O_RDONLY, os.O_RDONLY | os.O_NOFOLLOW)))
        print(*(outcome(openat2, -100, path, MAKE | flags, resolve) for flags in (0, os.O_EXCL)
                for path in ("new", "link/new", "mag/cwd/new2", "/proc/self/fd/9/new")))
        for path in ("new", "x/new", "new2"):
            if os.path.lexists(path): print(path); os.unlink(path)
    print(outcome(openat2, -100, "dangling", MAKE, NO_XDEV), outcome(openat2, -100, "f", 1 | os.O_TRUNC, CACHED))
    for fd in (here, proc, fds): os.close(fd)
def kinds():
    pair = ctypes.create_string_buffer(8)
    for domain in (-1, 0, 1, 2, 10, 16, 46):
        for kind in (0, 1, 2, 3, 4, 5, 6, 0x41, 0x1001, 1 | os.O_CLOEXEC | os.O_NONBLOCK):
            for protocol in (0, 1, 6, 17):
                said = []
                for call in (libc.socket, lambda *kind: libc.socketpair(*kind, pair)):
                    ctypes.set_errno(0); call(domain, kind, protocol)
                    said.append(errno.errorcode.get(ctypes.get_errno()))
                # Nobody inside has raw sockets, and nobody datagrams by a path.
                if kind not in (2, 3): print(domain, kind, protocol, *said)
    os.closerange(3, 4096)
def limits():
    child = os.fork()
    if child == 0:
        signal.pause()
    for who in (0, os.getpid(), child):
        print(outcome(resource.prlimit, who, 7), outcome(resource.prlimit, who, resource.RLIMIT_CORE, (0, 0)))
        print(outcome(os.setpriority, os.PRIO_PROCESS, who, 19))
    print(resource.prlimit(child, resource.RLIMIT_CORE))
    os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
    for who in (-1, 2**22 + 1):
        print(outcome(resource.prlimit, who, 7), outcome(os.sched_setaffinity, who, {0}))
        print(*(outcome(os.setpriority, kind, who, 5) for kind in (os.PRIO_PROCESS, os.PRIO_PGRP, -1, 3)))
    print(libc.personality(0), libc.personality(-1))
shared = [tempfile.TemporaryDirectory(dir=place) for place in ("/tmp", "/dev/shm")]
for directory in (".", *(each.name for each in shared)):
    os.chdir(directory)
    for group in (names, nodes, ways, kinds, limits):
        os.mkdir(group.__name__); os.chdir(group.__name__)
        group()
        os.chdir("..")
for each in shared: each.cleanup()
