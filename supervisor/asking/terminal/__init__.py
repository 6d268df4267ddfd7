"""This terminal: the program has one of its own, and a person is asked on theirs."""
