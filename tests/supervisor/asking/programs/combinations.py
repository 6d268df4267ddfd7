import os
import sys

place = sys.argv[1] + "/many"
with open(f"{place}/new.tmp", "w") as file:
    file.write("x")
os.rename(f"{place}/new.tmp", f"{place}/0")
os.mkdir(f"{place}/sub")
os.rmdir(f"{place}/sub")
os.chmod(f"{place}/1", 0o600)
os.symlink("1", f"{place}/link")
os.unlink(f"{place}/link")
os.truncate(f"{place}/2", 0)
os.mkfifo(f"{place}/fifo")
os.unlink(f"{place}/fifo")
print(os.umask(0o077) and oct(os.stat(f"{place}/0").st_mode))
