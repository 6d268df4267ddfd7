import os, signal, sys, threading
os.mkfifo("fifo")
def other_calls():
    for turn in range(50):
        os.chmod(".", 0o755)
        os.close(os.open("beside", os.O_RDWR | os.O_CREAT))
# A reader and a writer find each other, whoever comes first.
for first, second in ((os.O_RDONLY, os.O_WRONLY), (os.O_WRONLY, os.O_RDONLY)):
    got = []
    thread = threading.Thread(target=lambda: got.append(os.open("fifo", first)))
    thread.start()
    other_calls()
    assert not got
    end = os.open("fifo", second)
    thread.join()
    reader, writer = (got[0], end) if first == os.O_RDONLY else (end, got[0])
    os.write(writer, b"through")
    print(os.read(reader, 100))
    os.close(reader), os.close(writer)
try:
    os.open("fifo", os.O_WRONLY | os.O_NONBLOCK)
except OSError as error:
    print(error.strerror)
os.close(os.open("fifo", os.O_RDONLY | os.O_NONBLOCK))
os.close(os.open("fifo", os.O_RDWR))
# Nobody comes: the one that waits can be killed, and the others never noticed.
for flags in (os.O_WRONLY, os.O_RDONLY):
    pid = os.fork()
    if pid == 0:
        os.open("fifo", flags)
        os._exit(1)
    other_calls()
    os.kill(pid, signal.SIGKILL)
    print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
