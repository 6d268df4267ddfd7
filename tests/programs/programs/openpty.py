import os, re, stat, subprocess, sys, termios, tty
if os.getsid(0) == os.getpid():  # the terminal would become its own, and hang it up
    if os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
leader, follower = os.openpty()
name = os.ttyname(follower)
print(re.sub(r"\d+", "N", name), stat.filemode(os.stat(name).st_mode), os.isatty(follower))
with open(name, "r+b", buffering=0) as again:
    os.write(leader, b"typed\n"); print(again.read(100), os.read(leader, 100))
tty.setraw(follower)
attributes = termios.tcgetattr(follower)
termios.tcsetwinsize(follower, (20, 50)); print(termios.tcgetwinsize(leader))
os.chmod(name, 0o600); os.utime(name)
done = subprocess.run(["stty", "size"], stdin=follower, capture_output=True); print(done.stdout)
os.write(follower, b"raw\n"); print(os.read(leader, 100))
with open(name, "wb", buffering=0) as again, open(f"/dev/fd/{follower}", "wb") as by_fd:
    again.write(b"by name"); print(os.read(leader, 100))
os.close(follower); os.close(leader)
