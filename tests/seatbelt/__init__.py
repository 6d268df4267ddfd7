"""Seatbelt without a Mac: what the profiles that we write mean, by each reading of the language."""
