"""What is imported after the first program has run, by a sandbox that asks (`plain`, `waiting`),
knows hosts by name (`hosts`) or has its own proxy (`proxy`): a line `LATE` with the kind and the modules."""
import sys, trio
from nono.broker import Answer
from nono.supervisor import Options, make_plan, open_sandbox
late = None
class Asking:
    def find_spec(self, name, path=None, target=None):
        if late is not None:
            late.append(name)
sys.meta_path.insert(0, Asking())
seen = []
def plain(question):
    seen.append(question)
    allowed = [each for each in question.offers if "run" in each.id]
    return Answer(allowed[0].id, "script") if allowed and len(seen) % 2 else None
async def waiting(question):
    return plain(question)
KINDS = {
    "plain": ({}, {"ask": plain}),
    "waiting": ({}, {"ask": waiting}),
    "hosts": ({"allow_domain": ["a.example"], "dns": ["127.0.0.1:9"]}, {}),
    "proxy": ({"network": "proxy", "allow_domain": ["a.example"], "dns": ["127.0.0.1:9"]}, {}),
}
PROGRAM = """
echo > made; mkdir d; cat secret ../elsewhere /etc/shadow; mkdir ../made; chmod 600 ../elsewhere
python3 -c 'import socket; socket.create_connection(("127.0.0.1", 1))'
curl -s http://a.example/ http://b.example/; sleep 100
"""
async def main():
    global late
    for kind, (options, asking) in KINDS.items():
        plan = make_plan(Options(workdir=".", allow_cwd=True, **options))
        async with open_sandbox(plan, **asking) as box:
            await box.run(["true"])
            late = []
            with trio.move_on_after(3):
                await box.run(["sh", "-c", PROGRAM], capture_output=True)
            print([denial.request for denial in box.denials] != [], len(seen) > 0)
        print("LATE", kind, *sorted(set(late)))
        late = None
trio.run(main)
