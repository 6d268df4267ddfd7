"""Limits of a sandbox that stays open: shared by its programs, but for the time of each."""
import nono

policy = nono.Policy().limits(processes=7, timeout=2)
with nono.Sandbox(policy) as box:
    waiting = box.start(["sleep", "60"])
    try:
        box.run(["sleep", "60"], timeout=0.2)
    except nono.TimeoutExpired as error:
        (reached,) = error.completed.limits
        assert (reached.name, reached.limit, reached.is_ended) == ("timeout", 0.2, True), reached
        assert error.completed.to_dict()["limits"][0]["program"] == "sleep"
    many = "for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait"
    done = box.run(["sh", "-c", many], capture_output=True)
    assert done.returncode != 0 and b"fork" in done.stderr, done
    assert [each.name for each in done.limits] == ["processes"], done.limits
    assert done.limits[0].times >= 1
    assert waiting.wait(30) == -9
    assert [each.name for each in waiting.limits][-1] == "timeout", waiting.limits
    left = box.start(["sleep", "60"])
    assert box.run(["true"]).returncode == 0
    left.kill()
try:
    nono.run(["true"], nono.Policy().limits(open_files=3))
except nono.StartError as error:
    assert error.hint == "max_open_files 16" or "16" in error.hint, error.hint
print("done")
