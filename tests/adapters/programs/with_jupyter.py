"""A kernel that `nono jupyter install` has made, with the real jupyter_client and ipykernel."""
import os, pathlib, subprocess, sys, threading, time
from jupyter_client import KernelManager
from jupyter_client.kernelspec import NoSuchKernel

KEY = pathlib.Path.home() / ".ssh/id_ed25519"
NONO = [sys.executable, "-m", "nono", "jupyter"]


def nono(*words, status=0):
    done = subprocess.run([*NONO, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def execute(client, code):
    """The reply's status, and what was printed or raised."""
    said = []
    def hear(message):
        content = message["content"]
        said.append(content.get("text") or content.get("ename") or "")
    reply = client.execute_interactive(code, timeout=60, output_hook=hear, store_history=False)
    return reply["content"]["status"], "".join(said)


assert "installed mine in " in nono("install", "--name", "mine", "--allow-cwd", "--block-net")
manager = KernelManager(kernel_name="mine")
manager.start_kernel(cwd="work")
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
pid = manager.provisioner.pid
assert execute(client, "print(6 * 7)") == ("ok", "42\n")
assert execute(client, "open('note', 'w').close(); import os; print(os.getcwd())") == ("ok", os.path.abspath("work") + "\n")
assert os.path.exists("work/note") and manager.is_alive()
# What an ordinary kernel of this directory would run is not left there, nor does it stop the next boxed one.
assert execute(client, "open('ipykernel_launcher.py', 'w')") == ("error", "PermissionError")
assert execute(client, "for name in ('pkgutil', 'ipykernel'): open(name + '.py', 'w').write('boom')")[0] == "ok"
for closed, kind in ((f"open({str(KEY)!r})", "PermissionError"), (f"open({os.getcwd() + '/other'!r}, 'w')", "PermissionError"),
                     ("import socket; socket.create_connection(('192.0.2.1', 80), 5)", "ConnectionRefusedError"),
                     ("socket.create_connection(('unknown.example.org', 80), 5)", "ConnectionRefusedError")):
    assert execute(client, closed) == ("error", kind), closed
said = execute(client, f"!cat {KEY}")[1]
assert "cat: " in said and "ermi" in said, said
# Interrupt, also of what it has started; restart; the kernel's own end.
threading.Timer(0.5, manager.interrupt_kernel).start()
assert execute(client, "import time; time.sleep(300)") == ("error", "KeyboardInterrupt")
assert execute(client, "x = 1; import subprocess; child = subprocess.Popen(['sleep', '1000']); print(child.pid)")[0] == "ok"
manager.restart_kernel()
client.wait_for_ready(timeout=60)
assert manager.provisioner.pid != pid and not os.path.exists(f"/proc/{pid}")
assert execute(client, "x") == ("error", "NameError")
tmpdir = execute(client, "import os; print(os.environ['TMPDIR'])")[1].strip()
assert os.path.isdir(tmpdir)
client.execute("import subprocess; subprocess.Popen(['setsid', 'sleep', '98765']); os._exit(7)")
until(lambda: not manager.is_alive())
# With it ends what it has started.
assert subprocess.run(["pgrep", "-f", "^sleep 98765"]).returncode == 1
client.stop_channels()
manager.shutdown_kernel(now=True)
assert not os.path.exists(tmpdir)
assert not [each for each in threading.enumerate() if each.name == "nono-sandbox"]

# What it cannot do is said.
assert "workdir" in nono("install", "--workdir", ".", status=2)
(pathlib.Path.home() / ".local/share/jupyter/kernels/others").mkdir()
(pathlib.Path.home() / ".local/share/jupyter/kernels/others/kernel.json").write_text('{"argv": [], "display_name": "", "language": ""}')
assert "no kernel of nono's" in nono("uninstall", "--name", "others", status=2)
assert "removed" in nono("uninstall", "--name", "mine")
try:
    KernelManager(kernel_name="mine").kernel_spec
except NoSuchKernel:
    print("done")
