"""Handlers for files: opening, changing, locking, watching, executing."""
