import os, signal, time
names = {getattr(signal, name): name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT",
         "SIGUSR1", "SIGUSR2", "SIGWINCH")}
seen = []
for number in names:
    signal.signal(number, lambda number, _: seen.append(names[number]))
open("ready", "w").close()
while len(seen) < 7:
    time.sleep(0.01)
time.sleep(0.2)  # for a second copy of one of them
open("seen", "w").write(" ".join(seen))
