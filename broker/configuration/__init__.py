"""Configuration of pip, npm, git and their like: what it names, and its credentials."""
