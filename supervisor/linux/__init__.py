"""Linux: the kernel's floor, the processes of a sandbox, and their calls."""
