"""Thin modules over kernel interfaces, without policy."""
