import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        break
open(f"up-{os.getpid()}", "w").close()
time.sleep(1000)
