def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

with nono.Sandbox(POLICY) as box:
    box.run(["true"])
    # 1 GiB is printed, and costs what was asked for; the program ends well.
    before = memory()
    done = box.run(["head", "-c", "1G", "/dev/zero"], capture_output=True, max_output=1000)
    assert (len(done.stdout), done.truncated, done.returncode) == (1000, True, 0)
    got = []
    done = box.run(["head", "-c", "10M", "/dev/zero"], stdout=lambda piece: got.append(len(piece)), max_output=1 << 20)
    assert sum(got) == 1 << 20 and done.truncated and done.stdout is None
    assert memory() - before < 30 << 20, memory() - before
    exact = box.run(["head", "-c", "1000", "/dev/zero"], capture_output=True, max_output=1000)
    assert len(exact.stdout) == 1000 and not exact.truncated
    none = box.run(["echo", "x"], capture_output=True, max_output=0)
    assert (none.stdout, none.truncated) == (b"", True)
    assert len(box.run(["head", "-c", "20M", "/dev/zero"], stdout=PIPE, max_output=None).stdout) == 20 << 20
    # Endless output, in time.
    for seconds in (0.3, 3, 30):
        error = raises(nono.TimeoutExpired, box.run, ["yes"], stdout=PIPE, timeout=seconds, max_output=100)
        if error.output:
            break
    assert error.completed.truncated and len(error.output) == 100
    # Closed streams, output after the end, pipes that others hold open, doubly forked and stopped.
    assert box.run(["sh", "-c", "exec >&- 2>&- <&-; exit 4"], capture_output=True).returncode == 4
    text = "(setsid sh -c 'while :; do echo later; sleep 0.01; done' &) ; echo now"
    begin = time.monotonic()
    done = box.run(["sh", "-c", text], capture_output=True)
    assert done.stdout.startswith(b"now") or b"now\n" in done.stdout
    assert done.returncode == 0 and time.monotonic() - begin < 20
    flooding = "(setsid sh -c 'echo more than ten; > flooding; exec yes' &) ; until test -e flooding; do sleep 0.01; done"
    flood = box.run(["sh", "-c", flooding], capture_output=True, max_output=10)
    assert flood.truncated and flood.returncode == 0
    raises(nono.TimeoutExpired, box.run, ["sh", "-c", "kill -STOP $$; echo no"], timeout=0.2, grace=0.2)
    stopped = box.start(["sh", "-c", "kill -STOP $$"])
    until(lambda: open(f"/proc/{stopped.pid}/stat").read().rpartition(")")[2].split()[0] == "T")
    stopped.stop(0.1)
    assert stopped.returncode == -9
    # It takes no input, or reads it after its end was written.
    assert box.run(["true"], input=b"x" * (1 << 20)).returncode == 0
    assert box.run(["wc", "-c"], input=b"x" * (1 << 22), capture_output=True).stdout.split() == [b"4194304"]
    # A line that never ends.
    process = box.start(["sh", "-c", "tr '\\0' x < /dev/zero"], stdout=PIPE)
    assert len(process.stdout.readline()) == 1 << 16 and len(process.stdout.readline(10)) == 10
    process.stdout.close()
    assert process.wait(60) != 0
    # 10,000 lines a second and more.
    process = box.start(["seq", "100000"], stdout=PIPE)
    assert sum(1 for line in process.stdout) == 100000
    # Bytes that are no text.
    assert box.run(["printf", "\\377a\\303"], capture_output=True, text=True).stdout == "\ufffda\ufffd"
    # Many at a time, none of which is lost.
    processes = [box.start(["sh", "-c", f"sleep 1000 & exit {n}"]) for n in range(10)]
    assert [each.wait(60) for each in processes] == list(range(10))
    # Nobody's init: what runs there ends, and the sandbox goes on.
    victim = box.start(["sh", "-c", "setsid sleep 1000 & sleep 1000"])
    with open(f"/proc/{victim.pid}/stat") as file:
        init = int(file.read().rpartition(")")[2].split()[1])
    os.kill(init, signal.SIGKILL)
    raises(nono.BrokenError, victim.wait)
    until(lambda: is_gone(victim.pid))
    assert box.run(["true"]).returncode == 0
    # A program cannot end the others' by their number.
    neighbour = box.start(["sleep", "1000"])
    box.run(["sh", "-c", f"kill -9 {os.getpid()} {init}"], stderr=DEVNULL)
    assert neighbour.poll() is None
print("done")
