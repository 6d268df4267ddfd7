"""What nono costs, beside native and other sandboxes: for `nono bench`, and for who works on it."""
