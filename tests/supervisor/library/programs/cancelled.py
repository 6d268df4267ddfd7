async def in_asyncio():
    async with nono.AsyncSandbox(POLICY) as box:
        # At any moment: nothing is left, and the sandbox is good.
        for wait in (0, 0.001, 0.003, 0.006, 0.01, 0.02, 0.05):
            task = asyncio.create_task(box.run(["sh", "-c", "setsid sleep 1000 & sleep 1000"]))
            await asyncio.sleep(wait)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                continue
            raise AssertionError
        for wait in (0, 0.001, 0.003, 0.006):
            task = asyncio.create_task(box.start(["sleep", "1000"]))
            await asyncio.sleep(wait)
            task.cancel()
            (made,) = await asyncio.gather(task, return_exceptions=True)
            if not isinstance(made, asyncio.CancelledError):  # it was faster
                made.kill()
        until(lambda: not below_of(box))
        # A wait that is given up leaves the program and what it prints.
        process = await box.start(["sh", "-c", "sleep 0.2; echo late; sleep 0.1; echo later"], stdout=PIPE)
        for _ in range(3):
            try:
                await asyncio.wait_for(process.stdout.readline(), 0.02)
                raise AssertionError
            except TimeoutError:
                pass
            try:
                await asyncio.wait_for(process.wait(), 0.01)
                raise AssertionError
            except TimeoutError:
                pass
        assert await process.stdout.readline() == b"late\n" and await process.stdout.readline() == b"later\n"
        # Closed while somebody waits; a loop that is busy holds nothing up.
        await box.start(["sh", "-c", "cat /etc/shadow 2>/dev/null; sleep 0.1; touch slept"])
        time.sleep(0.5)
        assert os.path.exists("work/slept")
        waiting = asyncio.create_task((await box.start(["sleep", "1000"])).wait())
        await asyncio.sleep(0.05)
    assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], (nono.BrokenError, int))
    # The whole block.
    async def block():
        async with nono.AsyncSandbox(POLICY) as box:
            pids.append((await box.start(["sleep", "1000"])).pid)
            await asyncio.sleep(1000)
    for wait in (0, 0.005, 0.03, 0.3):
        pids = []
        task = asyncio.create_task(block())
        await asyncio.sleep(wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled() and all(map(is_gone, pids))

def below_of(box):
    "Programs that were started for nobody."
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if box.tmpdir.encode() in file.read() and not is_gone(int(name)):
                    found.append(int(name))
        except OSError:
            pass
    return found

async def in_trio():
    async with nono.AsyncSandbox(POLICY) as box:
        for wait in (0, 0.003, 0.02):
            with trio.move_on_after(wait) as scope:
                await box.run(["sh", "-c", "setsid sleep 1000 & sleep 1000"])
            assert scope.cancelled_caught
        assert not below_of(box)
        process = await box.start(["sh", "-c", "sleep 0.1; echo late"], stdout=PIPE)
        with trio.move_on_after(0.02):
            await process.stdout.readline()
        assert await process.stdout.readline() == b"late\n"
    with trio.move_on_after(0.3) as scope:
        async with nono.AsyncSandbox(POLICY) as box:
            process = await box.start(["sleep", "1000"])
            await trio.sleep(1000)
    assert scope.cancelled_caught and is_gone(process.pid)

asyncio.run(in_asyncio())
trio.run(in_trio)
# A loop that is given up in the middle.
loop = asyncio.new_event_loop()
async def given_up():
    async with nono.AsyncSandbox(POLICY) as box:
        pids.append((await box.start(["sleep", "1000"])).pid)
        await box.run(["sleep", "1000"])
pids = []
task = loop.create_task(given_up())
loop.run_until_complete(asyncio.sleep(0.5))
assert pids
print("done", flush=True)
os._exit(0)
