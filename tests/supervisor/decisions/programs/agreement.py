import json, os, socket, subprocess, sys
place, names, hosts, ports = json.loads(sys.argv[1])
def ok(function):
    try:
        function()
        return True
    except OSError:
        return False
answers = {}
for name in names:
    path = os.path.join(place, name)
    if os.path.isdir(path):
        answers[f"read {name}"] = ok(lambda: os.listdir(path))
        continue
    answers[f"read {name}"] = ok(lambda: open(path).close())
    answers[f"write {name}"] = ok(lambda: open(path, "a").close())
    if name.endswith("run"):
        answers[f"execute {name}"] = ok(lambda: subprocess.run([path]))
for host in hosts:
    for port in ports:
        ok(lambda: socket.create_connection((host, port), 10))
print(json.dumps(answers))
