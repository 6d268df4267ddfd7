import termios
import nono

INSIDE = r"""
import errno, fcntl, os, sys, termios

def attempt(function, *arguments):
    try:
        return function(*arguments) and "done"
    except (OSError, termios.error) as error:
        return errno.errorcode[error.args[0]]

def hushed(fd):
    modes = termios.tcgetattr(fd)
    modes[3] &= ~termios.ECHO
    return termios.tcsetattr(fd, termios.TCSANOW, modes) or "done"

def all_of_it():
    for each in "/dev/tty", "/dev/console", sys.argv[1]:
        assert attempt(os.open, each, os.O_RDWR) in ("ENXIO", "EACCES", "EPERM"), each
        assert attempt(os.open, each, os.O_WRONLY) in ("ENXIO", "EACCES", "EPERM"), each
    for fd in range(3):
        assert not os.isatty(fd)
        assert attempt(hushed, fd) == "ENOTTY"
        assert attempt(os.tcsetpgrp, fd, os.getpgrp()) == "ENOTTY"
        assert attempt(fcntl.ioctl, fd, termios.TIOCSCTTY, 0) == "ENOTTY"
        assert not os.isatty(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY))
    for fd in 1, 2:
        assert attempt(os.read, fd, 1) == "EBADF"
        assert attempt(os.write, os.open(f"/proc/self/fd/{fd}", os.O_WRONLY), b".") == "done"

all_of_it()
if os.fork():
    assert os.wait()[1] == 0
    for number in range(100):
        os.write(1 + number % 2, b"line %d\n" % number)
else:
    os.setsid()
    all_of_it()
"""
terminal = os.ttyname(0)
command = ["/usr/bin/python3", "-c", INSIDE, terminal]


def unharmed():
    assert termios.tcgetattr(0)[3] & termios.ECHO
    assert os.tcgetpgrp(0) == os.getpgrp()


assert nono.run(command).returncode == 0
print("to the terminal", flush=True)
unharmed()
done = nono.run(command, capture_output=True, stdin=nono.DEVNULL)
assert done.returncode == 0, done.stderr
done = nono.run(command, stdout=1, stderr=nono.STDOUT)
assert done.returncode == 0
print("by number", flush=True)


async def older():
    async with open_sandbox(policy) as box:
        assert (await box.run(command)).returncode == 0


trio.run(older)
print("by the older name", flush=True)

with nono.Sandbox() as box:
    left = box.start(["sleep", "1000"])
    print("typed:", input("> "), flush=True)
    try:
        box.run(["sh", "-c", "echo ready; sleep 1000"])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
assert left.returncode == -signal.SIGKILL
unharmed()
print("all is well", flush=True)
