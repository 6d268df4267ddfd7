import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.01)
with open("daemon.txt", "w") as file:
    file.write(open("question.txt").read() + "answered")
os.mkdir("made"); os.chmod("made", 0o700)
open("/tmp/nono-test-%d" % os.getpid(), "x").close()
os.unlink("/tmp/nono-test-%d" % os.getpid())
os.rename("daemon.txt", "answer.txt")
