import os
import sys
import time

pid = os.fork()
if not pid:
    open(f"{sys.argv[1]}/one/f").read()
    os._exit(1)
time.sleep(0.4)
before = time.monotonic()
open("/etc/passwd").close()
with open("here", "w") as file:
    file.write("x")
os.unlink("here")
print(time.monotonic() - before < 0.5)
os.kill(pid, 9)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
