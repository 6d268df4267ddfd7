import logging
TOLD = []

class Told(logging.Handler):
    def emit(self, record):
        TOLD.append((NAME, repr(record.exc_info[1]).replace("(", ": ").rstrip(")")))

logging.getLogger("nono").addHandler(Told())

async def main(sleep, name):
    global NAME
    NAME = name
    assert (await nono.arun(["echo", name], capture_output=True)).stdout == name.encode() + b"\n"
    async with nono.AsyncSandbox(POLICY) as box:
        done = await box.run(["sh", "-c", "cat; exit 3"], input="abc", text=True, capture_output=True)
        assert (done.returncode, done.stdout) == (3, "abc")
        got = []
        await box.run(["sh", "-c", "echo a; sleep 0.05; echo b"], stdout=got.append, text=True)
        assert "".join(got) == "a\nb\n"
        process = await box.start(["seq", "20000"], stdout=PIPE, text=True)
        count = 0
        async for line in process.stdout:
            count += 1
            assert int(line) == count
        assert count == 20000 and await process.wait() == 0
        talker = await box.start(["cat"], stdin=PIPE, stdout=PIPE)
        await talker.stdin.write(b"x" * 10)
        assert await talker.stdout.read(4) == b"xxxx" and await talker.stdout.read() == b"x" * 6
        await talker.stdin.close()
        assert await talker.stdout.readline() == b"" and await talker.wait(60) == 0
        assert (await (await box.start(["echo", "x"], stdout=PIPE)).communicate())[0] == b"x\n"
        sleeper = await box.start(["sleep", "1000"])
        try:
            await sleeper.wait(0.05)
        except subprocess.TimeoutExpired:
            await sleeper.stop(60)
        assert sleeper.returncode == -15
        await box.write("f", name)
        assert await box.read("f", text=True) == name and "f" in await box.listdir()
        await box.mkdir("made", exist_ok=True)
        await box.rename("f", "made/f")
        assert (await box.stat("made/f")).size == len(name) and not await box.exists("f")
        await box.rename("made/f", "f")
        await box.remove("made")
        await box.get("f", "copy")
        await box.put("copy", "g")
        assert [each.size for each in await box.entries() if each.name == "g"] == [len(name)]
        try:
            await box.read("../copy")
        except PermissionError:
            pass
        else:
            raise AssertionError
        last = await box.start(["sleep", "1000"])
        # Both at a time.
        async with nono.AsyncSandbox(POLICY) as other:
            assert (await other.run(["true"])).returncode == 0
    assert last.returncode == -9 and is_gone(last.pid)
    try:
        await box.run(["true"])
    except nono.UsageError as error:
        assert "closed" in str(error) or "open" in str(error)
    else:
        raise AssertionError
    # Without a block.
    box = await nono.AsyncSandbox(POLICY).open()
    async with box as same:
        assert same is box
        last = await box.start(["sleep", "1000"])
    await box.close()
    assert is_gone(last.pid)
    box = nono.AsyncSandbox(POLICY)
    await box.close()
    await box.open()
    last = await box.start(["sleep", "1000"])
    await box.close()
    assert is_gone(last.pid)
    try:
        await box.open()
    except nono.UsageError as error:
        assert "before" in str(error)
    else:
        raise AssertionError
    # What is raised inside comes out alone, and everything has ended.
    try:
        async with nono.AsyncSandbox(POLICY) as box:
            last = await box.start(["sleep", "1000"])
            raise KeyError(1)
    except KeyError:
        assert is_gone(last.pid)
    async def ask(question):
        await sleep(0.01)
        return nono.Answer(next(each.id for each in question.offers if each.effect.value == "allow"))
    class Asked:
        async def __call__(self, question):
            return await ask(question)
    for function in (ask, Asked()):
        async with nono.AsyncSandbox(POLICY, ask=function) as box:
            done = await box.run(["cat", "/etc/issue.nono"], stderr=DEVNULL)
            assert done.denials == () == done.faults, done
    # What fails there is refused, and told.
    async with nono.AsyncSandbox(POLICY, ask=lambda question: {}[1]) as box:
        done = await box.run(["cat", HERE + "/copy"], stderr=DEVNULL)
        assert done.returncode == 1 and "KeyError" in done.faults[0], done.faults
    assert (name, "KeyError: 1") in TOLD, TOLD
    async with nono.AsyncSandbox(POLICY, ask=lambda question: None) as box:
        assert (await box.run(["cat", HERE], stderr=DEVNULL)).returncode == 1
    try:
        async with nono.AsyncSandbox(nono.Policy().hosts("http://x")):
            raise AssertionError
    except nono.UsageError:
        pass

asyncio.run(main(asyncio.sleep, "asyncio"))
trio.run(main, trio.sleep, "trio")
assert not [each for each in threading.enumerate() if each.name.startswith("nono")]
print("done")
