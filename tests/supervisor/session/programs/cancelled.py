DAEMON = "setsid sh -c 'while :; do : > alive; done' & sleep 1000"
async def main():
    async with open_sandbox(policy) as box:
        await box.run(["true"])
        for number in range(40):
            with trio.move_on_after(number * 0.0015) as scope:
                await box.run(["sh", "-c", DAEMON], capture_output=True, input=b"x")
            assert scope.cancelled_caught
            await_that(lambda: len(below(os.getpid())) == 1)
        assert (await box.run(["true"])).returncode == 0
trio.run(main)
assert not [thread for thread in threading.enumerate() if thread.name == "nono-loop"]
