import os, signal
def say(text):
    os.write(1, text.encode() + b"\n")
# A signal that came just before a pause(2) would be told after the next one.
heard, wakeup = os.pipe()
os.set_blocking(wakeup, False)
signal.set_wakeup_fd(wakeup)
for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH", "CONT"):
    number = getattr(signal, "SIG" + name)
    signal.signal(number, lambda number, _: say("got " + signal.Signals(number).name))
say(f"ready {os.getpid()}.")
while True:
    os.read(heard, 64)
