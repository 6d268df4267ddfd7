pid = os.fork()
if pid == 0:
    run([PYTHON, "-S", "-c", DAEMONS], policy)
await_that(lambda: len([name for name in os.listdir(".") if name.startswith("up-")]) == 4)
every = below(os.getpid())
assert len(every) >= 7  # the program, its fork server, the init, four processes
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
await_that(lambda: not set(every) & set(parents()))
