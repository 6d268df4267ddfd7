import logging.handlers
from functools import partial

before = set(threading.enumerate())
with nono.Sandbox(POLICY) as box:
    # Results.
    done = box.run(["sh", "-c", "cat; echo err >&2; exit 3"], input="in\n", text=True, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr, done.denials) == (3, "in\n", "err\n", ())
    assert 0 < done.duration < 30 and not done.truncated and done.args == done.argv
    assert done.to_dict()["schema"] == "nono-run" and done.to_dict()["returncode"] == 3
    assert box.run(["sh", "-c", "kill -9 $$"]).returncode == -9
    both = box.run(["sh", "-c", "echo a; echo b >&2"], stdout=PIPE, stderr=STDOUT)
    assert (both.stdout, both.stderr) == (b"a\nb\n", None)
    assert box.run(["cat"]).returncode == 0  # nothing to read
    with open("work/out", "wb") as file:
        box.run(["echo", "to a file"], stdout=file)
    assert box.read("out") == b"to a file\n"
    assert box.run(["sh", "-c", "echo $X; pwd"], env={"X": "1", "PATH": os.environ["PATH"]},
                   cwd="/", capture_output=True).stdout == b"1\n/\n"

    # Refusals are those of the program, whatever else was refused in the sandbox.
    box.run(["cat", "/etc/shadow"], stderr=DEVNULL)
    one = box.run(["sh", "-c", "cat /srv; cat /srv"], stderr=DEVNULL)
    (denial,) = one.denials
    assert (denial.summary, denial.count, denial.reason) == ("read /srv", 2, "no rule allows it")
    assert denial.fix == '.list("/srv")' and denial.flags == ("--list", "/srv")
    assert (denial.to_dict()["fix"], denial.to_dict()["fix_in_python"]) == (list(denial.flags), denial.fix)
    assert pickle.loads(pickle.dumps(one)) == one
    error = raises(nono.CalledProcessError, box.run, ["cat", "/srv"], check=True, stderr=DEVNULL)
    with nono.Sandbox(eval(f"POLICY{error.hint}")) as wider:  # a directory: it opens, and is not read
        assert wider.run(["cat", "/srv"], stderr=DEVNULL).denials == ()
    assert [each.summary for each in box.denials] == ["read /etc/shadow", "read /srv"]
    with nono.Sandbox(POLICY.deny("/etc/hostname")) as closed:
        (denial,) = closed.run(["cat", "/etc/hostname"], stderr=DEVNULL).denials
    assert denial.reason.startswith('denied by .deny("/etc/hostname")')
    assert denial.reason_in_flags.startswith("denied by flag --deny /etc/hostname")

    # Functions get the output here, in this thread, and what they raise ends the program.
    got = []
    box.run(["sh", "-c", "printf '\\303'; sleep 0.05; printf '\\244\n'; echo e >&2"], text=True,
            stdout=lambda piece: got.append((piece, threading.get_ident())), stderr=DEVNULL)
    assert "".join(piece for piece, _ in got) == "ä\n" and {who for _, who in got} == {threading.get_ident()}
    raises(ZeroDivisionError, box.run, ["yes"], stdout=lambda piece: 1 / 0)

    # Errors.
    error = raises(nono.CommandError, box.run, ["no-such-command"])
    assert error.exit_code == 127
    error = raises(nono.CalledProcessError, box.run, ["sh", "-c", "echo x; exit 2"], check=True, capture_output=True)
    assert isinstance(error, subprocess.CalledProcessError) and (error.returncode, error.output) == (2, b"x\n")
    raises(TypeError, box.run, "ls -l")
    for name, function in (("run", box.run), ("start", box.start), ("run", nono.run), ("complete", box.start(["true"]).complete)):
        error = raises(TypeError, partial(function, ["ls"]) if name != "complete" else function, colour=True)
        assert str(error) == f"{name}() got an unexpected keyword argument 'colour'"
    for wrong in ({"timeout": "5s"}, {"grace": "1"}, {"max_output": "1M"}, {"env": {"A": 1}}, {"env": {1: "a"}}, {"env": ["A=b"]}):
        assert str(raises(TypeError, box.run, ["ls"], **wrong)).startswith(next(iter(wrong)))
    raises(ValueError, box.run, ["ls"], env={"A=B": "c"})
    raises(TypeError, box.start(["true"]).wait, "5s")
    error = raises(nono.UsageError, box.run, ["ls"], cwd="nowhere")
    assert isinstance(error, FileNotFoundError) and error.filename.endswith("/work/nowhere") and error.errno == 2
    assert pickle.loads(pickle.dumps(error)).hint == error.hint
    assert "no directory" in str(raises(nono.UsageError, box.run, ["ls"], cwd="/etc/passwd"))
    # What was given and does not arrive is told.
    logging.getLogger("nono").addHandler(handler := logging.handlers.BufferingHandler(9))
    os.environ["OLD_TOKEN"] = "t"
    for _ in range(2):
        done = box.run(["env"], env={**os.environ, "MY_API_KEY": "k", b"B": b"1"}, capture_output=True)
        assert done.dropped == ("MY_API_KEY",) and b"MY_API" not in done.stdout and b"\nB=1\n" in b"\n" + done.stdout
    assert ["MY_API_KEY" in each.getMessage() and "TOKEN" not in each.getMessage() for each in handler.buffer] == [True]
    handler.buffer.clear()
    raises(ValueError, box.run, ["ls"], input=b"", stdin=PIPE)
    raises(ValueError, box.run, ["ls"], capture_output=True, stdout=PIPE)
    raises(nono.UsageError, box.run, [])
    raises(nono.UsageError, box.run, ["ls", "a\0b"])

    # Time.
    def late(seconds, *command, **named):
        """It ran out of time; of more, where that was too little to say anything."""
        error = raises(nono.TimeoutExpired, box.run, command, timeout=seconds, capture_output=True, **named)
        assert error.timeout == seconds
        return error if error.output or seconds > 10 else late(6 * seconds, *command, **named)
    error = late(0.2, "sh", "-c", "echo part; sleep 60", text=True)
    assert isinstance(error, subprocess.TimeoutExpired) and error.output == "part\n"
    assert error.completed.returncode == -9
    gentle = ["sh", "-c", "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done"]
    error = late(0.3, *gentle, grace=20)
    assert (error.completed.returncode, error.output) == (7, b"up\nbye\n"), error.completed

    # What lingers goes on, and ends with the sandbox or by kill().
    started = box.run(["sh", "-c", "sleep 1000 & echo $!"], capture_output=True, text=True)
    server = int(started.stdout)
    assert not is_gone(server)
    lingering = box.start(["sh", "-c", "setsid sh -c 'sleep 1000 & echo $!; wait' & wait $!"], stdout=PIPE, text=True)
    deep = int(lingering.stdout.readline())
    lingering.terminate()
    assert lingering.wait(60) == -15 and not is_gone(deep)
    lingering.kill()
    until(lambda: is_gone(deep))

    # Streams, signals, terminals.
    process = box.start(["sh", "-c", "read x; echo got $x; read y; echo end"], stdin=PIPE, stdout=PIPE, text=True)
    process.stdin.write("1\n")
    assert process.stdout.readline() == "got 1\n" and process.poll() is None
    raises(subprocess.TimeoutExpired, process.wait, 0.05)
    process.stdin.close()
    assert list(process.stdout) == ["end\n"] and process.wait() == 0 == process.returncode
    process.send_signal(signal.SIGTERM)
    process.kill()
    raises(BrokenPipeError, process.stdin.write, "x")
    raises(nono.UsageError, process.resize, 1, 1)
    assert box.start(["sh", "-c", "echo a; echo b >&2"], stdout=PIPE, stderr=PIPE).communicate() == (b"a\n", b"b\n")
    with box.start(["sleep", "1000"]) as sleeper:
        pass
    assert sleeper.returncode == -9
    never = box.start(["no-such-command"])
    raises(nono.CommandError, never.wait)
    assert never.returncode is None
    shell = box.start(["sh", "-c", "stty -echo; stty size; test -t 0 && test -t 1 && tty; read x; stty size; cat"], pty=(30, 100), text=True)
    assert shell.stdout.readline() == "30 100\r\n" and shell.stdout.readline().startswith("/dev/pts/")
    shell.resize(10, 20)
    shell.stdin.write("x\n")
    assert shell.stdout.readline() == "10 20\r\n"
    shell.stdin.write("y\n")  # a shell takes no heed of an interrupt while the program before ends
    assert shell.stdout.readline() == "y\r\n"
    shell.stdin.write("\x03")
    assert shell.wait(60) == -2
    # The end of what is typed, also of a line that was begun.
    for typed in ("", "a\n", "a"):
        reader = box.start(["sh", "-c", "stty -echo; echo up; cat; echo end"], pty=True, text=True)
        assert reader.stdout.readline() == "up\r\n"
        reader.stdin.write(typed)
        reader.stdin.close()
        reader.stdin.close()
        assert reader.wait(60) == 0
    last = box.start(["sleep", "1000"])

assert is_gone(server) and last.returncode == -9
raises(nono.UsageError, box.run, ["true"])
raises(nono.UsageError, box.read, "out")
raises(nono.UsageError, box.open)
box.close()
raises(nono.UsageError, nono.Sandbox().run, ["true"])
assert nono.run(["sh", "-c", "sleep 1000 & echo $!"], POLICY, capture_output=True, text=True).returncode == 0
assert nono.run([sys.executable, "-c", "pass"]).returncode == 0
until(lambda: {each for each in threading.enumerate() if "nono" in each.name} <= before)

# Who is asked.
open("asked", "w").close()
done = nono.run(["cat", HERE + "/asked"], POLICY, ask=lambda question: 1 / 0, stderr=DEVNULL)
assert done.returncode == 1 and "ZeroDivisionError" in done.faults[0], done
assert ["has failed" in each.getMessage() for each in handler.buffer] == [True]
# What a person should know of a policy is told once: here of a link that another run may have left.
handler.buffer.clear()
os.makedirs("mine"), os.makedirs("elsewhere"), os.symlink("../elsewhere", "mine/link")
for _ in range(2):
    nono.run(["true"], nono.Policy().workdir("mine/link", allow=True))
assert [each.getMessage() for each in handler.buffer] == [
    f"nono: {HERE}/mine/link is a link: the working directory that is opened is {HERE}/elsewhere"], handler.buffer
async def asks(question): pass
assert "async" in str(raises(TypeError, nono.run, ["true"], ask=asks))
assert "a function" in str(raises(TypeError, nono.Sandbox, ask="yes"))

# Two sandboxes, and threads.
with nono.Sandbox(POLICY) as one, nono.Sandbox() as other:
    found = []
    def work(box, n):
        done = box.run(["sh", "-c", f"cat > x{n} && cat x{n}"], input=b"%d" % n, capture_output=True)
        found.append((box is one, done.returncode == 0, done.stdout))
    threads = [threading.Thread(target=work, args=(box, n)) for n in range(4) for box in (one, other)]
    for thread in threads: thread.start()
    for thread in threads: thread.join(60)
    assert sorted(found) == [*((False, False, b"") for _ in range(4)), *((True, True, b"%d" % n) for n in range(4))], found
    child = os.fork()
    if not child:
        code = 0 if "another process" in str(raises(nono.UsageError, one.run, ["true"])) else 1
        one.close()
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert one.run(["true"]).returncode == 0
print("done")
