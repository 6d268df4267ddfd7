import os, threading
gate, wrong = threading.Barrier(50), []

def work(number):
    gate.wait()
    for turn in range(20):
        path = f"out/{number}.{turn}"
        with open(path, "w") as file:
            file.write(path)
        os.rename(path, path + ".done")
        with open(path + ".done") as file, open("/etc/hosts") as hosts:
            if file.read() != path or not hosts.readable():
                wrong.append(path)
        shared = f"/tmp/nono-test-{os.getpid()}-{number}"
        with open(shared, "x") as file:
            file.write("x")
        os.unlink(shared)
        try:
            open(f"out/{number}.missing")
        except FileNotFoundError:
            continue
        wrong.append(f"{number}.missing")

os.mkdir("out")
threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(os.listdir("out")), wrong)
