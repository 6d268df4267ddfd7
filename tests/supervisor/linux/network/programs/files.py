import json, mmap, os, sys
os.chdir(sys.argv[1])
PATHS = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
def said(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.strerror
    return "ok"
def content(fd):
    with open(fd, "rb") as file:
        return file.read().decode()
def mapped(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        return memory[:].decode()
etc = os.open("/etc", os.O_PATH)
found = {}
for path in PATHS:
    name = os.path.basename(path)
    text = content(os.open(path, os.O_RDONLY))
    link = f"link-{name}"
    os.symlink(path, link)
    ways = [
        content(os.open(name, os.O_RDONLY, dir_fd=etc)),
        content(os.open(link, os.O_RDONLY)),
        content(os.open(f"/usr/../etc/./{name}", os.O_RDONLY)),
        content(os.open(f"/proc/self/root/etc/{name}", os.O_RDONLY)),
        content(os.open(os.path.relpath(path), os.O_RDONLY | os.O_NONBLOCK)),
        mapped(path),
    ]
    first, second = os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    os.read(first, 5)
    ways.append(os.read(second, 5).decode() + content(os.dup(second)))
    ways.append(content(os.open(f"/proc/self/fd/{first}", os.O_RDONLY)))
    flags = (
        os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDONLY | os.O_DIRECTORY,
        os.O_RDONLY | os.O_CREAT | os.O_EXCL,
    )
    found[path] = {
        "text": text,
        "ways": [each == text for each in ways],
        "size": [os.fstat(first).st_size == len(text), oct(os.fstat(first).st_mode)],
        "refused": [said(os.open, path, each) for each in flags] + [said(os.open, link, os.O_RDWR)],
        "write": said(os.write, first, b"x"),
        "stat": [os.stat(path).st_ino, os.access(path, os.R_OK)],
    }
    os.unlink(link)
    os.close(first), os.close(second)
json.dump(found, sys.stdout)
