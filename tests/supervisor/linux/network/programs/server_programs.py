import asyncio, multiprocessing.managers, subprocess, urllib.request
import http.server, xmlrpc.client, xmlrpc.server
from multiprocessing.connection import Client, Listener

with open("page.txt", "w") as file:
    file.write("a page")
command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
    port = server.stdout.readline().split()[5].decode()
    curl = ["curl", "-sS", f"http://127.0.0.1:{port}/page.txt", f"http://localhost:{port}/page.txt"]
    print(subprocess.run(curl, capture_output=True).stdout)
    print(urllib.request.urlopen(f"http://localhost:{port}/page.txt").read())
    server.kill()
os.unlink("page.txt")

async def talk():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper()); writer.close()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async def ask(number):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"question %d\n" % number); answered = await reader.read()
        writer.close(); return answered
    async with server:
        print(await asyncio.gather(*map(ask, range(20))))
asyncio.run(talk())

class Numbers(multiprocessing.managers.SyncManager):
    pass
for where in (("127.0.0.1", 0), None):
    with Numbers(address=where, authkey=b"key") as manager:
        shared = manager.dict()
        def fill(number): shared[number] = number * 2
        children = [multiprocessing.Process(target=fill, args=(number,)) for number in range(3)]
        for child in children: child.start()
        for child in children: child.join()
        print(sorted(shared.items()), isinstance(manager.address, str))
with Listener(("localhost", 0), authkey=b"key") as listener:
    def send():
        with Client(listener.address, authkey=b"key") as client: client.send(["an", "object"])
    thread = threading.Thread(target=send); thread.start()
    with listener.accept() as accepted: print(accepted.recv())
    thread.join()
