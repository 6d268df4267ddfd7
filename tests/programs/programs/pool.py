import multiprocessing as mp, os, sys

def square(number):
    return number * number

def record(lock, counter, path):
    with lock, open(path, "a") as file:
        counter.value += 1
        file.write(f"{counter.value}\n")

if __name__ == "__main__":
    mp.set_start_method(sys.argv[1])
    with mp.Pool(3) as pool:
        print(pool.map(square, range(10)))
    lock, counter = mp.Lock(), mp.Value("i", 0)
    workers = [mp.Process(target=record, args=(lock, counter, "log")) for _ in range(5)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print(counter.value, [worker.exitcode for worker in workers], open("log").read().split())
    queue = mp.Queue()
    other = mp.Process(target=queue.put, args=("from the child",))
    other.start(); print(queue.get()); other.join()
