import errno, os, time
def attempt(what, *arguments):
    try:
        what(*arguments)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
record = os.open("record", os.O_WRONLY | os.O_CREAT)
if os.fork() == 0:
    os.setsid()
while True:
    words = attempt(os.chmod, ".", 0o755), attempt(os.open, "/etc/shadow", os.O_RDONLY)
    words += attempt(os.stat, "."), attempt(os.mkdir, "/var/nono-won")
    os.write(record, (" ".join(words) + "\n").encode())
    time.sleep(0.01)
