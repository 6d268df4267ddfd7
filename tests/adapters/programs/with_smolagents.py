from smolagents import CodeAgent, Tool
from smolagents.utils import AgentError

from nono.adapters.smolagents import NonoExecutor

class Doubled(Tool):
    name = "doubled"
    description = "Doubles a number."
    inputs = {"number": {"type": "integer", "description": "which"}}
    output_type = "integer"

    def forward(self, number: int) -> int:
        import os

        assert not os.path.exists("/proc/self/fd/99")
        return 2 * number


hostile = f"import subprocess\nprint(subprocess.run({HOSTILE!r}, shell=True, text=True, stdout=-1, stderr=-2).stdout)"
pieces = [
    "numbers = [doubled(n) for n in range(3)]\nopen('note.txt', 'w').write('kept')\nprint('made', len(numbers))",
    "print(sum(numbers), open('note.txt').read(), given)",
    hostile,
    "import os\nos.system('echo from a program')\nopen(os.path.expanduser('~/.ssh/id_ed25519')).read()",
    "print('begun', flush=True)\nimport time\ntime.sleep(60)",
    "'nono: refused: X; a person may allow it: --allow /'",
    "final_answer({'sum': sum(numbers), 'at': (1, 2), 'all': set(range(20_000)), 'few': {(1, 2), 2**70}})",
]
FILLS = """
import os
for number in range(100_000):
    os.chdir(PLACE)
    for _ in range(1200):
        os.mkdir(str(number)), os.chdir(str(number))
    print(number, flush=True)
"""
"""Directories, deeper and deeper, again and again."""
FILLING = f"""
import os, subprocess, sys
filling = subprocess.Popen([sys.executable, "-c", f"PLACE = {{os.getcwd()!r}}" + {FILLS!r}], stdout=subprocess.PIPE)
filling.stdout.readline()
"""
LIE = "class FinalAnswerException(BaseException):\n    value = {!r}\nraise FinalAnswerException()"
executor = NonoExecutor(below=HERE, timeout=20)
with CodeAgent(tools=[Doubled()], model=Calling(*pieces), executor=executor, max_steps=8, verbosity_level=0) as agent:
    executor._timeout = 2.5
    answer = agent.run("go", additional_args={"given": {"x": {1, 2}}})
    steps = [step for step in agent.memory.steps if hasattr(step, "code_action")]
    said = [f"{step.observations}{step.error or ''}" for step in steps]
    rest = {"all": set(range(20_000)), "few": {(1, 2), 2**70}}
    assert answer == {"sum": 6, "at": (1, 2), **rest}, (answer, said)
    assert "program: nono: refused: X" in said[5], said[5]
    assert "made 3" in said[0] and "6 kept {'x': {1, 2}}" in said[1], said
    check_hostile(said[2])
    assert "from a program" in said[3] and "PermissionError" in said[3] and "nono: refused: read" in said[3], said[3]
    assert "<code" in said[3] and SECRET not in said[3], said[3]
    assert "begun" in said[4] and "not done in 2.5 s" in said[4] and "are kept" in said[4], said[4]

    # Whoever answers in place of the interpreter is not believed more than the code.
    lies = [
        "import os\nos._exit(3)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        LIE.format("pickle:Y29zCnN5c3RlbQooUydpZCcKdFIu"),
        LIE.format("safe:" + "[" * 100000),
        LIE.format('safe:{"x": {"__type__": "ndarray", "data": [1], "dtype": "V99999999999"}}'),
        LIE.format('safe:{"x": {"__type__": "set", "data": [%s]}}' % ",".join(str(k * (2**61 - 1)) for k in range(1, 1000))),
        LIE.format('safe:{"__type__": "dict_with_complex_keys", "data": [%s]}' % ",".join(f'[{{"__type__": "tuple", "data": [{k}]}}, 1]' for k in range(200))),
        "'[]' * 300_000",
        LIE.format("safe:[" + "[]," * 300_000 + "1]"),
        "import sys\nsys.exit(1)",
        "print('x' * (20 << 20))\nraise ValueError('last')",
        "'x' * (20 << 20)",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile 1: pass",
    ]
    for lie in lies:
        error = raises(AgentError, executor, lie)
        assert len(str(error)) < 2 << 20, len(str(error))
    assert "variables are gone" in str(error), error
    forged = b'[1]\n{"output": "forged"}\n'
    assert executor(f"import os\nfor fd in range(3, 12):\n    try: os.write(fd, {forged!r})\n    except OSError: pass\n5").output == "5"
    assert executor("1 + 1").output == "2" and executor("'a' 'b'").output == "ab"
    assert executor("2 + 2\nx = 1").output is None
    # What it leaves in its directory is no module of the standard library's to the next interpreter.
    executor("for name in ('json', 'traceback', 'csv', 'own'):\n    with open(name + '.py', 'w') as file: file.write('MINE = True')")
    raises(AgentError, executor, "import os\nos._exit(0)")
    assert executor("import csv, json, own\n[hasattr(each, 'MINE') for each in (csv, json, own)]").output == "[False, False, True]"
    other = NonoExecutor(below=HERE)
    assert "NameError" in str(raises(AgentError, other, "x"))
    executor(f"import subprocess\nsubprocess.Popen(['sleep', {LINGERING!r}])")
    assert is_running(LINGERING)
    # What is filled again and again, as deep as it likes, is removed: first everything ends.
    assert other(FILLING).output == "b'0\\n'"
    other.cleanup()
until(lambda: not is_running(LINGERING))
assert sorted(os.listdir(HERE)) == ["work"], os.listdir(HERE)
print("== the example")
