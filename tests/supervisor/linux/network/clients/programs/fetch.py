import asyncio, concurrent.futures, errno, json, ssl, sys, urllib.request
import aiohttp, httpx, requests

SECURE, PLAIN, DENIED = sys.argv[1:4]
AT_ONCE = int(sys.argv[4])

def with_urllib(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()

def with_requests(url):
    return requests.get(url, timeout=20, verify="ca.pem").text

def with_httpx(url):
    return httpx.get(url, timeout=20, verify=ssl.create_default_context()).text

async def with_httpx_async(url):
    async with httpx.AsyncClient(timeout=20, verify=ssl.create_default_context()) as client:
        return (await client.get(url)).text

async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()

async def with_asyncio(url):
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    port, tls = (443, True) if scheme == "https" else (80, None)
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    writer.write(f"GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n\r\n")[2].decode()

def one(fetch, url):
    answer = fetch(url)
    return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer

def many(fetch, url):
    if not asyncio.iscoroutinefunction(fetch):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(fetch, [url] * AT_ONCE))
    async def gather():
        return await asyncio.gather(*(fetch(url) for _ in range(AT_ONCE)))
    return asyncio.run(gather())

def error_of(error):
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        cause = getattr(error, "reason", None)
        if isinstance(error, ConnectionRefusedError) or error.args[:1] == (errno.ECONNREFUSED,):
            return "refused"
        error = cause if isinstance(cause, Exception) else error.__cause__ or error.__context__
    return "unknown"

def report(fetch):
    name = fetch.__name__
    answers = [one(fetch, f"{url}/{name}") for url in (SECURE, PLAIN)]
    answers += many(fetch, f"{SECURE}/{name}")
    try:
        one(fetch, DENIED)
    except Exception as error:
        return answers, type(error).__name__, error_of(error)

fetches = (with_urllib, with_requests, with_httpx, with_httpx_async, with_aiohttp, with_asyncio)
print(json.dumps({fetch.__name__: report(fetch) for fetch in fetches}))
