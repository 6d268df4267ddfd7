"""The program that is run: where it is installed, what it needs."""
