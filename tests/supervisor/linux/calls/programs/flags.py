import fcntl
os.mkfifo("fifo")
flags = []
def reader():
    fd = os.open("fifo", os.O_RDONLY | os.O_CLOEXEC)
    flags.append((os.get_blocking(fd), os.get_inheritable(fd)))
    flags.append(os.read(fd, 100))
thread = threading.Thread(target=reader)
thread.start()
fd = os.open("fifo", os.O_WRONLY | os.O_APPEND)
flags.append((os.get_blocking(fd), bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND)))
os.write(fd, b"data")
thread.join()
print(sorted(flags, key=str))
