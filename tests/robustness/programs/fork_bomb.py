import os, time
for generation in range(7):
    os.fork()
time.sleep(0.2)
if os.path.exists("done"):
    time.sleep(600)
try:
    os.close(os.open("done", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    time.sleep(600)
