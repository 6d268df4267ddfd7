def soon(seconds):
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

def when(condition):
    def wait():
        until(condition)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=wait).start()

with nono.Sandbox(POLICY) as box:
    process = box.start(["sh", "-c", "sleep 1000 & sleep 1000"])
    soon(0.2)
    raises(KeyboardInterrupt, process.wait)
    assert process.poll() is None  # only the wait is over
    when(lambda: os.path.exists("work/pid") and os.path.getsize("work/pid"))
    raises(KeyboardInterrupt, box.run, ["sh", "-c", "setsid sleep 1000 & echo $$ > pid; sleep 1000"])
    until(lambda: is_gone(int(box.read("pid"))))
    soon(0.2)
    raises(KeyboardInterrupt, box.run, ["yes"], stdout=lambda piece: None)
    def interrupted(piece):
        raise KeyboardInterrupt
    raises(KeyboardInterrupt, box.run, ["yes"], stdout=interrupted)
    assert box.run(["true"]).returncode == 0
assert is_gone(process.pid)
soon(0.2)
raises(KeyboardInterrupt, nono.run, ["sleep", "1000"], POLICY)

async def main():
    async with nono.AsyncSandbox(POLICY) as box:
        pids.append((await box.start(["sleep", "1000"])).pid)
        await box.run(["sleep", "1000"])
pids = []
when(lambda: pids)
raises(KeyboardInterrupt, asyncio.run, main())
assert pids and is_gone(pids[0])
# One that nobody closes.
left = nono.Sandbox(POLICY).open()
left.start(["sleep", "1000"])
print("done")
