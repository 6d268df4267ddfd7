import os, time
print(open("/proc/self/stat").read().split()[3], flush=True)
import urllib.request
urllib.request.urlopen(urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/models",
    headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})).read()
for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    for what in ("mem", "environ", "maps"):
        try:
            open(f"/proc/{pid}/{what}", "rb").read(1)
        except OSError:
            continue
        if int(pid) != os.getpid():
            print("read", pid, what)
