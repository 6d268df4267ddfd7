import concurrent.futures, pathlib
import numpy
from nono import RemoteError, SandboxExecutor, TaskError, TaskTimeout

pathlib.Path(HERE, "secret").write_text("secret")

def square(n):
    return n * n

class Evil:
    """Unpickled, it would run."""
    def __reduce__(self):
        return os.system, ("touch /tmp/executed; touch %s/executed" % HERE,)

def write_everywhere(data):
    """To every descriptor: also to the channel."""
    for fd in range(1, 20):
        try: os.write(fd, data)
        except OSError: pass

def forged():
    """A frame with an answer in it, before the worker's own."""
    text = b'["value", "forged"]'
    body = len(text).to_bytes(8, "big") + text
    write_everywhere(os.urandom(16) + len(body).to_bytes(8, "big") + body)

def close_all():
    os.closerange(0, 50)
    time.sleep(100)

def begin(value):
    sys.modules["__main__"].begun = value

def pid_after(seconds):
    time.sleep(seconds)
    return os.getpid()

before = set(threading.enumerate())
with SandboxExecutor(2, POLICY) as pool:
    assert isinstance(pool, concurrent.futures.Executor)
    # As of every executor.
    assert pool.submit(square, 7).result() == 49
    assert list(pool.map(lambda x, y: x + y, range(50), range(50))) == [2 * n for n in range(50)]
    assert pool.submit(lambda **named: named, a=(1, {2}), b=None).result() == {"a": (1, {2}), "b": None}
    assert (pool.submit(numpy.cumsum, numpy.ones(1000)).result()[-1], HERE) == (1000, os.getcwd())
    async def in_asyncio():
        return await asyncio.get_running_loop().run_in_executor(pool, square, 8)
    assert asyncio.run(in_asyncio()) == 64
    # A worker is kept, and there are two.
    pids, end = set(), time.monotonic() + 60
    while len(pids) < 2 and time.monotonic() < end:
        pids |= {each.result() for each in [pool.submit(pid_after, 0.05) for _ in range(12)]}
    assert len(pids) == 2 and os.getpid() not in pids, pids
    # What fails.
    error = pool.submit(lambda: {}["x"]).exception()
    assert isinstance(error, RemoteError) and (error.kind, error.text, error.hint) == ("KeyError", "'x'", "")
    assert error.traceback.rstrip().endswith("KeyError: 'x'") and pickle.loads(pickle.dumps(error)).kind == "KeyError"
    error = pool.submit(lambda: sys.exit(5)).exception()
    assert error.kind == "SystemExit"
    error = pool.submit(lambda: open(HERE + "/secret").read()).exception()
    assert (error.kind, error.hint, len(error.denials)) == ("PermissionError", f'.read_files("{HERE}/secret")', 1)
    assert pool.submit(lambda: 1 / 0).exception().denials == ()
    assert pool.submit(lambda: Evil()).exception().kind == "TypeError"
    assert isinstance(pool.submit(lambda: threading.Lock()).exception(), RemoteError)
    assert type(pool.submit(lambda lock: lock, threading.Lock()).exception()) is TypeError
    for wrong in (lambda: os._exit(0), lambda: os.kill(os.getpid(), 9), close_all, forged,
                  lambda: write_everywhere(pickle.dumps(Evil())), lambda: write_everywhere(b"\xff" * 24)):
        good = pool.submit(pid_after, 0.1)
        error = pool.submit(wrong).exception(60)
        assert type(error) is TaskError, (wrong, error)
        assert isinstance(good.result(60), int)
    assert pool.submit(square, 3).result() == 9
    assert not os.path.exists(HERE + "/executed")
    # What is printed is no answer, and what is read is nothing.
    assert pool.submit(lambda: (print("x" * 100000), sys.stdin.read())[1]).result() == ""
    assert pool.submit(lambda: os.listdir("/proc/self/fd") and os.environ["TMPDIR"] != os.environ.get("X")).result()

def afterwards(what):
    """Something that a call does once it has been answered, and a file that says so."""
    threading.Timer(0.1, lambda: (open(f"{HERE}/work/late", "x").close(), what())).start()

with SandboxExecutor(1, POLICY) as pool:
    for late in (lambda: write_everywhere(b"x"), lambda: os._exit(0)):
        pid = pool.submit(lambda what: (afterwards(what), os.getpid())[1], late).result()
        until(lambda: os.path.exists("work/late"))
        os.unlink("work/late")
        time.sleep(0.3)
        assert pool.submit(os.getpid).result() != pid
    child = os.fork()
    if not child:
        os._exit(0 if "another process" in str(raises(nono.UsageError, pool.submit, square, 1)) else 1)
    assert os.waitpid(child, 0)[1] == 0

# Bounds, time and a worker for each call.
with open("work/printed", "wb") as printed:
    with SandboxExecutor(1, POLICY, timeout=0.5) as pool:
        error = pool.submit(time.sleep, 60).exception()
        assert isinstance(error, TaskTimeout) and isinstance(error, TimeoutError) and error.timeout == 0.5
    with SandboxExecutor(1, POLICY, timeout=60, max_result=1000, max_tasks_per_child=1, output=printed,
                         initializer=begin, initargs=("begun",)) as pool:
        assert pool.submit(lambda: sys.modules["__main__"].begun).result() == "begun"
        assert "max_result" in pool.submit(bytes, 2000).exception().text
        assert len({pool.submit(os.getpid).result() for _ in range(3)}) == 3
        assert pool.submit(lambda: open(os.environ["TMPDIR"] + "/left", "x").close()).result() is None
        assert pool.submit(lambda: open(os.environ["TMPDIR"] + "/left", "x").close()).result() is None
        pool.submit(print, "printed").result()
assert open("work/printed").read() == "printed\n"
with SandboxExecutor(1, POLICY, initializer=sys.exit, initargs=("no",)) as pool:
    assert pool.submit(square, 1).exception().text == "no"

# What a call leaves is no module of the standard library's to the next worker, and is one of its own.
def left():
    for name in ("csv", "datetime", "cloudpickle", "own_module"):
        with open(f"{HERE}/work/{name}.py", "w") as file:
            file.write("MINE = True")
with SandboxExecutor(1, POLICY, max_tasks_per_child=1) as pool:
    pool.submit(left).result()
    sys.path[:0] = ["", HERE + "/work"]
    def found():
        return [hasattr(__import__(each), "MINE") for each in ("csv", "datetime", "own_module")]
    assert pool.submit(found).result() == [False, False, True]
del sys.path[:2]

# Ends.
pool = SandboxExecutor(1, POLICY)
first, second, third = pool.submit(pid_after, 0.3), pool.submit(pid_after, 0), pool.submit(square, 3)
until(first.running)
assert third.cancel() and not first.cancel()
pool.shutdown(wait=False)
raises(RuntimeError, pool.submit, square, 1)
assert first.result() == second.result() > 0
pool = SandboxExecutor(1, POLICY)
running, waiting = pool.submit(time.sleep, 100), pool.submit(square, 1)
until(running.running)
pool.kill_workers()
assert isinstance(running.exception(), nono.NonoError) and waiting.cancelled()
raises(ValueError, SandboxExecutor, 0)
until(lambda: {each for each in threading.enumerate() if "nono" in each.name} <= before)
SandboxExecutor(1).submit(square, 2).result()  # and nobody shuts it down
print("done")
