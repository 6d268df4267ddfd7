import os
for turn in range(300):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    if turn % 10 == 0:
        open(f"file{turn}", "w").close()
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
print(len(os.listdir(".")))
