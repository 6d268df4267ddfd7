"""Profiles: their files, what they become, and what is kept in them."""
