import resource
import tempfile

ended, errors, others = [], [], []
os.environ["TMPDIR"] = tempfile.mkdtemp(dir=os.path.expanduser("~"))

async def one():
    try:
        async with open_sandbox(policy) as box:
            done = await box.run(["echo", "said"], capture_output=True)
            # One that runs already finds nothing, as it would when it had none left itself.
            said = done.stdout if done.returncode == 0 else done.stderr[-21:]
            ended.append((said, done.faults))
    except StartError as error:
        errors.append((error.message, error.hint))
    except Exception as error:
        others.append(repr(error))

async def main():
    async with open_sandbox(policy) as box:
        await box.run(["true"])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = len(os.listdir("/proc/self/fd")) + 40
    for most, hint in ((hard, f"ulimit -n {hard}"), (few, "have fewer sandboxes at the same time")):
        before = sorted(os.listdir("/proc/self/fd"))
        if hint.startswith("have"):
            few = hard = most  # the last one: it cannot be raised again
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
        ended.clear()
        errors.clear()
        async with trio.open_nursery() as nursery:
            for _ in range(15):
                nursery.start_soon(one)
        assert len(ended) + len(errors) == 15, others
        well = (b"said\n", ())
        none = {(said, ()) for said in (b" Too many open files\n", b"bject file: Error 24\n")}
        assert well in ended and {*ended} <= {well, *none}, ended
        why = f"this process may have {few} descriptors, and none is left"
        assert errors and {*errors} == {(f"cannot start the sandbox: {why}", hint)}, errors
        await_that(lambda: len(below(os.getpid())) == 1)
        assert sorted(os.listdir("/proc/self/fd")) == before, before
        assert not os.listdir(os.environ["TMPDIR"])
        async with open_sandbox(policy) as box:
            assert (await box.run(["true"])).returncode == 0

trio.run(main)
