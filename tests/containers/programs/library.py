import os, stat, tempfile, threading, time
from nono.supervisor import Options, make_plan, run

os.umask(0o27)
os.mkdir("closed")
plan = make_plan(Options(allow_cwd=True, deny=["closed"]), ["/usr/bin/python3"])
ran = []

def host():
    """Makes files all the while: none gets the umask of the program inside."""
    while not ran:
        with tempfile.TemporaryDirectory(dir=".") as place:
            os.close(os.open(place + "/file", os.O_CREAT | os.O_WRONLY, 0o666))
            found.add(oct(stat.S_IMODE(os.stat(place + "/file").st_mode)))
        time.sleep(0.001)

found = set()
other = threading.Thread(target=host)
other.start()
program = "import os\nos.umask(7)\nfor i in range(30): os.close(os.open(f'made{i}', os.O_CREAT, 0o666))"
done = run(["/usr/bin/python3", "-c", program], plan, capture_output=True)
ran.append(done)
other.join()
print(oct(stat.S_IMODE(os.stat("made29").st_mode)), *found, done.returncode)
