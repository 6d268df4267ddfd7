import sys
import threading

refused = []


def one(number: int) -> None:
    try:
        open(f"{sys.argv[1]}/wide/{number}/f")
    except OSError as error:
        refused.append(error.errno)


threads = [threading.Thread(target=one, args=(number,)) for number in range(60)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(refused))
