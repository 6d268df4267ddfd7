import ctypes, errno, os, stat, tempfile
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
shared = tempfile.TemporaryDirectory(dir="/tmp")
for directory in (".", shared.name):
    os.chdir(directory)
    for group in (names, nodes):
        os.mkdir(group.__name__); os.chdir(group.__name__)
        group()
        os.chdir("..")
shared.cleanup()
