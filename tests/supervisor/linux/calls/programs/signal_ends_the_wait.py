os.mkfifo("fifo")
def work():
    os.open("fifo", os.O_RDONLY)
pid = child(work)
settle()
os.kill(pid, signal.SIGTERM)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
