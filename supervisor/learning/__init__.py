"""Watching a program to learn what it needs."""
