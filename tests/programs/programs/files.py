import ctypes, fcntl, mmap, os, shutil, stat, sys, tempfile
os.umask(0o037)
with open("data", "w+b") as file:
    file.truncate(8192)
    with mmap.mmap(file.fileno(), 0) as memory: memory[:4] = b"text"
    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX)
    os.fchmod(file.fileno(), 0o600)
log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o777)
os.write(log, b"a"); os.pwrite(log, b"b", 0)
print(oct(fcntl.fcntl(log, fcntl.F_GETFL)), fcntl.fcntl(log, fcntl.F_GETFD), os.get_inheritable(log))
directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
os.mkdir("sub", dir_fd=directory)
inner = os.open("sub/inner", os.O_RDWR | os.O_CREAT | os.O_EXCL, dir_fd=directory)
os.rename("sub", "renamed", src_dir_fd=directory, dst_dir_fd=directory)
print(open("renamed/inner").read() == "", sorted(os.listdir(directory)), oct(os.fstat(inner).st_mode))
for flags in (os.O_CREAT | os.O_EXCL, os.O_DIRECTORY, os.O_WRONLY | os.O_DIRECTORY):
    try: os.open("data", flags)
    except OSError as error: print(error)
for path in ("missing", "data/", "data/x", "renamed", "x" * 300):
    try: open(path, "r+")
    except OSError as error: print(error)
with tempfile.NamedTemporaryFile(dir=".", delete=False) as file: os.rename(file.name, "kept")
anonymous = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o666)
os.link(f"/proc/self/fd/{anonymous}", "linked", src_dir_fd=directory, follow_symlinks=True)
os.setxattr("data", "user.note", b"value"); print(os.getxattr("data", "user.note"), os.listxattr("data"))
os.utime("data", ns=(1_000_000_001, 2_000_000_002)); print(os.stat("data").st_mtime_ns)
os.makedirs("deep/er/est"); shutil.copytree("deep", "copy"); shutil.rmtree("deep")
os.truncate("data", 5); print(os.stat("data").st_size); os.replace("kept", "data2")
print([stat.filemode(os.lstat(name).st_mode) for name in sorted(os.listdir()) if name != "private"])
