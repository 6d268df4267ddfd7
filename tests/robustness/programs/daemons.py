import os, sys
def beat(name):
    while True:
        with open(name, "a") as file:
            file.write("x")
def daemon(name):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            beat(name)
        os._exit(0)
daemon("one")
daemon("two")
if os.fork() == 0:
    beat("child")
while not all(os.path.exists(name) for name in ("one", "two", "child")):
    pass
sys.exit(5)
