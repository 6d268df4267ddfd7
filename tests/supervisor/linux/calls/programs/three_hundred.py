for number in range(150):
    os.mkfifo(f"f{number}")
got = []
def wait(number, flags):
    fd = os.open(f"f{number}", flags)
    got.append(number)
    os.close(fd)
waiting = [threading.Thread(target=wait, args=(number, os.O_RDONLY)) for number in range(150)]
[thread.start() for thread in waiting]
settle()
assert not got
coming = [threading.Thread(target=wait, args=(number, os.O_WRONLY)) for number in range(150)]
[thread.start() for thread in coming]
[thread.join() for thread in waiting + coming]
print(len(got))
