os.mkfifo("fifo")
def wait():
    try:
        os.open("fifo", os.O_WRONLY)
    except OSError as error:
        os._exit(error.errno)
children = [child(wait) for _ in range(20)]
over = dict(os.wait() for _ in range(12))
settle()
waiting = [each for each in children if each not in over and not is_over(each)]
print(len(waiting), "wait", {os.strerror(status >> 8) for status in over.values()})
[os.kill(each, signal.SIGKILL) for each in waiting]
os.unlink("fifo")
