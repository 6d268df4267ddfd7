heap = b"0123456789abcdef" * (1 << 18)
done = run(["true"], policy, input=heap, capture_output=True)
assert (done.returncode, done.stdout) == (0, b"")
both = "import os; data = open(0, 'rb').read(); [open(n, 'wb').write(data) for n in (2, 1)]"
done = run([PYTHON, "-c", both], policy, input=heap, capture_output=True)
assert done.stdout == done.stderr == heap
# An orphan that holds the pipe does not hold up the run.
done = run(["sh", "-c", "setsid sleep 1000 & echo out"], policy, capture_output=True)
assert done.stdout == b"out\n"
