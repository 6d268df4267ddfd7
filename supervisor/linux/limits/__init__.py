"""What holds a sandbox to its limits: control groups, limits of a process."""
