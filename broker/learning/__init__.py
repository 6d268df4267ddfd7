"""From what a program was seen to do to a profile."""
