"""The calls that are answered without a handler, in Python and in C."""
