async def batch(box):
    assert (await box.run(["cat"], input=b"x" * 100_000, capture_output=True)).returncode == 0
    for wrong in (["no-such-command"], []):
        try:
            await box.run(wrong, capture_output=True, input=b"x")
        except (CommandError, UsageError):
            pass
    try:
        await box.run(["true"], cwd="absent", capture_output=True, input=b"x")
    except UsageError:
        pass
    with trio.move_on_after(0.02):
        await box.run(["sleep", "1000"], capture_output=True, input=b"x")

async def main(count):
    for _ in range(count):
        async with open_sandbox(policy) as box:
            await batch(box)

def state():
    await_that(lambda: len(below(os.getpid())) == 1)  # the fork server
    names = sorted(t.name for t in threading.enumerate() if "Trio" not in t.name)
    return sorted(os.listdir("/proc/self/fd")), names

trio.run(main, 1)
before = state(), len(os.listdir(f"/proc/{server()}/fd"))
trio.run(main, 10)
after = state(), len(os.listdir(f"/proc/{server()}/fd"))
assert before == after, (before, after)
assert not [name for name in os.listdir("/tmp") if name.startswith(f"nono-{os.getpid()}")]
