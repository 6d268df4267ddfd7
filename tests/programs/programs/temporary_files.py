import os, shutil, stat, tempfile
print(os.path.isdir(tempfile.gettempdir()), tempfile.gettempdir() == os.path.realpath(os.environ.get("TMPDIR", "/tmp")))
for directory in (None, ".", "/tmp", "/var/tmp", "/dev/shm"):
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(b"a"); file.seek(0); print(file.read(), stat.filemode(os.fstat(file.fileno()).st_mode))
    with tempfile.NamedTemporaryFile("w+", dir=directory) as file:
        file.write("b"); file.flush(); print(open(file.name).read(), stat.filemode(os.stat(file.name).st_mode))
    with tempfile.TemporaryDirectory(dir=directory) as name:
        os.makedirs(f"{name}/a/b"); shutil.copy(__file__, f"{name}/a/b"); os.chmod(f"{name}/a", 0o711)
        os.symlink("a", f"{name}/link"); os.link(f"{name}/a/b/files.py", f"{name}/hard")
        os.rename(f"{name}/a/b", f"{name}/b"); os.utime(f"{name}/b/files.py", (1, 2))
        print(sorted(os.listdir(name)), os.stat(f"{name}/hard").st_mtime, os.stat(f"{name}/hard").st_nlink)
    with tempfile.SpooledTemporaryFile(max_size=10, dir=directory) as file:
        file.write(b"0" * 20); file.seek(0); print(len(file.read()))
    fd = os.open(directory or tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR, 0o640)
    os.write(fd, b"c"); print(stat.filemode(os.fstat(fd).st_mode), os.pread(fd, 9, 0)); os.close(fd)
