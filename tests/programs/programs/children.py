import asyncio, os, subprocess, sys
run = subprocess.run
print(run(["sort"], input=b"b\na\n", capture_output=True).stdout)
print(run("echo $0 | cat; exit 5", shell=True, capture_output=True).returncode)
print(run([sys.executable, "-c", "print(input())"], input="in", text=True, capture_output=True).stdout)
with open("out", "w") as file:
    run(["ls", "-d", "."], stdout=file, cwd="/", start_new_session=True, close_fds=True, umask=0o77)
reader, writer = os.pipe()
run(["sh", "-c", f"echo passed >&{writer}"], pass_fds=[writer]); print(os.read(reader, 20))
with subprocess.Popen(["sleep", "60"]) as process:
    process.terminate(); print(process.wait())
try:
    run(["/missing"])
except FileNotFoundError as error:
    print(error)
try:
    run(["./out"])
except PermissionError as error:
    print(error)
try:
    run(["sleep", "60"], timeout=0.05)
except subprocess.TimeoutExpired:
    print("over time")
print(os.waitstatus_to_exitcode(os.system("exit 3")), os.popen("echo popen").read())
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 4"], os.environ); print(os.waitpid(pid, 0)[1] >> 8)

async def many():
    made = [await asyncio.create_subprocess_exec("echo", str(n), stdout=-1) for n in range(5)]
    print([(await each.communicate())[0] for each in made])

asyncio.run(many())
