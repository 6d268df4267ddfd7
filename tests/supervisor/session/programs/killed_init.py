async def broken(box):
    try:
        await box.run([PYTHON, "-S", "-c", DAEMONS])
    except BrokenError as error:
        print(error)

def go():
    with open("fifo", "w") as fifo:
        fifo.write("go\n")

async def main():
    async with open_sandbox(policy) as box, open_sandbox(policy) as other:
        await box.run(["true"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(broken, box)
            while len([name for name in os.listdir(".") if name.startswith("up-")]) < 4:
                await trio.sleep(0.01)
            (init,) = [pid for pid, parent in parents().items() if parent == server()]
            nursery.start_soon(other.run, ["sh", "-c", ": > ready; read line < fifo; : > read"])
            while not os.path.exists("ready"):
                await trio.sleep(0.01)
            os.kill(init, signal.SIGKILL)
            while len(below(os.getpid())) > 3:  # fork server, the other's init and shell
                await trio.sleep(0.01)
            # Not in trio's own thread, which may be needed for the reader's open.
            await trio.to_thread.run_sync(go)
        assert os.path.exists("read")
        assert (await box.run(["true"])).returncode == 0
os.mkfifo("fifo")
trio.run(main)
