"""curl by the proxy in the library: the first host is asked about, the second one goes on meanwhile."""
import sys, trio
from nono.broker import Answer
from nono.supervisor import Options, make_plan, open_sandbox
asked, open_host, address, dns, port = sys.argv[1:]
seen = []
async def main():
    answered = trio.Event()
    async def ask(question):
        seen.append((type(question.request).__name__, question.program.process.exe.rpartition("/")[2]))
        await answered.wait()
        return Answer(question.offers[0].id, "script") if question.request.host == asked else None
    options = Options(network="proxy", allow_domain=[open_host, address], dns=[f"{dns}:{port}"])
    async with open_sandbox(make_plan(options), ask=ask) as box, trio.open_nursery() as nursery:
        async def fetch(host):
            done = await box.run(["curl", "-sS", f"http://{host}/"], capture_output=True)
            print(host, done.stdout.decode(), done.stderr.decode().strip())
        nursery.start_soon(fetch, asked)
        while not seen: await trio.sleep(0.01)
        await fetch(open_host)
        answered.set()
    print(*seen[0], [each.request.host for each in box.denials])
trio.run(main)
