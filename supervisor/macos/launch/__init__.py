"""From a process of nono's to a program in its sandbox, and to the end of all that it started."""
