import multiprocessing as mp
from multiprocessing.managers import SharedMemoryManager
from multiprocessing.shared_memory import SharedMemory

def fill(name, shared, items, gate):
    memory = SharedMemory(name)
    memory.buf[:5] = b"hello"
    memory.close()
    shared["key"] = len(items)
    gate.release()

if __name__ == "__main__":
    memory = SharedMemory(create=True, size=1 << 16)
    gate = mp.Semaphore(0)
    with mp.Manager() as manager:
        shared, items = manager.dict(), manager.list(range(7))
        worker = mp.Process(target=fill, args=(memory.name, shared, items, gate))
        worker.start(); gate.acquire(); worker.join()
        print(dict(shared), bytes(memory.buf[:5]), manager.Queue().empty())
    memory.close(); memory.unlink()
    with SharedMemoryManager() as manager:
        print(list(manager.ShareableList([1, "two", 3.0])))
    try:
        SharedMemory(memory.name)
    except FileNotFoundError:
        print("gone")
