import os, pty, sys

def dialogue(command, *lines):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    for expected, answer in lines:
        said = b""
        while expected not in said:
            try:
                said += os.read(terminal, 1000)
            except OSError as error:  # EIO: hung up
                raise EOFError(said) from error
        os.write(terminal, answer)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return status

ask = "printf 'name? '; read name; printf 'hello %s\\nage? ' $name; read age; exit $age"
print(dialogue(["sh", "-c", ask], (b"name? ", b"world\n"), (b"hello world\r\nage? ", b"41\n")))
wait = "trap 'exit 5' INT; tty > /dev/tty; while :; do sleep 1; done"
print(dialogue(["sh", "-c", wait], (b"/dev/pts/", b"\x03")))
shell = ["env", "PS1=> ", "HISTFILE=", "bash", "--norc", "--noprofile", "-i"]
print(dialogue(shell, (b"> ", b"echo $((6 * 7))\n"), (b"\n42", b"sleep 600 | cat & jobs\n"),
               (b"Running", b"kill %1; wait %1\n"), (b"Terminated", b"exit 6\n")))
secret = "import getpass; print(len(getpass.getpass('secret? ')), flush=True)"
print(dialogue([sys.executable, "-c", secret], (b"secret? ", b"12345\n"), (b"5", b"")))
print(dialogue(["sh", "-c", "printf ready; read x"], (b"ready", b"\x04")))
