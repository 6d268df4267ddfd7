import asyncio, contextlib, json, os, socket, sys
import redis, redis.asyncio

NAME, PORT = sys.argv[1], int(sys.argv[2])

def peers():
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(name))) as sock:
            yield sock.getpeername()[0]

def talk(key, timeout):
    with redis.Redis(NAME, PORT, protocol=2, socket_connect_timeout=timeout) as client:
        client.set(key, "value of " + key)
        return client.get(key).decode(), *peers()

async def talk_async(key):
    async with redis.asyncio.Redis(host=NAME, port=PORT, protocol=2) as client:
        await client.set(key, "value of " + key)
        return (await client.get(key)).decode()

print(json.dumps([talk("one", 20), talk("two", 20), talk("three", None)]))
print(asyncio.run(talk_async("four")))
try:
    redis.Redis(NAME, PORT + 1, retry=None).ping()
except redis.ConnectionError as error:
    print(error)
