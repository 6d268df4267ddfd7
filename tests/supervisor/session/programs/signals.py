import os, signal
def say(text):
    os.write(1, text.encode() + b"\n")
for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH", "CONT"):
    number = getattr(signal, "SIG" + name)
    signal.signal(number, lambda number, _: say("got " + signal.Signals(number).name))
say(f"ready {os.getpid()}.")
while True:
    signal.pause()
