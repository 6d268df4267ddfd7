import contextlib


@contextlib.contextmanager
def only(left):
    """With so many descriptors left, where there were more."""
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    for _ in range(left):
        os.close(taken.pop())
    try:
        yield
    finally:
        for each in taken:
            os.close(each)


def is_told(error):
    assert "none is left" in error.message and error.hint.startswith("ulimit -n "), repr(error)


def plain(left):
    with only(left):
        try:
            with nono.Sandbox(POLICY):
                assert left
        except nono.StartError as error:
            is_told(error)


async def in_loop(numbers):
    for left in numbers:
        with only(left):
            try:
                async with nono.AsyncSandbox(POLICY):
                    assert left
            except nono.StartError as error:
                is_told(error)


async def once():
    async with nono.AsyncSandbox(POLICY) as box:
        await box.run(["true"])


# What is imported by then needs none.
nono.run(["true"], policy=POLICY)
asyncio.run(once())
trio.run(once)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for left in range(8):
    plain(left)
asyncio.run(in_loop(range(8)))
trio.run(in_loop, range(8))
assert nono.run(["true"], policy=POLICY).returncode == 0
print("done")
