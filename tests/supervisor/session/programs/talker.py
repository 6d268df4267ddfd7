import os, select, signal, sys
def say(text):
    os.write(1, text.encode() + b"\n")
signal.signal(signal.SIGCONT, lambda *_: say("continued"))
signal.signal(signal.SIGWINCH, lambda *_: say(f"size {os.get_terminal_size(0).columns}"))
signal.signal(signal.SIGQUIT, lambda *_: say("quit"))
count = 0
def interrupted(*_):
    global count
    count += 1
    say(f"interrupt {count}")
signal.signal(signal.SIGINT, interrupted)
if "stop" in sys.argv:
    say("stopping")
    signal.raise_signal(signal.SIGTSTP)
# A signal that came just before a read(2) would be told after the next line.
heard, wakeup = os.pipe()
os.set_blocking(wakeup, False)
signal.set_wakeup_fd(wakeup)
def lines():
    while True:
        # Who is in the background is stopped by the reading, and not by the waiting.
        is_behind = os.tcgetpgrp(0) != os.getpgrp()
        ready = [0] if is_behind else select.select([0, heard], [], [])[0]
        if heard in ready:
            os.read(heard, 64)
        if 0 in ready:
            yield os.read(0, 4096).decode()
say("working")
for line in lines():
    say("line " + line.strip())
    if line.strip() == "end":
        sys.exit(7)
