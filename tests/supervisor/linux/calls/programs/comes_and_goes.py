os.mkfifo("fifo")
for turn in range(20):
    writer = child(lambda: os.write(os.open("fifo", os.O_WRONLY), b"x" * turn))
    fd = os.open("fifo", os.O_RDONLY)
    data = b""
    while chunk := os.read(fd, 4096):
        data += chunk
    os.close(fd)
    assert len(data) == turn, (turn, data)
    os.waitpid(writer, 0)
print("end")
