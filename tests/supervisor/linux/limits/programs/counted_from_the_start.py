"""A program is counted before the first of its calls is answered, however late nono's thread is."""
import time
import nono
from nono.supervisor.linux.launch import running

made = running.Session.__init__

def slowly(self, *parts):
    made(self, *parts)
    time.sleep(0.5)

running.Session.__init__ = slowly
with nono.Sandbox(nono.Policy().limits(processes=7)) as box:
    many = "for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait"
    done = box.run(["sh", "-c", many], capture_output=True)
assert [each.name for each in done.limits] == ["processes"], done
print("done")
