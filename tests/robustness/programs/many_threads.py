import os, threading
open("inside", "w").close()
open("/tmp/own-%d" % os.getpid(), "w").close()
count = 0
lock = threading.Lock()
def work(number):
    global count
    for turn in range(53):
        os.close(os.open("inside", os.O_RDONLY))
        os.chmod("inside", 0o600 + (turn & 7))
        try:
            os.open("/etc/shadow", os.O_RDONLY)
        except PermissionError:
            with lock:
                count += 1
threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
[t.start() for t in threads]; [t.join() for t in threads]
os.unlink("/tmp/own-%d" % os.getpid())
print(count)
