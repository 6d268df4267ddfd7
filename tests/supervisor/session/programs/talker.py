import os, signal, sys
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
say("working")
for line in sys.stdin:
    say("line " + line.strip())
    if line.strip() == "end":
        sys.exit(7)
