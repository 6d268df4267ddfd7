OPENERS = '''
import os, threading
os.path.exists("fifo") or os.mkfifo("fifo")
for number in range(60):
    threading.Thread(target=os.open, args=("fifo", os.O_WRONLY)).start()
'''
async def main():
    async with open_sandbox(policy) as box:
        with trio.move_on_after(1):
            await box.run([PYTHON, "-S", "-c", OPENERS])
        fds = len(os.listdir("/proc/self/fd"))
        async with trio.open_nursery() as nursery:
            for number in range(30):
                async def one(number=number):
                    with trio.move_on_after(0.02 + number * 0.004) as scope:
                        await box.run([PYTHON, "-S", "-c", OPENERS])
                    assert scope.cancelled_caught
                if number % 3 == 2:
                    await one()
                else:
                    nursery.start_soon(one)
        assert len(os.listdir("/proc/self/fd")) == fds
trio.run(main)
await_that(lambda: len(below(os.getpid())) == 1)
