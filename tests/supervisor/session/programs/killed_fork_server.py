async def main():
    async with open_sandbox(policy) as box, trio.open_nursery() as nursery:
        async def running():
            done = await box.run(["sh", "-c", ": > ready; cat fifo"], capture_output=True)
            assert (done.returncode, done.stdout) == (0, b"go\n")
        nursery.start_soon(running)
        while not os.path.exists("ready"):
            await trio.sleep(0.01)
        killed = server()
        os.kill(killed, signal.SIGKILL)
        while state_of(killed) not in ("Z", ""):
            await trio.sleep(0.01)
        assert (await box.run(["echo", "again"], capture_output=True)).stdout == b"again\n"
        with open("fifo", "w") as fifo:
            fifo.write("go\n")
os.mkfifo("fifo")
trio.run(main)
