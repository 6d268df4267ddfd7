"""A directory's own settings, and the files in it that start programs."""
