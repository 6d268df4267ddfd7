import os, signal, time
for turn in range(150):
    pid = os.fork()
    if pid == 0:
        while True:
            os.close(os.open("/tmp/none", os.O_CREAT | os.O_RDWR))
            os.unlink("/tmp/none")
            os.chmod(".", 0o755)
    time.sleep(turn % 7 / 1000)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
os.chmod(".", 0o700)
print("end")
