import sys
import threading

threading.stack_size(1 << 16)
read = []


def one(number: int) -> None:
    with open(f"{sys.argv[1]}/many/{number % 300}") as file:
        read.append(file.read())


threads = [threading.Thread(target=one, args=(number,)) for number in range(1000)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(read))
