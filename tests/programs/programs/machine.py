import os
for name in ("cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems",
             "sys/kernel/osrelease", "sys/kernel/hostname", "sys/kernel/pid_max",
             "sys/vm/overcommit_memory", "sys/kernel/random/boot_id", "sys/fs/nr_open"):
    with open("/proc/" + name) as file:
        text = file.read()
    # What changes by the second is only counted.
    print(name, len(text.split("\n")) if name in ("cpuinfo", "meminfo", "stat", "loadavg", "uptime") else text)
print(os.cpu_count(), len(os.sched_getaffinity(0)), os.sysconf("SC_PHYS_PAGES"))
print(open("/sys/devices/system/cpu/online").read(), sorted(os.listdir("/sys/devices/system/node")))
print(str(os.getpid()) in os.listdir("/proc"))
for device in ("null", "zero", "full", "random", "urandom"):
    with open("/dev/" + device, "rb") as file: print(device, len(file.read(3)))
with open("/dev/null", "w") as file: print(file.write("gone"))
try:
    with open("/dev/full", "w") as file: file.write("x")
except OSError as error: print(error.strerror)
for name in ("kernel/tainted", "kernel/version", "fs/aio-max-nr", "net/core/rmem_max", "net/ipv4/tcp_rmem",
             "net/ipv6/conf/lo/disable_ipv6", "vm/swappiness", "fs/inotify/max_user_watches"):
    with open("/proc/sys/" + name) as file: print(name, file.read())
for name in ("snmp", "netstat", "sockstat", "protocols", "dev"):
    with open("/proc/net/" + name) as file: print(name, len(file.read().splitlines()))
print(sorted(os.listdir("/sys/class/net")), os.path.exists("/proc/pressure") and os.listdir("/proc/pressure"))
with open("/sys/class/net/lo/mtu") as file: print(file.read())
print(sorted(os.listdir("/sys/block")))
