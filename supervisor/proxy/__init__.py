"""nono's proxy: the one way out where a program is held to one port, on any platform."""
