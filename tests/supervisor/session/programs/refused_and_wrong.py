from nono.supervisor.linux.calls import handlers
def fail(call, decisions):
    raise RuntimeError("on purpose")
handlers.HANDLERS = {**handlers.HANDLERS, "chmod": fail, "fchmodat": fail}
script = "cat /etc/shadow; chmod 700 .; cat /etc/gshadow; exit 3"
done = run(["sh", "-c", script], policy, capture_output=True)
assert done.returncode == 3
assert [denial.request.path for denial in done.denials] == ["/etc/shadow", "/etc/gshadow"]
assert len(done.faults) == 1 and "on purpose" in done.faults[0]
assert b"Permission denied" in done.stderr
