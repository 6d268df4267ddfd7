import errno, os, resource
open("file", "w").close()
open(f"/tmp/own-{os.getpid()}", "w").close()
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
for path in ("file", f"/tmp/own-{os.getpid()}"):
    held = []
    try:
        while True:
            held.append(os.open(path, os.O_RDONLY))
    except OSError as error:
        print(errno.errorcode[error.errno], max(held) <= 7)
    for fd in held:
        os.close(fd)
os.close(os.open("file", os.O_RDONLY))
os.unlink(f"/tmp/own-{os.getpid()}")
