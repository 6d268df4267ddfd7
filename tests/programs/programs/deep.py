import errno, os, shutil, subprocess, sys, tempfile
def outcome(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
first = os.getcwd()
for top in (first, tempfile.mkdtemp(dir="/tmp"), tempfile.mkdtemp()):
    os.chdir(top)
    for _ in range(20):
        os.mkdir("n" * 250); os.chdir("n" * 250)
    open("file", "w").close(); os.mkdir("d"); os.symlink("file", "link")
    print(*(outcome(*call) for call in (
        (open, "link", "r+"), (os.chmod, "file", 0o600), (os.utime, "link"), (os.link, "file", "other"),
        (os.rename, "other", "d/moved"), (os.truncate, "file", 3), (os.mkfifo, "fifo"), (os.unlink, "link"),
        (os.rmdir, "d"), (os.rename, "absent", "x"), (open, "absent"), (os.listdir, "."))))
    if len(sys.argv) > 1: print(outcome(open, "x.late", "w"), outcome(open, "d/x.late", "w"))
    os.chdir(top)
    print(subprocess.run(["rm", "-rf", "n" * 250]).returncode, os.listdir())
    if top != first: os.rmdir(top)
