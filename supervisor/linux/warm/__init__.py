"""`nono warm`: a process that has everything loaded, and becomes the nono of each run by a fork."""
